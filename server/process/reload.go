package process

import (
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/log"
)

// reloading is a reload up to the start of its workers. What takes time in it,
// reading the configuration with the making of an executable, and the init
// process, goes on beside the master's loop, which meanwhile replaces workers and
// takes signals.
type reloading struct {
	child *initChild // the init process, once it runs
	again bool       // another reload was asked for
}

// beginReload reads the configuration.
func (m *master) beginReload() {
	m.reloading = &reloading{}
	go func() {
		c, err := m.load(cycle.Master)
		m.later <- func() { m.loaded(c, err) }
	}()
}

// loaded goes on with a configuration that was read: it opens what it needs and
// starts the init process.
func (m *master) loaded(c *cycle.Cycle, err error) {
	if err == nil && !m.ending() {
		err = c.OpenFiles()
	}
	if err != nil || m.ending() {
		if err != nil {
			logLines(m.cycle.Log, err)
		}
		if c != nil {
			c.Close()
		}
		m.endReload()
		return
	}
	if err := open(c, m.socks); err != nil {
		logQuiet(m.cycle, err)
		c.Close()
		m.endReload()
		return
	}
	if err := c.RealizeZones(m.cycle.Zones()); err != nil {
		m.initialised(c, err)
		return
	}
	if !c.NeedsInit() {
		m.initialised(c, nil)
		return
	}
	slots, err := m.zoneSlots(c, 1)
	if err != nil {
		m.initialised(c, err)
		return
	}
	child, err := beginInit(c, slots[0], false)
	if err != nil {
		m.initialised(c, err)
		return
	}
	m.reloading.child = child
	go func() {
		err := child.result(child.reaped)
		m.later <- func() {
			m.zones.recover(c) // it may have died inside of a zone
			m.initialised(c, err)
		}
	}()
}

// initialised starts the workers of a cycle that was initialised.
func (m *master) initialised(c *cycle.Cycle, err error) {
	switch {
	case m.ending():
		m.abandon(c)
	case err != nil:
		logLines(m.cycle.Log, err)
		m.abandon(c)
	default:
		g, err := m.start(c)
		if err != nil {
			m.cycle.Log.Print(log.Emerg, 0, err.Error(), "")
			m.abandon(c)
			break
		}
		m.next = g
	}
	m.endReload()
}

// endReload begins another reload that was asked for meanwhile.
func (m *master) endReload() {
	again := m.reloading.again
	m.reloading = nil
	if again {
		m.reload()
	}
}

// ending reports whether the master was told to end.
func (m *master) ending() bool { return m.quitting || m.stopping }

// initialise runs the init process of the first cycle, whose zones have their
// memory, and waits for it.
func (m *master) initialise(c *cycle.Cycle) error {
	if !c.NeedsInit() {
		return nil
	}
	slots, err := m.zoneSlots(c, 1)
	if err != nil {
		return err
	}
	err = Initialise(c, slots[0], false)
	m.zones.recover(c)
	return err
}
