package shm

import (
	"errors"
	"fmt"
)

// Set holds the zones of one configuration cycle. The master declares all zones
// while it reads the configuration, then realises the set against the one that
// runs: zones with the same name, size and tag go on, others are made.
type Set struct {
	order []string
	decls map[string]*declared
}

type declared struct {
	cfg     Config
	zone    *Zone
	channel *Channel // of an event channel's zone
	kept    bool
}

// NewSet returns an empty set.
func NewSet() *Set { return &Set{decls: map[string]*declared{}} }

// Declare adds a zone (ngx_shared_memory_add). A name may be declared again by
// the same owner with the same size, or with size 0 as a mere reference; any
// other clash is an error in nginx's words.
func (s *Set) Declare(cfg Config) error {
	d, ok := s.decls[cfg.Name]
	if !ok {
		s.decls[cfg.Name] = &declared{cfg: cfg}
		s.order = append(s.order, cfg.Name)
		return nil
	}
	if d.cfg.Tag != cfg.Tag {
		return fmt.Errorf("the shared memory zone %q is already declared for a different use", cfg.Name)
	}
	if d.cfg.Size == 0 {
		d.cfg = cfg
	}
	if cfg.Size != 0 && cfg.Size != d.cfg.Size {
		return fmt.Errorf("the size %d of shared memory zone %q conflicts with already declared size %d",
			cfg.Size, cfg.Name, d.cfg.Size)
	}
	return nil
}

// Realize gives every declared zone its memory: that of old, the set of the
// running cycle or nil, where name, size and tag agree, else new memory. If it
// fails, what it made is closed and old is as it was.
func (s *Set) Realize(old *Set) error {
	for _, name := range s.order {
		d := s.decls[name]
		if z := old.Zone(name); z != nil && z.Matches(d.cfg) {
			d.zone, d.channel, d.kept = z, old.Channel(name), true
			continue
		}
		if d.cfg.Size == 0 {
			s.drop()
			return fmt.Errorf("zero size shared memory zone %q", name)
		}
		if err := d.create(); err != nil {
			s.drop()
			return err
		}
	}
	return nil
}

func (d *declared) create() (err error) {
	if !d.cfg.Events {
		d.zone, err = Create(d.cfg)
		return err
	}
	if d.channel, err = CreateChannel(d.cfg); err == nil {
		d.zone = d.channel.z
	}
	return err
}

func (d *declared) close() error {
	zone, channel := d.zone, d.channel
	d.zone, d.channel = nil, nil
	if channel != nil {
		return channel.Close()
	}
	return zone.Close()
}

func (s *Set) drop() {
	for _, d := range s.decls {
		if d.zone != nil && !d.kept {
			d.close()
		}
		d.zone, d.channel = nil, nil
	}
}

// Adopt puts a zone into the set of a running cycle, as a new master does with
// those that it inherits at an upgrade.
func (s *Set) Adopt(z *Zone) error {
	if s.decls[z.name] != nil {
		return fmt.Errorf("the shared memory zone %q is inherited twice", z.name)
	}
	s.decls[z.name] = &declared{cfg: Config{Name: z.name, Tag: z.tag, Size: z.Size()}, zone: z, kept: true}
	s.order = append(s.order, z.name)
	return nil
}

// AdoptChannel is Adopt for an inherited event channel.
func (s *Set) AdoptChannel(c *Channel) error {
	if err := s.Adopt(c.z); err != nil {
		return err
	}
	d := s.decls[c.z.name]
	d.channel, d.cfg.Events = c, true
	return nil
}

// CloseUnused closes the zones of the set that next does not go on with. The
// master calls it when the last worker of the set's cycle has left.
func (s *Set) CloseUnused(next *Set) error {
	var errs error
	for name, d := range s.decls {
		if d.zone != nil && next.Zone(name) != d.zone {
			errs = errors.Join(errs, d.close())
		}
	}
	return errs
}

// Zone returns a zone by name, nil when there is none.
func (s *Set) Zone(name string) *Zone {
	if s == nil || s.decls[name] == nil {
		return nil
	}
	return s.decls[name].zone
}

// Channel returns an event channel by name, nil when there is none.
func (s *Set) Channel(name string) *Channel {
	if s == nil || s.decls[name] == nil {
		return nil
	}
	return s.decls[name].channel
}

// Zones returns the zones, those of event channels included, in the order of
// declaration.
func (s *Set) Zones() []*Zone {
	zones := make([]*Zone, 0, len(s.order))
	for _, name := range s.order {
		if z := s.decls[name].zone; z != nil {
			zones = append(zones, z)
		}
	}
	return zones
}

// Matches tells whether the zone can serve a declaration: same name, size, tag
// and kind.
func (z *Zone) Matches(cfg Config) bool {
	return z.name == cfg.Name && z.tag == cfg.Tag && z.Size() == cfg.Size &&
		cfg.index() == z.flags
}

// Declared returns the names that were declared, in that order.
func (s *Set) Declared() []string { return s.order }
