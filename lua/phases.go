package lua

import (
	"errors"

	"github.com/perigee-server/perigee/lua/api"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/log"
)

// Where the handlers stand among those of their phases.
const (
	first = -1000
	last  = 1000
	// filters run before those of echo and headers-more, as modules that nginx
	// loads later do
	filters = http.OrderUser - 5
)

// engines finds the engine of the worker; it is set by start.
var engines = http.NewMain(func() *engineOf { return &engineOf{} }, nil)

type engineOf struct {
	e         *api.Engine
	libraries *libraries
	// started is set when the module's start has come to its end.
	started bool
}

// make makes the worker's VM, once, and runs init_by_lua and the libraries of
// handlers in it.
func (o *engineOf) make(w *cycle.Work, m *http.Main) (err error) {
	if o.e != nil {
		return nil
	}
	o.e = api.NewEngine(w, m)
	w.Loop.Do(func() {
		if err = o.e.ReplayInit(w.Cycle.Snapshot.Init[initName]); err != nil {
			w.Cycle.Log.Print(log.Error, 0, err.Error(), "")
			err = errInit
			return
		}
		if err = o.libraries.install(o.e); err != nil {
			w.Cycle.Log.Print(log.Error, 0, err.Error(), "")
		}
	})
	return err
}

// errInit ends the server once the error itself was logged.
var errInit = errors.New("init_by_lua has failed")

func initialise(c *cycle.Conf, m *http.Main) error {
	shakeHands(m)
	conf := api.Mains.In(m)
	order := func(early bool) int {
		if early {
			return first
		}
		return last
	}
	has := func(code func(*api.Location) *api.Code) func(*http.Location) bool {
		return func(l *http.Location) bool { return code(api.Locations.In(l)) != nil }
	}
	engines.In(m).libraries = newLibraries(c.Cycle, m)
	if conf.Used {
		c.Cycle.OnInit(initName, func(i *cycle.Initial) error { return initOnce(c.Cycle, i, m) })
	}
	m.AddPhase(http.PhaseHandler{Name: "lua", Phase: http.ServerRewrite, Order: first, Run: serverRewrite,
		Applies: func(l *http.Location) bool { return l.Server != nil && api.Servers.In(l.Server).Rewrite != nil }})
	m.AddPhase(http.PhaseHandler{Name: "lua", Phase: http.Rewrite, Order: order(conf.RewriteNoPostpone.V), Run: rewrite,
		Applies: has(func(l *api.Location) *api.Code { return l.Rewrite })})
	m.AddPhase(http.PhaseHandler{Name: "lua", Phase: http.Access, Order: order(conf.AccessNoPostpone.V), Run: access,
		Applies: has(func(l *api.Location) *api.Code { return l.Access })})
	m.AddPhase(http.PhaseHandler{Name: "lua", Phase: http.PreContent, Order: order(conf.PreContentNoPostpone.V), Run: preContent,
		Applies: has(func(l *api.Location) *api.Code { return l.PreContent })})
	m.AddPhase(http.PhaseHandler{Name: "lua", Phase: http.Log, Order: first, Run: logPhase,
		Applies: has(func(l *api.Location) *api.Code { return l.Log })})
	m.AddHeaderFilter(filters, has(func(l *api.Location) *api.Code { return l.HeaderFilter }), headerFilter)
	m.AddBodyFilter(filters, has(func(l *api.Location) *api.Code { return l.BodyFilter }), bodyFilter)
	return nil
}

// start makes the worker's VM and runs init_by_lua and init_worker_by_lua.
func start(w *cycle.Work, m *http.Main) error {
	conf := api.Mains.In(m)
	if !conf.Used {
		return nil
	}
	o := engines.In(m)
	if err := o.make(w, m); err != nil {
		return err
	}
	e := o.e
	w.Loop.Do(e.RunInitWorker)
	o.started = true
	if commandLine != nil {
		return commandLine.start(e)
	}
	w.OnExit(func() { w.Loop.Do(e.RunExitWorker) })
	return nil
}

// initName is under what the record of init_by_lua is found in the snapshot.
const initName = "lua"

// initOnce runs init_by_lua for real, once for a generation; -t compiles all
// scripts instead.
func initOnce(c *cycle.Cycle, i *cycle.Initial, m *http.Main) error {
	conf := api.Mains.In(m)
	if !i.First() || conf.Init == nil && !i.Testing() {
		return nil
	}
	loop, err := event.New()
	if err != nil {
		return err
	}
	defer loop.Close()
	e := api.NewEngine(&cycle.Work{Cycle: c, Loop: loop}, m)
	if i.Testing() {
		return e.Check()
	}
	var data []byte
	loop.Do(func() { data, err = e.RecordInit() })
	if err != nil {
		c.Log.Print(log.Error, 0, err.Error(), "")
		return errInit
	}
	i.Put(data)
	return nil
}

// ctxOf is the request's context, in the worker's engine or, with
// lua_code_cache off, in the request's own. With lua_code_cache stat, changed
// files are loaded again.
func ctxOf(r *http.Request) *api.Ctx {
	e := engines.Of(r).e
	switch api.Locations.Of(r).CodeCache.V {
	case api.CacheOff:
		return e.UncachedOf(r)
	case api.CacheStat:
		e.Refresh(r)
	}
	return e.CtxOf(r)
}

func serverRewrite(r *http.Request) http.Status {
	return ctxOf(r).Rewrite(api.PhaseServerRewrite, api.Servers.Of(r).Rewrite)
}

func rewrite(r *http.Request) http.Status {
	return ctxOf(r).Rewrite(api.PhaseRewrite, api.Locations.Of(r).Rewrite)
}

func access(r *http.Request) http.Status {
	return ctxOf(r).Access(api.PhaseAccess, api.Locations.Of(r).Access)
}

func preContent(r *http.Request) http.Status {
	return ctxOf(r).Access(api.PhasePreContent, api.Locations.Of(r).PreContent)
}

func content(r *http.Request) http.Status { return ctxOf(r).Content(api.Locations.Of(r).Content) }

func logPhase(r *http.Request) http.Status { return ctxOf(r).LogPhase(api.Locations.Of(r).Log) }

func headerFilter(r *http.Request) http.Status {
	return ctxOf(r).HeaderFilter(api.Locations.Of(r).HeaderFilter)
}

func bodyFilter(r *http.Request, in []http.Buf) ([]http.Buf, error) {
	return ctxOf(r).BodyFilter(api.Locations.Of(r).BodyFilter, in)
}
