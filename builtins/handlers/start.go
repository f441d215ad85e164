package handlers

import (
	"context"
	"fmt"
	"os"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/handler"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/native"
	"github.com/perigee-server/perigee/server/log"
	"github.com/perigee-server/perigee/shm"
)

// finishServices joins what several directives say about service variables.
func (m *mainConf) finishServices(c *cycle.Conf) error {
	for _, n := range m.inShm {
		s := m.services[n.name]
		if s == nil {
			m.sayUndeclared(c, n)
			continue
		}
		s.shared = m.shared[n.name]
	}
	for _, n := range m.ignoreEmpty {
		if s := m.services[n.name]; s != nil {
			s.ignoreEmpty = true
			continue
		}
		m.sayUndeclared(c, n)
	}
	for _, cb := range m.callbacks {
		s := m.services[cb.name]
		if s == nil || s.shared == nil {
			sayAt(c, log.Error, cb.dir, "variable %q is not in shm", cb.name)
			continue
		}
		s.callbacks = append(s.callbacks, cb)
	}
	for _, u := range m.updateHooks {
		if s := m.services[u.name]; s != nil {
			s.updateHook = u.use
			continue
		}
		sayAt(c, log.Error, u.dir, "service update hook will not be enabled because variable %q is not a service variable", u.name)
	}
	for _, h := range m.hooks {
		if h.service = m.services[h.name]; h.service == nil {
			sayAt(c, log.Error, h.dir, "service hook will not be enabled because variable %q is not a service variable", h.name)
		}
	}
	if m.zone != nil {
		if st, err := os.Stat(m.zone.locks); err != nil {
			return c.ErrorAt(m.inShm[0].dir, "path to file locks: %s", err)
		} else if !st.IsDir() {
			return c.ErrorAt(m.inShm[0].dir, "path to file locks %q is not a directory", m.zone.locks)
		}
	}
	return m.declareZones(c)
}

// start prepares handlers in a process that serves, runs the initialisation
// hooks, replays service hooks, and starts services.
func start(w *cycle.Work, hm *http.Main) error {
	m := mains.In(hm)
	var cancel context.CancelCauseFunc
	m.ctx, cancel = context.WithCancelCause(context.Background())
	m.loop, m.log = w.Loop, w.Cycle.Log
	handler.SetWorker(worker{w, w.Channel(native.EventsZone)})
	if len(m.uses) == 0 && !m.libraries.any() {
		w.OnExit(func() { cancel(handler.ErrWorkerExiting) })
		return nil
	}
	for _, s := range m.serviceList {
		s.prepare(w, m)
	}
	w.OnQuit(func() {
		m.leaving = true
		m.acquit()
		m.leaveServices()
	})
	w.OnExit(func() {
		if !m.failing {
			m.acquit()
		}
		m.leaveServices()
		m.awaitServices(w)
		cancel(handler.ErrWorkerExiting)
	})
	m.libraries.applyRuntime(w.Loop)
	if err := m.libraries.runInits(w); err != nil {
		return err
	}
	if err := m.openShared(); err != nil {
		return err
	}
	if err := m.openHooks(w); err != nil {
		return err
	}
	m.runUpdateHooks()
	m.runHooks(true)
	for _, s := range m.serviceList {
		if err := s.start(); err != nil {
			return err
		}
	}
	return nil
}

// openShared finds the values of shared services.
func (m *mainConf) openShared() error {
	for _, s := range m.serviceList {
		if s.shared == nil {
			continue
		}
		var err error
		if s.shared.v, err = m.zone.shm.Var(s.name); err != nil {
			return err
		}
	}
	return nil
}

// openHooks finds the data of hooks and listens for calls and changes.
func (m *mainConf) openHooks(w *cycle.Work) error {
	if len(m.hooks) == 0 && len(m.updateHooks) == 0 {
		return nil
	}
	if m.wake = w.Channel(channelName); m.wake == nil {
		return errNoChannel
	}
	for _, s := range m.serviceList {
		if s.shared != nil {
			s.shared.wake = m.wake
		}
	}
	seen := map[string]*hook{}
	for i, h := range m.hooks {
		if h.service == nil {
			continue
		}
		name := fmt.Sprintf("%s $%s", h.use.name, h.name)
		if first := seen[name]; first != nil { // the same hook in another location
			h.data = first.data
			continue
		}
		seen[name] = m.hooks[i]
		var err error
		if h.data, err = openHookData(m.hookZone, name, w.Slot); err != nil {
			return err
		}
	}
	// The channel is read only once all protocols have started: FromNewest tells
	// of calls that came since the hooks were replayed. A call that was run already
	// is not run again.
	return m.wake.Subscribe("", shm.FromNewest, func(shm.Message) {
		m.runUpdateHooks()
		m.runHooks(false)
	})
}

// runUpdateHooks runs the update hooks of shared variables that have changed.
func (m *mainConf) runUpdateHooks() {
	for _, s := range m.serviceList {
		if s.shared != nil {
			s.shared.runUpdateHook(s)
		}
	}
}
