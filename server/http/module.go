package http

import (
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http/script"
)

// The instances of package script for requests.
type (
	// Variable is a named value of a request.
	Variable = script.Variable[*Request]
	// PrefixVariable makes the variables of a prefix.
	PrefixVariable = script.Prefix[*Request]
	// Complex is text with variables, compiled.
	Complex = script.Complex[*Request]
	// Variables is the table of all variables.
	Variables = script.Table[*Request]
)

// Module is a room of directives and of what they do.
type Module struct {
	Name       string
	Directives []cycle.Directive
	// Variables are defined before the configuration is read.
	Variables []Variable
	Prefixes  []PrefixVariable
	// Init runs once the configuration of http is read and merged
	// (postconfiguration in nginx).
	Init func(c *cycle.Conf, m *Main) error
	// Start runs in each process that serves.
	Start func(w *cycle.Work, m *Main) error
}

var modules []*Module

// Register adds a module; called from init functions.
func Register(m *Module) {
	modules = append(modules, m)
	cycle.Register(m.Name, m.Directives)
}

// level is one kind of settings of one module.
type level struct {
	create func() any
	init   func(c *cycle.Conf, own any) error
	merge  func(c *cycle.Conf, outer, own any) error
}

var mainLevels, serverLevels, locationLevels []level

// MainKey finds the settings of type T of the http block.
type MainKey[T any] struct{ i int }

// NewMain registers settings of the http block. init, which may be nil, sets
// defaults once the block is read.
func NewMain[T any](create func() *T, init func(c *cycle.Conf, own *T) error) MainKey[T] {
	l := level{create: func() any { return create() }}
	if init != nil {
		l.init = func(c *cycle.Conf, own any) error { return init(c, own.(*T)) }
	}
	mainLevels = append(mainLevels, l)
	return MainKey[T]{len(mainLevels) - 1}
}

// At finds the settings for the directive that is being set.
func (k MainKey[T]) At(c *cycle.Conf) *T { return scope(c).Main.confs[k.i].(*T) }

// Of finds the settings that hold for a request.
func (k MainKey[T]) Of(r *Request) *T { return r.conn.main.confs[k.i].(*T) }

// In finds the settings in an http block.
func (k MainKey[T]) In(m *Main) *T { return m.confs[k.i].(*T) }

// ServerKey finds the settings of type T of a server.
type ServerKey[T any] struct{ i int }

// NewServer registers settings of servers. merge takes what own does not set
// from outer, the settings in the http block.
func NewServer[T any](create func() *T, merge func(c *cycle.Conf, outer, own *T) error) ServerKey[T] {
	serverLevels = append(serverLevels, level{
		create: func() any { return create() },
		merge:  func(c *cycle.Conf, outer, own any) error { return merge(c, outer.(*T), own.(*T)) },
	})
	return ServerKey[T]{len(serverLevels) - 1}
}

// At finds the settings for the directive that is being set.
func (k ServerKey[T]) At(c *cycle.Conf) *T { return scope(c).Server.confs[k.i].(*T) }

// Of finds the settings that hold for a request.
func (k ServerKey[T]) Of(r *Request) *T { return r.server.confs[k.i].(*T) }

// In finds the settings of a server.
func (k ServerKey[T]) In(s *Server) *T { return s.confs[k.i].(*T) }

// LocationKey finds the settings of type T of a location.
type LocationKey[T any] struct{ i int }

// NewLocation registers settings of locations. merge takes what own does not set
// from outer, the settings of the level around it.
func NewLocation[T any](create func() *T, merge func(c *cycle.Conf, outer, own *T) error) LocationKey[T] {
	locationLevels = append(locationLevels, level{
		create: func() any { return create() },
		merge:  func(c *cycle.Conf, outer, own any) error { return merge(c, outer.(*T), own.(*T)) },
	})
	return LocationKey[T]{len(locationLevels) - 1}
}

// At finds the settings for the directive that is being set.
func (k LocationKey[T]) At(c *cycle.Conf) *T { return scope(c).Location.confs[k.i].(*T) }

// Of finds the settings that hold for a request.
func (k LocationKey[T]) Of(r *Request) *T { return r.loc.confs[k.i].(*T) }

// In finds the settings of a location.
func (k LocationKey[T]) In(l *Location) *T { return l.confs[k.i].(*T) }

// ContextKey finds what a module keeps of type T for a request (ngx_http_get_module_ctx).
type ContextKey[T any] struct{ i int }

var contexts int

// NewContext registers a module's per-request state.
func NewContext[T any]() ContextKey[T] {
	contexts++
	return ContextKey[T]{contexts - 1}
}

// Of returns the module's state for the request, nil when none was set. An
// internal redirect clears it.
func (k ContextKey[T]) Of(r *Request) *T {
	if k.i >= len(r.ctx) || r.ctx[k.i] == nil {
		return nil
	}
	return r.ctx[k.i].(*T)
}

// Set stores the module's state.
func (k ContextKey[T]) Set(r *Request, v *T) {
	if r.ctx == nil {
		r.ctx = make([]any, contexts)
	}
	if v == nil {
		r.ctx[k.i] = nil
		return
	}
	r.ctx[k.i] = v
}

// Scope is cycle.Conf.Scope inside of the http block.
type Scope struct {
	Main     *Main
	Server   *Server   // nil in http itself, but for settings
	Location *Location // in server: the server's own level
	Upstream any       // in upstream
}

func scope(c *cycle.Conf) *Scope { return c.Scope.(*Scope) }

// ScopeOf is the scope of the directive that is being set.
func ScopeOf(c *cycle.Conf) *Scope { return scope(c) }

// CompileComplex compiles a complex value; an error is one at the directive.
func CompileComplex(c *cycle.Conf, s string) (*Complex, error) {
	v, err := scope(c).Main.Vars.Compile(s)
	if err != nil {
		return nil, c.Errorf("%s", err)
	}
	return v, nil
}

// SetComplex reads a value with variables.
func SetComplex[T any](p cycle.Place[T], field func(*T) *cycle.Opt[*Complex]) cycle.Setter {
	return func(c *cycle.Conf) error {
		o := field(p.At(c))
		if o.Set {
			return c.Wrong("is duplicate")
		}
		v, err := CompileComplex(c, c.Arg(0))
		if err != nil {
			return err
		}
		o.Put(v)
		return nil
	}
}
