package counters

import (
	"fmt"
	"strconv"
	"time"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/script"
	"github.com/perigee-server/perigee/shm"
)

// Two zones hold the counters: one that goes on at a reload, and one that each
// configuration has anew. A counter is found by the id of its set and its name, so
// that it keeps its value wherever it stands in a new configuration.
const (
	lasting = "custom_counters"
	passing = "custom_counters_of_configuration"
)

// startName is the counter with the time at which a zone was made.
const startName = "\x00start"

// room is how many bytes of a zone a counter takes at most, minSize the least
// size of a zone.
const (
	room    = 256
	minSize = 256 << 10
)

// times are when the server and its configuration were started, in seconds since
// 1970.
type times struct{ server, configuration *shm.Counter }

// timed are the variables that need the zones though no counter does.
var timed = []string{"cnt_uptime", "cnt_uptime_reload", "cnt_start_time", "cnt_start_time_reload"}

// declareZones declares the zones when something is in them.
func (m *mainConf) declareZones(c *cycle.Conf, main *http.Main) error {
	used := len(m.sets) > 0
	for _, name := range timed {
		used = used || main.Vars.Lookup(name).IndexOf() >= 0
	}
	if !used {
		return nil
	}
	n := 1
	for _, s := range m.sets {
		n += len(s.order)
	}
	size := int64(minSize)
	for size < int64(n)*room {
		size *= 2
	}
	// zones with another tag do not go on
	unique := strconv.FormatInt(time.Now().UnixNano(), 36)
	for _, z := range []cycle.Zone{
		{Name: lasting, Tag: lasting, Size: size, Init: func(z *shm.Zone) error { return m.attach(z, true, &m.times.server) }, Load: m.load, Save: m.save},
		{Name: passing, Tag: passing + unique, Size: size, Init: func(z *shm.Zone) error { return m.attach(z, false, &m.times.configuration) }},
	} {
		if err := c.Cycle.DeclareZone(z); err != nil {
			return c.Errorf("%s", err)
		}
	}
	return nil
}

// attach finds the counters of a zone.
func (m *mainConf) attach(z *shm.Zone, survives bool, start **shm.Counter) error {
	if err := z.Construct(func(bool) error { return nil }); err != nil {
		return err
	}
	begun, err := z.Counter(startName)
	if err != nil {
		return err
	}
	begun.CompareAndSwap(0, time.Now().Unix())
	*start = begun
	for _, s := range m.sets {
		if s.survives != survives {
			continue
		}
		for _, x := range s.order {
			if x.word, err = z.Counter(s.id + "\x00" + x.name); err != nil {
				return fmt.Errorf("counter %q of the set %q: %w", x.name, s.id, err)
			}
		}
	}
	return nil
}

// predefined are the variables of the module that are no declared counters.
func predefined() (all []http.Variable) {
	add := func(name string, get func(r *http.Request) int64) {
		all = append(all, http.Variable{Name: "cnt_" + name, Flags: script.NoCacheable, Get: func(r *http.Request) ([]byte, bool) {
			return strconv.AppendInt(nil, get(r), 10), true
		}})
	}
	for name, f := range map[string]func(s http.Stats) int64{
		"accepted": func(s http.Stats) int64 { return s.Accepted }, "handled": func(s http.Stats) int64 { return s.Handled },
		"requests": func(s http.Stats) int64 { return s.Requests }, "active": func(s http.Stats) int64 { return s.Active },
		"reading": func(s http.Stats) int64 { return s.Reading }, "writing": func(s http.Stats) int64 { return s.Writing },
		"waiting": func(s http.Stats) int64 { return s.Waiting },
	} {
		add("stub_status_"+name, func(r *http.Request) int64 { return f(r.HTTP().Stats()) })
	}
	for name, of := range map[string]func(t times) *shm.Counter{
		"": func(t times) *shm.Counter { return t.server }, "_reload": func(t times) *shm.Counter { return t.configuration },
	} {
		at := func(r *http.Request) int64 {
			if start := of(mains.Of(r).times); start != nil {
				return start.Load()
			}
			return time.Now().Unix()
		}
		add("start_time"+name, at)
		add("uptime"+name, func(r *http.Request) int64 { return max(time.Now().Unix()-at(r), 0) })
	}
	return all
}
