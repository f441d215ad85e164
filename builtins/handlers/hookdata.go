package handlers

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/log"
	"github.com/perigee-server/perigee/shm"
)

// hookZone holds the newest data of each service hook, for workers that are
// born later too.
type hookZone struct {
	name     string
	internal bool // no zone is configured: hooks have no data
	shm      *shm.ServiceVars
}

// internalHooks is the zone of hooks without data, when no other is configured;
// channelName that of the event channel which tells workers to look.
const (
	internalHooks = "(handler hooks)"
	channelName   = "(handlers)"
	internalSize  = 64 << 10
)

// setHooksZone is handler_service_hooks_zone.
func setHooksZone(c *cycle.Conf) error {
	m := mains.At(c)
	if m.hookZone != nil {
		return c.Wrong("is duplicate")
	}
	size, err := zoneSize(c, c.Arg(1))
	if err != nil {
		return err
	}
	m.hookZone = &hookZone{name: c.Arg(0)}
	return c.Zone(m.hookZone.zone(size))
}

func (z *hookZone) zone(size int64) cycle.Zone {
	return cycle.Zone{Name: z.name, Tag: "handler hooks", Size: size, Init: func(zone *shm.Zone) (err error) {
		z.shm, err = shm.NewServiceVars(zone)
		return err
	}}
}

func parseSize(s string) (int64, bool) { return conf.Size(s) }

// hookData is the newest data of one hook: the time of the call and its
// argument, in the zone. Hooks run in the order of those times.
type hookData struct {
	newest *shm.ServiceVar
	good   *shm.ServiceVar // the last that a worker has survived
	trial  *shm.ServiceVar // what this slot's worker tries, and how often it has
	seen   uint64          // changes of newest that this worker has run
	tried  *call           // by this worker, which has not lived long enough since
}

// openHookData finds the data of a hook; the name is the same in every
// generation, the slot that of the worker.
func openHookData(z *hookZone, name string, slot int) (*hookData, error) {
	d := &hookData{}
	for _, v := range []struct {
		key string
		v   **shm.ServiceVar
	}{{"hook " + name, &d.newest}, {"good " + name, &d.good}, {fmt.Sprintf("trial %d %s", slot, name), &d.trial}} {
		var err error
		if *v.v, err = z.shm.Var(v.key); err != nil {
			return nil, fmt.Errorf("service hooks zone %q: %w", z.name, err)
		}
	}
	return d, nil
}

// call is one call of a hook as the zone holds it.
type call struct {
	at   uint64 // nanoseconds since the epoch
	data []byte
}

const callHead = 8

// store makes an argument the newest of the hook.
func (d *hookData) store(arg []byte) error {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, callHead+len(arg)), uint64(time.Now().UnixNano()))
	_, err := d.newest.Store(append(b, arg...), time.Now().Unix())
	return err
}

func loadCall(v *shm.ServiceVar) (c call, ok bool) {
	b, _ := v.Load(nil)
	if len(b) < callHead {
		return call{}, false
	}
	return call{binary.BigEndian.Uint64(b), b[callHead:]}, true
}

// maxTrials is how many workers in a row may die of a hook's data.
const maxTrials = 3

// trialTime is how long a worker must live after a hook for its data to be good.
const trialTime = time.Second

// try notes that this worker is about to run a call; it returns false when too
// many workers of this slot have died of it already.
func (d *hookData) try(c call) bool {
	trials := byte(0)
	if old, ok := loadCall(d.trial); ok && old.at == c.at && len(old.data) == 1 {
		trials = old.data[0]
	}
	if trials >= maxTrials {
		return false
	}
	d.noteTrials(c, trials+1)
	d.tried = &c
	return true
}

func (d *hookData) noteTrials(c call, n byte) {
	d.trial.Store(append(binary.BigEndian.AppendUint64(nil, c.at), n), 0)
}

// survived notes that the worker lives with the data of a call.
func (d *hookData) survived(c call) {
	if d.tried == nil || d.tried.at != c.at {
		return // a later call counts
	}
	d.tried = nil
	d.noteTrials(c, 0)
	if good, ok := loadCall(d.good); !ok || good.at < c.at {
		d.good.Store(append(binary.BigEndian.AppendUint64(nil, c.at), c.data...), 0)
	}
}

// acquit takes back the trials of a worker that ends for another reason than the
// data of a hook.
func (m *mainConf) acquit() {
	for _, h := range m.hooks {
		if h.data != nil && h.data.tried != nil {
			h.data.noteTrials(*h.data.tried, 0)
			h.data.tried = nil
		}
	}
}

// dueHook is a hook whose newest call this worker has not run.
type dueHook struct {
	h *hook
	c call
	n uint64 // calls that came together
}

// runHooks runs all hooks whose data this worker has not seen, in the order of
// the calls, and then their services anew; with the baton. Replay is for a new
// worker, whose services do not run yet.
func (m *mainConf) runHooks(replay bool) {
	var due []dueHook
	for _, h := range m.hooks {
		if h.data == nil {
			continue
		}
		n := h.data.newest.Changes()
		if n == h.data.seen {
			continue
		}
		c, ok := loadCall(h.data.newest)
		if !ok {
			continue
		}
		due = append(due, dueHook{h, c, n - h.data.seen})
		h.data.seen = n
	}
	slices.SortStableFunc(due, func(a, b dueHook) int {
		switch {
		case a.c.at < b.c.at:
			return -1
		case a.c.at > b.c.at:
			return 1
		}
		return 0
	})
	for _, d := range due {
		if d.n > 1 && !replay {
			m.log.Printf(log.Notice, "service hook %q: %d calls were run as one", d.h.use.name, d.n)
		}
		m.runCall(d.h, d.c)
	}
}

// runCall runs a hook with the data of a call, or with the last good ones.
func (m *mainConf) runCall(h *hook, c call) {
	if !h.data.try(c) {
		m.log.Printf(log.Alert, "service hook data quarantined: %d workers have ended with those of hook %q", maxTrials, h.use.name)
		good, ok := loadCall(h.data.good)
		if !ok {
			return
		}
		c = good
	} else {
		m.loop.NewTimer(func() { h.data.survived(c) }).Reset(trialTime)
	}
	runHook(m.log, h.use, c.data)
	h.service.interrupt()
}

// declareZones declares the zones that hooks need besides the configured one.
func (m *mainConf) declareZones(c *cycle.Conf) error {
	if len(m.hooks) > 0 && m.hookZone == nil {
		m.hookZone = &hookZone{name: internalHooks, internal: true}
		if err := c.Cycle.DeclareZone(m.hookZone.zone(internalSize)); err != nil {
			return c.Errorf("%s", err)
		}
	}
	if len(m.hooks) == 0 && len(m.updateHooks) == 0 {
		return nil
	}
	if err := c.Cycle.DeclareZone(cycle.Zone{Name: channelName, Tag: "handlers", Size: internalSize, Events: true}); err != nil {
		return c.Errorf("%s", err)
	}
	return nil
}

var errNoChannel = errors.New("the event channel of handlers was not inherited")
