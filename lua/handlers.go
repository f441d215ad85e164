package lua

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"

	"github.com/perigee-server/perigee/lua/api"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/handler"
	"github.com/perigee-server/perigee/server/http"
)

func init() {
	handler.RegisterLoader(".lua", func(path string, source []byte) error { return latest.load(path, source) })
}

// libraries are the handler libraries in Lua of one configuration. The init
// process runs them once in a VM for the purpose, to learn what they register;
// each worker runs them in its own VM.
type libraries struct {
	cycle *cycle.Cycle
	main  *http.Main
	list  []library
	// found is what each library registers, by path; workers get it from the init
	// process.
	found map[string][]api.HandlerEntry
}

type library struct {
	path   string
	source []byte
}

// latest are the libraries of the configuration that was read last. Loading
// follows reading at once, and neither runs beside another.
var latest *libraries

// foundName is under what the snapshot has libraries.found.
const foundName = "lua handlers"

// newLibraries makes the libraries of a configuration the ones that the loader
// adds to. What former ones have registered in this process is forgotten; their
// worker knows its handlers already.
func newLibraries(c *cycle.Cycle, m *http.Main) *libraries {
	if latest != nil {
		for _, l := range latest.list {
			handler.Default.Forget(l.path)
		}
	}
	latest = &libraries{cycle: c, main: m, found: map[string][]api.HandlerEntry{}}
	return latest
}

// keep gives workers what the init process has found.
func (l *libraries) keep() error {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(l.found); err != nil {
		return err
	}
	s := l.cycle.Snapshot
	if s.Init == nil {
		s.Init = map[string][]byte{}
	}
	s.Init[foundName] = b.Bytes()
	return nil
}

// load registers the handlers of a library.
func (l *libraries) load(path string, source []byte) error {
	if l == nil || l.main == nil {
		return errors.New("there is no http block")
	}
	for _, known := range l.list {
		if known.path == path {
			return nil
		}
	}
	found, err := l.look(path, source)
	if err != nil {
		return err
	}
	api.Mains.In(l.main).Used = true
	inits := l.inits()
	l.list = append(l.list, library{path, source})
	for _, h := range found {
		if h.Kind != 0 {
			if err := handler.Default.Register(l.handler(path, h)); err != nil {
				return err
			}
			continue
		}
		n := inits
		inits++
		handler.Default.AddInit(handler.InitHook{Place: h.Place, Owner: path, Run: func(args []string) error { return l.runInit(n, args) }})
	}
	return nil
}

// inits is how many initialisation hooks the libraries have.
func (l *libraries) inits() (n int) {
	for _, x := range l.list {
		for _, h := range l.found[x.path] {
			if h.Kind == 0 {
				n++
			}
		}
	}
	return n
}

// look finds out what a library registers.
func (l *libraries) look(path string, source []byte) ([]api.HandlerEntry, error) {
	if data := l.cycle.Snapshot.Init[foundName]; l.cycle.Role == cycle.Worker && len(data) > 0 {
		if len(l.found) == 0 {
			if err := gob.NewDecoder(bytes.NewReader(data)).Decode(&l.found); err != nil {
				return nil, err
			}
		}
		return l.found[path], nil
	}
	loop, err := event.New()
	if err != nil {
		return nil, err
	}
	defer loop.Close()
	e := api.NewEngine(&cycle.Work{Cycle: l.cycle, Loop: loop}, l.main)
	var found []api.HandlerEntry
	loop.Do(func() { found, err = e.LoadHandlers(path, source) })
	if err != nil {
		return nil, err
	}
	l.found[path] = found
	return found, l.keep()
}

// handler is an entry of the table for a handler in Lua.
func (l *libraries) handler(path string, h api.HandlerEntry) handler.Handler {
	name := h.Name
	x := handler.Handler{Name: name, Kind: h.Kind, MinArgs: h.MinArgs, MaxArgs: h.MaxArgs, WantsRequest: true, Held: true, Place: h.Place, Owner: path}
	switch h.Kind {
	case handler.KindSync:
		x.RunSync = func(r *handler.Request, args [][]byte) (handler.Value, error) {
			v, err := l.engine().RunSync(name, r, args)
			return v, panicking(err)
		}
	case handler.KindAsync, handler.KindAsyncOnBody:
		x.RunAsync = func(ctx context.Context, r *handler.Request, body *handler.Body, arg []byte) ([]byte, error) {
			b, err := l.engine().RunAsync(ctx, name, r, body, arg)
			return b, panicking(err)
		}
	case handler.KindContent:
		x.RunContent = func(_ context.Context, r *handler.Request, _ *handler.Body, arg []byte) (handler.Response, error) {
			resp, err := l.engine().RunContent(name, r, arg)
			return resp, panicking(err)
		}
	case handler.KindAsyncContent, handler.KindAsyncContentOnBody:
		x.RunContent = func(ctx context.Context, r *handler.Request, body *handler.Body, arg []byte) (handler.Response, error) {
			resp, err := l.engine().RunAsyncContent(ctx, name, r, body, arg)
			return resp, panicking(err)
		}
	case handler.KindService:
		x.WantsRequest = false
		x.RunService = func(ctx context.Context, arg []byte, firstRun bool) ([]byte, error) {
			b, err := l.engine().RunService(ctx, name, arg, firstRun)
			return b, panicking(err)
		}
	case handler.KindHook:
		x.WantsRequest = false
		x.RunHook = func(arg []byte) (b []byte, err error) {
			if failed := l.run(func(e *api.Engine) { b, err = e.RunHook(name, arg) }); failed != nil {
				return nil, failed
			}
			return b, panicking(err)
		}
	}
	return x
}

// panicking is what the server takes for a panic where nothing has caught an
// error of Lua; other errors are returned.
func panicking(err error) error {
	var u *handler.Uncaught
	if errors.As(err, &u) {
		panic(u)
	}
	return err
}

// engine is the worker's VM.
func (l *libraries) engine() *api.Engine { return engines.In(l.main).e }

func (l *libraries) runInit(n int, args []string) (err error) {
	if failed := l.run(func(e *api.Engine) { err = e.RunHandlerInit(n, args) }); failed != nil {
		return failed
	}
	return panicking(err)
}

// run calls f with the worker's VM, which it makes when it is the first one to
// want it: initialisation hooks and the replay of service hooks come before the
// start of this module.
func (l *libraries) run(f func(e *api.Engine)) error {
	o := engines.In(l.main)
	if o.started {
		f(o.e)
		return nil
	}
	if err := o.make(l.main.Work(), l.main); err != nil {
		return err
	}
	o.e.Loop.Do(func() { f(o.e) })
	return nil
}

// install runs the libraries in a worker's VM, with the baton.
func (l *libraries) install(e *api.Engine) error {
	for _, x := range l.list {
		if _, err := e.LoadHandlers(x.path, x.source); err != nil {
			return err
		}
	}
	return nil
}
