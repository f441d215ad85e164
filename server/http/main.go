package http

import (
	"fmt"
	"sort"
	"strings"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http/script"
	"github.com/perigee-server/perigee/server/log"
)

// Main is the http block.
type Main struct {
	Cycle   *cycle.Cycle
	Vars    *Variables
	Servers []*Server

	confs     []any
	server    *Server   // the settings of servers that stand in http
	location  *Location // those of locations
	addresses []*address
	phases    []PhaseHandler
	headers   []headerFilter
	bodies    []bodyFilter
	sent      []headSent
	work      *work
}

// Server is a server block.
type Server struct {
	Names []ServerName
	// Root is the level of settings of the server itself, outside of its
	// locations.
	Root *Location

	confs   []any
	core    *coreServer
	named   map[string]*Location
	listens bool
	// handshaker takes part in TLS handshakes; see SetHandshaker.
	handshaker Handshaker
	file       string
	line       int
}

// Location is a location block, the part of a server outside of locations, an
// `if` block or limit_except.
type Location struct {
	Name  string
	Kind  LocationKind
	Regex *Regex
	// Server is the server the location belongs to.
	Server *Server
	// Handler serves requests of the location (r->content_handler), nil where
	// the content phase decides.
	Handler ContentHandler
	// AutoRedirect answers a request for the name without its final slash with a
	// redirect, as proxy_pass does.
	AutoRedirect bool
	// Nameless marks an `if` block or limit_except.
	Nameless bool

	confs []any
	core  *coreLocation

	outer    *Location
	children []*Location
	tree     prefixes
	regexes  []*Location

	phases  [phaseCount][]PhaseFunc
	headers []HeaderFilter
	sent    []func(r *Request)
	early   []BodyFilter // before the place where subrequests join
	late    []BodyFilter // behind it
	limits  *Location    // the level inside limit_except
	except  uint32       // methods that limit_except lets alone
}

// LocationKind is the modifier of a location.
type LocationKind uint8

// The kinds of locations.
const (
	Prefix    LocationKind = iota // location /x
	NoRegex                       // location ^~ /x
	Exact                         // location = /x
	Regular                       // location ~ x
	RegularCI                     // location ~* x
	Named                         // location @x
)

// ContentHandler makes the response.
type ContentHandler func(r *Request) Status

func newMain(c *cycle.Cycle) *Main {
	m := &Main{Cycle: c, Vars: script.NewTable[*Request]()}
	for _, l := range mainLevels {
		m.confs = append(m.confs, l.create())
	}
	m.server = newServer()
	m.location = newLocation()
	m.server.Root = m.location
	return m
}

func newServer() *Server {
	s := &Server{named: map[string]*Location{}}
	for _, l := range serverLevels {
		s.confs = append(s.confs, l.create())
	}
	s.core = coreServers.In(s)
	return s
}

func newLocation() *Location {
	l := &Location{}
	for _, lv := range locationLevels {
		l.confs = append(l.confs, lv.create())
	}
	l.core = coreLocations.In(l)
	return l
}

func init() {
	cycle.Register("http", []cycle.Directive{
		{Name: "http", In: cycle.Main, Args: "0 block", Set: setHTTP, Doc: "The block of the HTTP server."},
		{Name: "stream", In: cycle.Main, Args: "0 block", Set: refuse("stream"), Doc: "Refused: there is no stream subsystem."},
		{Name: "mail", In: cycle.Main, Args: "0 block", Set: refuse("mail"), Doc: "Refused: there is no mail subsystem."},
	})
	cycle.RegisterProtocol(cycle.Protocol{Name: "http", Start: start})
}

func refuse(name string) cycle.Setter {
	return func(c *cycle.Conf) error {
		return c.Errorf("the %q subsystem is not supported by this server", name)
	}
}

// setHTTP reads and applies the http block.
func setHTTP(c *cycle.Conf) error {
	if c.Cycle.Protocol("http") != nil {
		return c.Wrong("is duplicate")
	}
	m := newMain(c.Cycle)
	c.Cycle.SetProtocol("http", m)
	for _, mod := range modules {
		for _, v := range mod.Variables {
			if _, err := m.Vars.Add(v); err != nil {
				return c.Errorf("%s", err)
			}
		}
		for _, p := range mod.Prefixes {
			m.Vars.AddPrefix(p)
		}
	}
	sc := &Scope{Main: m, Server: m.server, Location: m.location}
	if err := c.Block(cycle.HTTP, sc); err != nil {
		return err
	}
	c.Scope = sc
	return m.finish(c)
}

// finish merges levels, initialises modules and compiles locations.
func (m *Main) finish(c *cycle.Conf) error {
	for i, l := range mainLevels {
		if l.init != nil {
			if err := l.init(c, m.confs[i]); err != nil {
				return err
			}
		}
	}
	for i, l := range serverLevels { // the defaults of servers' settings
		if err := l.merge(c, l.create(), m.server.confs[i]); err != nil {
			return err
		}
	}
	for i, l := range locationLevels {
		if err := l.merge(c, l.create(), m.location.confs[i]); err != nil {
			return err
		}
	}
	for _, s := range m.Servers {
		if err := m.mergeServer(c, s); err != nil {
			return err
		}
	}
	for _, mod := range modules {
		if mod.Init != nil {
			if err := mod.Init(c, m); err != nil {
				return err
			}
		}
	}
	m.compileAll()
	if err := m.Vars.Finish(); err != nil {
		return fmt.Errorf("%w", err)
	}
	if err := declareStats(c); err != nil {
		return err
	}
	return m.listen(c)
}

func (m *Main) mergeServer(c *cycle.Conf, s *Server) error {
	sc := &Scope{Main: m, Server: s, Location: s.Root}
	c.Scope = sc
	for i, l := range serverLevels {
		if err := l.merge(c, m.server.confs[i], s.confs[i]); err != nil {
			return err
		}
	}
	return m.mergeLocation(c, m.location, s.Root)
}

func (m *Main) mergeLocation(c *cycle.Conf, outer, own *Location) error {
	c.Scope = &Scope{Main: m, Server: own.Server, Location: own}
	for i, l := range locationLevels {
		if err := l.merge(c, outer.confs[i], own.confs[i]); err != nil {
			return err
		}
	}
	for _, child := range own.children {
		if err := m.mergeLocation(c, own, child); err != nil {
			return err
		}
	}
	return nil
}

// compileAll gives every location its flat slices and search trees.
func (m *Main) compileAll() {
	sort.SliceStable(m.phases, func(i, j int) bool { return m.phases[i].Order < m.phases[j].Order })
	sort.SliceStable(m.headers, func(i, j int) bool { return m.headers[i].order < m.headers[j].order })
	sort.SliceStable(m.bodies, func(i, j int) bool { return m.bodies[i].order < m.bodies[j].order })
	for _, s := range m.Servers {
		m.compile(s.Root)
	}
}

func (m *Main) compile(l *Location) {
	for i := range m.phases {
		p := &m.phases[i]
		if p.Applies == nil || p.Applies(l) {
			l.phases[p.Phase] = append(l.phases[p.Phase], p.Run)
		}
	}
	for i := range m.headers {
		if f := &m.headers[i]; f.applies == nil || f.applies(l) {
			l.headers = append(l.headers, f.run)
		}
	}
	for i := range m.bodies {
		f := &m.bodies[i]
		switch {
		case f.applies != nil && !f.applies(l):
		case f.order < OrderPostpone:
			l.early = append(l.early, f.run)
		default:
			l.late = append(l.late, f.run)
		}
	}
	for i := range m.sent {
		if h := &m.sent[i]; h.applies == nil || h.applies(l) {
			l.sent = append(l.sent, h.run)
		}
	}
	l.index()
	for _, child := range l.children {
		m.compile(child)
	}
}

// Each calls f for every level of settings that requests can have.
func (m *Main) Each(f func(l *Location)) {
	var walk func(l *Location)
	walk = func(l *Location) {
		f(l)
		for _, child := range l.children {
			walk(child)
		}
	}
	for _, s := range m.Servers {
		walk(s.Root)
	}
}

// setServer reads a server block.
func setServer(c *cycle.Conf) error {
	m := scope(c).Main
	s := newServer()
	s.file, s.line = c.Dir.File, c.Dir.Line
	s.Root = newLocation()
	s.Root.Server = s
	m.Servers = append(m.Servers, s)
	dir := c.Dir
	if err := c.Block(cycle.HTTPServer, &Scope{Main: m, Server: s, Location: s.Root}); err != nil {
		return err
	}
	if !s.listens {
		c.Dir = dir
		if err := addListen(c, m, s, defaultListen(), listenOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// setLocation reads a location block.
func setLocation(c *cycle.Conf) error {
	sc := scope(c)
	l := newLocation()
	l.Server = sc.Server
	if err := nameLocation(c, l); err != nil {
		return err
	}
	outer := sc.Location
	if c.In == cycle.HTTPLocation {
		if err := checkNesting(c, outer, l); err != nil {
			return err
		}
	}
	if l.Kind == Named {
		if sc.Server.named[l.Name] != nil {
			return c.Errorf("duplicate location %q", l.Name)
		}
		sc.Server.named[l.Name] = l
	}
	if l.Kind == Exact || l.Kind == Prefix || l.Kind == NoRegex {
		for _, o := range outer.children {
			same := (o.Kind == Exact) == (l.Kind == Exact) && (o.Kind == Exact || o.Kind == Prefix || o.Kind == NoRegex)
			if same && o.Name == l.Name && !o.Nameless {
				return c.Errorf("duplicate location %q", l.Name)
			}
		}
	}
	l.outer = outer
	outer.children = append(outer.children, l)
	return c.Block(cycle.HTTPLocation, &Scope{Main: sc.Main, Server: sc.Server, Location: l})
}

func nameLocation(c *cycle.Conf, l *Location) error {
	args := c.Args()
	if len(args) == 2 {
		switch args[0] {
		case "=":
			l.Kind, l.Name = Exact, args[1]
		case "^~":
			l.Kind, l.Name = NoRegex, args[1]
		case "~":
			return l.setRegex(c, args[1], Regular)
		case "~*":
			return l.setRegex(c, args[1], RegularCI)
		default:
			return c.Errorf("invalid location modifier %q", args[0])
		}
		return nil
	}
	name := args[0]
	switch {
	case strings.HasPrefix(name, "="):
		l.Kind, l.Name = Exact, name[1:]
	case strings.HasPrefix(name, "^~"):
		l.Kind, l.Name = NoRegex, name[2:]
	case strings.HasPrefix(name, "~*"):
		return l.setRegex(c, name[2:], RegularCI)
	case strings.HasPrefix(name, "~"):
		return l.setRegex(c, name[1:], Regular)
	case strings.HasPrefix(name, "@"):
		l.Kind, l.Name = Named, name
	default:
		l.Name = name
	}
	return nil
}

func (l *Location) setRegex(c *cycle.Conf, pattern string, kind LocationKind) error {
	l.Kind, l.Name = kind, pattern
	rx, err := CompileRegex(c, pattern, kind == RegularCI)
	l.Regex = rx
	return err
}

func checkNesting(c *cycle.Conf, outer, l *Location) error {
	switch {
	case outer.Kind == Exact:
		return c.Errorf("location %q cannot be inside the exact location %q", l.Name, outer.Name)
	case outer.Kind == Named:
		return c.Errorf("location %q cannot be inside the named location %q", l.Name, outer.Name)
	case l.Kind == Named:
		return c.Errorf("named location %q can be on the server level only", l.Name)
	case l.Regex == nil && outer.Regex == nil && !strings.HasPrefix(l.Name, outer.Name):
		return c.Errorf("location %q is outside location %q", l.Name, outer.Name)
	}
	return nil
}

// NewNested makes the level of an `if` block inside the present level; it gets
// the settings that stand in it.
func NewNested(c *cycle.Conf) *Location {
	sc := scope(c)
	l := newLocation()
	l.Name = sc.Location.Name
	l.Nameless = true
	l.Server = sc.Server
	l.outer = sc.Location
	l.Handler = nil
	sc.Location.children = append(sc.Location.children, l)
	return l
}

// Inner is the scope for directives inside a level made by NewNested.
func Inner(c *cycle.Conf, l *Location) *Scope {
	sc := scope(c)
	return &Scope{Main: sc.Main, Server: sc.Server, Location: l}
}

// Log is the logger of the http block outside of requests.
func (m *Main) Log() *log.Logger { return m.Cycle.Log }
