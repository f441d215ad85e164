package http

import (
	"fmt"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/shm"
)

// statsZone is the zone of the counters that stub_status shows. It lives as long
// as the server: reloads and upgrades go on counting.
const statsZone = "(stub_status)"

// statsSize has room for the counters of all owner slots that a zone can have.
const statsSize = 512 << 10

func declareStats(c *cycle.Conf) error {
	return c.Cycle.DeclareZone(cycle.Zone{Name: statsZone, Tag: "ngx_http_stub_status_module", Size: statsSize})
}

// counters are those of one worker, at the place of its owner slot in the zone.
// Only that worker changes them. Accepted, handled and requests go on counting in
// the next worker of the slot; active, reading and waiting are the worker's own.
type counters struct {
	accepted, handled, requests *shm.Counter
	active, reading, waiting    *shm.Counter
}

func openCounters(z *shm.Zone, slot int) (*counters, error) {
	s := &counters{}
	for name, dst := range map[string]**shm.Counter{
		"accepted": &s.accepted, "handled": &s.handled, "requests": &s.requests,
		"active": &s.active, "reading": &s.reading, "waiting": &s.waiting,
	} {
		c, err := z.Counter(fmt.Sprintf("%s %d", name, slot))
		if err != nil {
			return nil, err
		}
		*dst = c
	}
	return s, nil
}

// slotWords are the words of the bit map of slots that have counters.
const slotWords = (shm.MaxSlots + 63) / 64

// stats is the counters of all workers, as one of them sees them.
type stats struct {
	*counters // the worker's own

	zone  *shm.Zone
	slots [slotWords]*shm.Counter
	known map[int]*counters
}

func openStats(w *cycle.Work) (*stats, error) {
	z := w.Zone(statsZone)
	if z == nil {
		return nil, fmt.Errorf("no zone %q", statsZone)
	}
	s := &stats{zone: z, known: map[int]*counters{}}
	for i := range s.slots {
		var err error
		if s.slots[i], err = z.Counter(fmt.Sprintf("slots %d", i)); err != nil {
			return nil, err
		}
	}
	var err error
	if s.counters, err = openCounters(z, z.Slot()); err != nil {
		return nil, err
	}
	s.known[z.Slot()] = s.counters
	if w.Cycle.Role != cycle.Single || w.Generation == 1 {
		for _, c := range []*shm.Counter{s.active, s.reading, s.waiting} {
			c.Store(0) // of a predecessor that was killed
		}
	}
	word := s.slots[z.Slot()/64]
	for bit := int64(1) << (z.Slot() % 64); ; {
		old := word.Load()
		if old&bit != 0 || word.CompareAndSwap(old, old|bit) {
			return s, nil
		}
	}
}

// Stats is what all workers have done and do (ngx_stat_accepted and the others).
// Of a worker that was killed the connections are not counted any more.
type Stats struct {
	Accepted, Handled, Requests       int64
	Active, Reading, Writing, Waiting int64
}

// Stats sums up the counters of all workers.
func (m *Main) Stats() Stats {
	var sum Stats
	s := m.work.stats
	for i := range s.slots {
		word := uint64(s.slots[i].Load())
		for bit := range 64 {
			if word&(1<<bit) != 0 {
				s.add(&sum, i*64+bit)
			}
		}
	}
	sum.Writing = max(sum.Active-sum.Reading-sum.Waiting, 0)
	return sum
}

func (s *stats) add(sum *Stats, slot int) {
	c := s.known[slot]
	if c == nil {
		var err error
		if c, err = openCounters(s.zone, slot); err != nil {
			return
		}
		s.known[slot] = c
	}
	sum.Accepted += c.accepted.Load()
	sum.Handled += c.handled.Load()
	sum.Requests += c.requests.Load()
	active := c.active.Load()
	if active == 0 || !s.zone.SlotAlive(slot) {
		return
	}
	sum.Active += active
	sum.Reading += c.reading.Load()
	sum.Waiting += c.waiting.Load()
}

// setReading notes whether a part of a head has come.
func (c *Conn) setReading(on bool) {
	if c.reading == on {
		return
	}
	c.reading = on
	if on {
		c.work.stats.reading.Add(1)
		return
	}
	c.work.stats.reading.Add(-1)
}
