package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/log"
	"github.com/perigee-server/perigee/shm"
	"golang.org/x/sys/unix"
)

// zonesEnv hands the shared memory zones to the new binary of an upgrade, as the
// JSON of handedZones.
const zonesEnv = "PERIGEE_INHERIT_ZONES"

// InheritedZone is the descriptors of a shared memory zone, and of the eventfd
// when it is an event channel, else -1.
type InheritedZone struct {
	FD    int
	Event int
}

// handedZones is what an old master tells a new one.
type handedZones struct {
	Zones []InheritedZone
	// Generation is the number of the old master's newest generation: event
	// channels go by it.
	Generation int
	// Side is the half of the owner slots that the new master gives out first,
	// so that two masters do not give the same one at the same time.
	Side int
}

// zoneBook is what the master keeps of shared memory zones.
type zoneBook struct {
	// cycles are those whose zones are open, in the order in which they came to
	// serve: a zone is in consecutive ones. The last one serves.
	cycles []*cycle.Cycle
	side   int
}

// slotHalf is where the second half of the owner slots begins.
const slotHalf = (shm.MaxSlots-1)/2 + 1

// inheritedZones takes what the binary before has handed over. A zone that an
// incompatible version has made is told and started empty.
func inheritedZones(l *log.Logger) (set *shm.Set, from handedZones) {
	set = shm.NewSet()
	text, ok := os.LookupEnv(zonesEnv)
	if !ok {
		return set, from
	}
	os.Unsetenv(zonesEnv)
	if err := json.Unmarshal([]byte(text), &from); err != nil {
		l.Printf(log.Emerg, "invalid %s environment variable, ignored: %s", zonesEnv, err)
		return set, handedZones{}
	}
	for _, z := range from.Zones {
		if err := openZone(set, z, shm.AnySlot); err != nil {
			l.Printf(log.Error, "a shared memory zone of the old binary is not taken over: %s", err)
		}
	}
	return set, from
}

// openZone opens an inherited zone into a set; on an error its descriptors are
// closed.
func openZone(set *shm.Set, z InheritedZone, slot int) (err error) {
	if z.Event < 0 {
		var zone *shm.Zone
		if zone, err = shm.Open(z.FD, slot); err == nil {
			return set.Adopt(zone)
		}
		unix.Close(z.FD)
		return err
	}
	var ch *shm.Channel
	if ch, err = shm.OpenChannel(z.FD, z.Event, slot); err == nil {
		return set.AdoptChannel(ch)
	}
	unix.Close(z.FD)
	unix.Close(z.Event)
	return err
}

// inheritZones lists the zones of a set for a child; inherit appends a
// descriptor and tells its number there.
func inheritZones(set *shm.Set, inherit func(uintptr) int) []InheritedZone {
	var out []InheritedZone
	for _, z := range set.Zones() {
		in := InheritedZone{Event: -1}
		if ch := set.Channel(z.Name()); ch != nil {
			zf, ef := ch.Files()
			in.FD, in.Event = inherit(rawFD(zf)), inherit(rawFD(ef))
		} else {
			in.FD = inherit(rawFD(z.File()))
		}
		out = append(out, in)
	}
	return out
}

// openZones gives a worker's cycle its zones, with the owner slot that the master
// has assigned.
func openZones(c *cycle.Cycle, b *Boot, slot int) error {
	set := shm.NewSet()
	for _, z := range b.Zones {
		if err := openZone(set, z, b.ZoneSlots[slot]); err != nil {
			return err
		}
	}
	return c.AdoptZones(set)
}

// serving notes that a cycle's zones serve from now on.
func (b *zoneBook) serving(c *cycle.Cycle) {
	if n := len(b.cycles); n == 0 || b.cycles[n-1] != c {
		b.cycles = append(b.cycles, c)
	}
}

// trim closes the zones that only cycles without a worker have had.
func (b *zoneBook) trim(alive func(*cycle.Cycle) bool) {
	for len(b.cycles) > 1 && !alive(b.cycles[0]) {
		b.cycles[0].Zones().CloseUnused(b.cycles[1].Zones())
		b.cycles = b.cycles[1:]
	}
}

// recover repairs what a dead worker may have left in the zones, and wakes the
// readers of event channels: it may have died before it did.
func (b *zoneBook) recover(more *cycle.Cycle) {
	done := map[*shm.Zone]bool{}
	all := b.cycles
	if more != nil {
		all = append(all[:len(all):len(all)], more)
	}
	for _, c := range all {
		for _, z := range c.Zones().Zones() {
			if done[z] {
				continue
			}
			done[z] = true
			z.Recover()
			if ch := c.Zones().Channel(z.Name()); ch != nil {
				ch.Wake()
			}
		}
	}
}

// errNoZoneSlot means that more worker processes are alive than zones have owner
// slots.
var errNoZoneSlot = errors.New("no free owner slot in shared memory for another worker process")

// zoneSlots finds owner slots for the workers of a new generation, which no
// process has: not those of older generations, nor those of another master.
func (m *master) zoneSlots(c *cycle.Cycle, n int) ([]int, error) {
	used := map[int]bool{}
	note := func(g *generation) {
		if g != nil {
			for _, s := range g.zoneSlots {
				used[s] = true
			}
		}
	}
	note(m.gen)
	note(m.next)
	for _, w := range m.workers {
		note(w.gen)
	}
	var out []int
	for i := range shm.MaxSlots - 1 {
		if len(out) == n {
			break
		}
		slot := 1 + (i+m.zones.side*slotHalf)%(shm.MaxSlots-1)
		if !used[slot] && !slotAlive(c.Zones(), slot) {
			out = append(out, slot)
		}
	}
	if len(out) < n {
		return nil, errNoZoneSlot
	}
	return out, nil
}

func slotAlive(set *shm.Set, slot int) bool {
	for _, z := range set.Zones() {
		if z.SlotAlive(slot) {
			return true
		}
	}
	return false
}

// handZones appends the zones to what the new binary of an upgrade inherits.
func (m *master) handZones(fds []uintptr) (all []uintptr, env string) {
	inherit := func(fd uintptr) int {
		fds = append(fds, fd)
		return len(fds) - 1
	}
	h := handedZones{Generation: m.gen.number, Side: 1 - m.zones.side}
	h.Zones = inheritZones(m.cycle.Zones(), inherit)
	text, _ := json.Marshal(h)
	return fds, fmt.Sprintf("%s=%s", zonesEnv, text)
}

// bury lets the zones know that a worker has died, and closes those that were
// kept for its cycle.
func (m *master) bury(w *worker) {
	var next *cycle.Cycle
	if m.next != nil {
		next = m.next.cycle
	}
	m.zones.recover(next)
	m.zones.trim(func(c *cycle.Cycle) bool {
		for _, w := range m.workers {
			if w.gen.cycle == c {
				return true
			}
		}
		return false
	})
}
