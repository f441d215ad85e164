package handler

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
)

// Handler is an entry of the table: a function under a name, in the form in
// which the server calls it. Libraries use Sync, Async and the others; Register
// is for those that bring handlers of another language.
type Handler struct {
	Name string
	Kind Kind
	// MinArgs and MaxArgs say how many arguments a synchronous handler takes;
	// MaxArgs -1 is any number. The other kinds take one.
	MinArgs, MaxArgs int
	// WantsRequest says that the handler is given a Request.
	WantsRequest bool
	// Held handlers run in the event loop, on a task of their own, though they
	// are asynchronous: those of languages whose state needs no locks.
	Held bool
	// Place is where the handler was registered, FILE:LINE.
	Place string
	// Owner is what Forget knows the handler by, such as the path of a library in
	// another language.
	Owner string

	// One of the following is set, as Kind says.
	RunSync    func(r *Request, args [][]byte) (Value, error)
	RunAsync   func(ctx context.Context, r *Request, body *Body, arg []byte) ([]byte, error)
	RunContent func(ctx context.Context, r *Request, body *Body, arg []byte) (Response, error)
	RunService func(ctx context.Context, arg []byte, firstRun bool) ([]byte, error)
	RunHook    func(arg []byte) ([]byte, error)
}

// Value is the result of a synchronous handler: bytes, or text where Bytes is
// nil.
type Value struct {
	Bytes []byte
	Text  string
}

// Table holds named handlers, initialisation hooks and libraries by name. It
// may be used by several goroutines.
type Table struct {
	mu        sync.RWMutex
	handlers  map[string]*Handler
	libraries map[string]*library
	inits     []InitHook
	errors    []error
}

// InitHook is a function given to Init, and where.
type InitHook struct {
	Place string
	Owner string // as Handler's
	Run   func(args []string) error
}

type library struct {
	place    string
	register func()
	loaded   bool
}

// The Default table is the one that Sync and its kin fill and the server uses.
var Default = NewTable()

// NewTable returns an empty table.
func NewTable() *Table {
	return &Table{handlers: map[string]*Handler{}, libraries: map[string]*library{}}
}

// Register adds a handler. A name that is taken is an error, which Errors keeps.
func (t *Table) Register(h Handler) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if old := t.handlers[h.Name]; old != nil {
		err := fmt.Errorf("handler %q is exported twice: at %s and at %s", h.Name, old.Place, h.Place)
		t.errors = append(t.errors, err)
		return err
	}
	t.handlers[h.Name] = &h
	return nil
}

// Forget takes the handlers and the initialisation hooks of an owner out of the
// table: a loader calls it before the process reads its configuration anew.
// Those who have looked a handler up keep it.
func (t *Table) Forget(owner string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name, h := range t.handlers {
		if h.Owner == owner {
			delete(t.handlers, name)
		}
	}
	t.inits = slices.DeleteFunc(t.inits, func(h InitHook) bool { return h.Owner == owner })
}

// Lookup returns the handler of that name, nil when there is none.
func (t *Table) Lookup(name string) *Handler {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.handlers[name]
}

// Names lists all handlers, sorted.
func (t *Table) Names() []string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	names := make([]string, 0, len(t.handlers))
	for n := range t.handlers {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Errors are the registrations that failed so far.
func (t *Table) Errors() []error {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return slices.Clone(t.errors)
}

// Inits are the initialisation hooks, in the order of their registration.
func (t *Table) Inits() []InitHook {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return slices.Clone(t.inits)
}

// Load registers the handlers of the library of that name, once. It returns
// false when there is no such library.
func (t *Table) Load(name string) bool {
	t.mu.Lock()
	l := t.libraries[name]
	if l == nil || l.loaded {
		t.mu.Unlock()
		return l != nil
	}
	l.loaded = true
	t.mu.Unlock()
	l.register()
	return true
}

// Libraries lists the libraries that Load knows, sorted.
func (t *Table) Libraries() []string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	names := make([]string, 0, len(t.libraries))
	for n := range t.libraries {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Library gives a set of handlers a name by which the configuration loads it:
// `handler load NAME;`. Register is called then, and registers the handlers, so
// that the names of libraries that are linked but not loaded stay free.
func Library(name string, register func()) {
	t := Default
	t.mu.Lock()
	defer t.mu.Unlock()
	here := place(2)
	if old := t.libraries[name]; old != nil {
		t.errors = append(t.errors, fmt.Errorf("library %q is exported twice: at %s and at %s", name, old.place, here))
		return
	}
	t.libraries[name] = &library{place: here, register: register}
}

// Init adds a function that every worker runs before it serves, in the order of
// registration, with the words of `handler program_options`. An error ends the
// worker, and a reload with it: the old workers stay. Files that
// `--sysread:NAME PATH` named are read with the master's rights: PATH is
// replaced by the contents, which are wiped when the hooks have returned.
func Init(f func(args []string) error) {
	Default.AddInit(InitHook{Place: place(2), Run: f})
}

// AddInit adds an initialisation hook; Init is the usual way.
func (t *Table) AddInit(h InitHook) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.inits = append(t.inits, h)
}

// add registers a handler at the place of the caller of the exported function.
func add(h Handler) {
	h.Place = place(3)
	Default.Register(h)
}

// place is the caller that is skip frames above, as FILE:LINE.
func place(skip int) string {
	_, file, line, ok := runtime.Caller(skip)
	if !ok {
		return "an unknown place"
	}
	return fmt.Sprintf("%s:%d", file, line)
}

// Loader brings the handlers of a library in another language into the table.
type Loader func(path string, source []byte) error

var loaders = struct {
	sync.RWMutex
	m map[string]Loader
}{m: map[string]Loader{}}

// RegisterLoader has f load libraries whose names end in ext, such as ".lua";
// the module of the language calls it from an init function.
func RegisterLoader(ext string, f Loader) {
	loaders.Lock()
	defer loaders.Unlock()
	loaders.m[ext] = f
}

// LoaderOf is the loader of libraries with that extension, nil for none.
func LoaderOf(ext string) Loader {
	loaders.RLock()
	defer loaders.RUnlock()
	return loaders.m[ext]
}
