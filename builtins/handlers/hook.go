package handlers

import (
	"fmt"

	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/handler"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/log"
)

// hook is handler_service_hook: the content handler of a location that has all
// workers run a function with newest data.
type hook struct {
	use     *use
	name    string // of the service variable
	arg     *http.Complex
	dir     *conf.Directive
	service *service // nil when the variable is of no service
	data    *hookData
}

// setHook is handler_service_hook.
func setHook(c *cycle.Conf) error {
	m, l := mains.At(c), locations.At(c)
	if l.content != nil || l.hook != nil {
		return c.Errorf("handler content handler was already set")
	}
	name, err := variableName(c, c.Arg(1))
	if err != nil {
		return err
	}
	h := &hook{use: m.mentionOf(c, c.Arg(0), 1, handler.KindHook), name: name, dir: c.Dir}
	if len(c.Args()) > 2 {
		if h.arg, err = http.CompileComplex(c, c.Arg(2)); err != nil {
			return err
		}
	}
	http.ScopeOf(c).Main.Vars.Index(name) // an unknown one is an error
	l.hook = h
	m.hooks = append(m.hooks, h)
	http.ScopeOf(c).Location.Handler = serveHook
	return nil
}

// serveHook stores the data for all workers and answers.
func serveHook(r *http.Request) http.Status {
	h, m := locations.Of(r).hook, mains.Of(r)
	if rc := r.DiscardBody(); rc != http.OK {
		return rc
	}
	switch {
	case h.service == nil:
		r.LogLine(log.Error, "service hook was disabled because of inappropriate variable handler")
		return 500
	case m.leaving:
		return 503
	case h.arg != nil && m.hookZone.internal:
		r.LogLine(log.Crit, "service hook provides data, but service hooks shm zone was not initialized")
		return 500
	}
	var arg []byte
	if h.arg != nil {
		arg = h.arg.Eval(r)
		if h.use.pointer {
			arg = withToken(r, arg)
		}
	}
	if err := h.data.store(arg); err != nil {
		r.LogLine(log.Crit, fmt.Sprintf("failed to allocate memory to store service hook data: %s", err))
		return 500
	}
	if _, err := m.wake.PublishAll("hooks", nil); err != nil {
		r.LogLine(log.Crit, fmt.Sprintf("failed to tell workers of a service hook: %s", err))
		return 500
	}
	r.Out.Status = 200
	r.Out.ContentLength = 0
	if rc := r.SendHeader(); rc != http.OK || r.HeadOnly() {
		return rc
	}
	return r.SendLast()
}

// updateHook is handler_service_update_hook.
type updateHook struct {
	use  *use
	name string
	dir  *conf.Directive
}

// setUpdateHook is handler_service_update_hook.
func setUpdateHook(c *cycle.Conf) error {
	m := mains.At(c)
	if err := noPointer(c, "service update hooks"); err != nil {
		return err
	}
	name, err := variableName(c, c.Arg(1))
	if err != nil {
		return err
	}
	for _, u := range m.updateHooks {
		if u.name == name {
			return c.Errorf("update hook for variable %q was already declared", name)
		}
	}
	m.updateHooks = append(m.updateHooks, &updateHook{m.mentionOf(c, c.Arg(0), 1, handler.KindHook), name, c.Dir})
	return nil
}

// runHook runs a hook and logs what it says; with the baton.
func runHook(l *log.Logger, u *use, arg []byte) {
	reply, err := callHook(u.h, arg)
	if err != nil {
		l.Printf(log.Error, "service hook %q has failed: \"%s\"", u.name, oneLine(err.Error()))
		return
	}
	if len(reply) > 0 {
		l.Printf(log.Notice, "service hook reported \"%s\"", oneLine(string(reply)))
	}
}

// callHook calls a hook and catches its panic.
func callHook(h *handler.Handler, arg []byte) (reply []byte, err error) {
	done := false
	defer func() {
		if !done {
			err = recovered(recover())
		}
	}()
	reply, err = h.RunHook(arg)
	done = true
	return reply, err
}
