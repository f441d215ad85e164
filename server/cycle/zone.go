package cycle

import (
	"errors"
	"fmt"
	"os"

	"github.com/perigee-server/perigee/server/log"
	"github.com/perigee-server/perigee/shm"
)

// Zone declares a shared memory zone (ngx_shared_memory_add).
type Zone struct {
	// Name is unique in the configuration, Tag tells whose it is: a reload goes
	// on with the zone where name, tag and size are the same.
	Name, Tag string
	// Size in bytes; 0 merely refers to a zone that is declared elsewhere.
	Size int64
	// Dict makes it a dictionary, found with Work.Dict, Events an event channel,
	// found with Work.Channel. Other zones are their owner's to fill.
	Dict, Events bool
	// Init is called in each process that has the zone, before protocols start:
	// in the master as it makes or keeps the zone, and in workers. Zone.Construct
	// builds what it holds once in the zone's life. It may be nil.
	Init func(z *shm.Zone) error
	// File names a file that the master saves a dictionary to when the server
	// ends in an orderly way, and loads at the start. It may be empty.
	File string
	// Load and Save are the same for a zone of another kind. The master calls Load
	// when the zone is new, after Init; an error is told and the zone stays as it
	// is. They may be nil.
	Load, Save func() error
}

// minZone is nginx's smallest size of a zone: eight pages.
const minZone = 8 * 4096

// Zone declares a zone at the directive, with nginx's errors for a clash and for
// one that is too small.
func (c *Conf) Zone(z Zone) error {
	if z.Size != 0 && z.Size < minZone && !z.Dict {
		return c.Errorf("zone %q is too small", z.Name)
	}
	if err := c.Cycle.DeclareZone(z); err != nil {
		return c.Errorf("%s", err)
	}
	return nil
}

// DeclareZone declares a zone that belongs to no directive.
func (c *Cycle) DeclareZone(z Zone) error {
	slot := shm.AnySlot
	if c.Role == Single {
		slot = SingleSlot
	}
	err := c.zones.Declare(shm.Config{Name: z.Name, Tag: z.Tag, Size: z.Size, NoIndex: !z.Dict, Events: z.Events, Slot: slot})
	if err != nil {
		return err
	}
	if old, ok := c.zoneDecls[z.Name]; !ok || old.Size == 0 {
		c.zoneDecls[z.Name] = &z
	}
	return nil
}

// SingleSlot is the owner slot of the only process with master_process off.
const SingleSlot = 1

// Zones is the set of the cycle's zones: in the master those that are realised,
// in a worker those that it has opened.
func (c *Cycle) Zones() *shm.Set { return c.zones }

// RealizeZones gives all zones their memory, that of old where it fits; the
// master does. A dictionary whose name old does not have is loaded from its file;
// one that is damaged is told and leaves an empty zone.
func (c *Cycle) RealizeZones(old *shm.Set) error {
	if err := c.zones.Realize(old); err != nil {
		return zoneError(err)
	}
	if err := c.initZones(); err != nil {
		return errors.Join(err, c.zones.CloseUnused(old))
	}
	for name, d := range c.zoneDecls {
		if old.Zone(name) != nil {
			continue
		}
		if d.Load != nil {
			if err := d.Load(); err != nil {
				c.Log.Print(log.Error, 0, err.Error(), "")
			}
		}
		if d.File == "" || c.dicts[name] == nil {
			continue
		}
		if _, err := c.dicts[name].Load(c.FullName(d.File)); err != nil {
			c.Log.Print(log.Error, 0, err.Error()+", the zone starts empty", "")
		}
	}
	return nil
}

// zoneError words what the kernel or the zone's size refuse.
func zoneError(err error) error {
	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("%w (zones need /proc and memfd_create)", err)
	}
	return err
}

// AdoptZones takes the zones that a worker has opened as those of the cycle.
func (c *Cycle) AdoptZones(opened *shm.Set) error {
	for _, z := range c.zones.Declared() {
		if opened.Zone(z) == nil {
			return fmt.Errorf("the shared memory zone %q was not inherited", z)
		}
	}
	c.zones = opened
	return c.initZones()
}

// initZones attaches to what the zones hold, or builds it.
func (c *Cycle) initZones() error {
	c.dicts = map[string]*shm.Dict{}
	for _, z := range c.zones.Zones() {
		d := c.zoneDecls[z.Name()]
		if d == nil {
			continue
		}
		if d.Dict {
			dict, err := shm.NewDict(z)
			if err != nil {
				return fmt.Errorf("zone %q: %w", z.Name(), err)
			}
			c.dicts[z.Name()] = dict
		}
		if d.Init == nil {
			continue
		}
		if err := d.Init(z); err != nil {
			return fmt.Errorf("zone %q: %w", z.Name(), err)
		}
	}
	return nil
}

// SaveZones writes the zones that have a file; the master does as the server ends.
func (c *Cycle) SaveZones() {
	for name, d := range c.zoneDecls {
		if d.Save != nil && c.zones.Zone(name) != nil {
			if err := d.Save(); err != nil {
				c.Log.Print(log.Error, 0, err.Error(), "")
			}
		}
		if d.File == "" || c.dicts[name] == nil {
			continue
		}
		if err := c.dicts[name].Save(c.FullName(d.File)); err != nil {
			c.Log.Print(log.Error, 0, err.Error(), "")
		}
	}
}

// Dict is a dictionary by the name of its zone, nil when there is none.
func (c *Cycle) Dict(name string) *shm.Dict { return c.dicts[name] }

// Zone is a zone of the worker by name, nil when there is none.
func (w *Work) Zone(name string) *shm.Zone { return w.Cycle.zones.Zone(name) }

// Dict is a dictionary of the worker by the name of its zone, nil when there is
// none.
func (w *Work) Dict(name string) *shm.Dict { return w.Cycle.dicts[name] }
