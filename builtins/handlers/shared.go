package handlers

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/script"
	"github.com/perigee-server/perigee/server/log"
	"github.com/perigee-server/perigee/shm"
)

// shm of service variables: `handler_service_var_in_shm ZONE SIZE LOCKS $v…`.
type serviceZone struct {
	name  string
	locks string // folder of file locks
	vars  []string
	shm   *shm.ServiceVars
}

// shared is what a shared service variable has besides.
type shared struct {
	name   string
	zone   *serviceZone
	v      *shm.ServiceVar
	seen   uint64 // changes, when $_upd__NAME was last asked for
	hooked uint64 // changes, when the update hook last ran
	wake   *cycle.Channel
}

// setInShm is handler_service_var_in_shm.
func setInShm(c *cycle.Conf) error {
	m := mains.At(c)
	args := c.Args()
	placeholders := args[0] == "_" && args[1] == "_" && args[2] == "_"
	switch {
	case m.zone == nil && placeholders:
		return c.Errorf("directive %q must name a zone, a size and a path before it uses placeholders", c.Dir.Name)
	case m.zone == nil:
		if err := m.openZone(c, args); err != nil {
			return err
		}
	case !placeholders:
		return c.Errorf("extra declarations of directive %q must use placeholders \"_\" in the leftmost three arguments", c.Dir.Name)
	}
	for _, a := range args[3:] {
		name, err := variableName(c, a)
		if err != nil {
			return err
		}
		m.inShm = append(m.inShm, mention{name, c.Dir})
		s := &shared{name: name, zone: m.zone}
		if m.shared == nil {
			m.shared = map[string]*shared{}
		}
		if m.shared[name] != nil {
			return c.Errorf("variable %q is already in shm", name)
		}
		m.shared[name] = s
		for _, v := range []http.Variable{
			{Name: "_upd__" + name, Get: s.updated},
			{Name: "_shm__" + name, Get: s.info, Flags: script.NoCacheable},
		} {
			if _, err := http.ScopeOf(c).Main.Vars.Add(v); err != nil {
				return c.Errorf("%s", err)
			}
		}
	}
	return nil
}

func (m *mainConf) openZone(c *cycle.Conf, args []string) error {
	if !filepath.IsAbs(args[2]) {
		return c.Errorf("path to file locks must be absolute")
	}
	z := &serviceZone{name: args[0], locks: args[2]}
	size, err := zoneSize(c, args[1])
	if err != nil {
		return err
	}
	m.zone = z
	return c.Zone(cycle.Zone{Name: z.name, Tag: "handlers", Size: size, Init: func(zone *shm.Zone) (err error) {
		z.shm, err = shm.NewServiceVars(zone)
		return err
	}})
}

// lockPath is the file of the variable's lock.
func (s *shared) lockPath() string {
	return filepath.Join(s.zone.locks, fmt.Sprintf("perigee_var_%s_%s.lock", s.zone.name, s.name))
}

// load is the variable's value, a copy for the request.
func (s *shared) load(r *http.Request) []byte {
	if s.v == nil {
		return nil
	}
	const usual = 64
	b, _ := s.v.Load(r.Scratch(usual)[:0])
	return b
}

// updated is $_upd__NAME: the value if it has changed since this worker last
// looked.
func (s *shared) updated(r *http.Request) ([]byte, bool) {
	if s.v == nil {
		return nil, true
	}
	n := s.v.Changes()
	if n == s.seen {
		return nil, true
	}
	s.seen = n
	return s.load(r), true
}

// info is $_shm__NAME: `time | size | changes | failures | failed`.
func (s *shared) info(*http.Request) ([]byte, bool) {
	if s.v == nil {
		return nil, true
	}
	_, i := s.v.Load(nil)
	return []byte(i.String()), true
}

// publish stores a result; with the baton.
func (s *shared) publish(sv *service, value []byte) {
	changed, err := s.v.Store(value, sv.loop.Now().Unix())
	if errors.Is(err, shm.ErrNoMemory) {
		sv.log.Printf(log.Crit, "failed to allocate memory to store service variable %q, using old value", s.name)
		return
	}
	if err != nil {
		sv.log.Printf(log.Crit, "failed to store service variable %q: %s, using old value", s.name, err)
		return
	}
	if !changed {
		return
	}
	for _, cb := range sv.callbacks {
		cb.run(sv)
	}
	if sv.updateHook != nil {
		s.runUpdateHook(sv)
		if _, err := s.wake.PublishAll(s.name, nil); err != nil {
			sv.log.Printf(log.Crit, "failed to tell other workers of service variable %q: %s", s.name, err)
		}
	}
}

// runUpdateHook runs the hook for the newest value, unless this worker has done
// so already.
func (s *shared) runUpdateHook(sv *service) {
	n := s.v.Changes()
	if sv.updateHook == nil || n == s.hooked {
		return
	}
	if skipped := n - s.hooked - 1; s.hooked != 0 && skipped > 0 {
		sv.log.Printf(log.Info, "update hook of service variable %q: %d older values were skipped", s.name, skipped)
	}
	s.hooked = n
	value, _ := s.v.Load(nil)
	runHook(sv.log, sv.updateHook, value)
}

// zoneSize reads the size of a zone.
func zoneSize(c *cycle.Conf, s string) (int64, error) {
	n, ok := parseSize(s)
	if !ok || n <= 0 {
		return 0, c.Errorf("invalid zone size %q", s)
	}
	return n, nil
}
