package cycle

// initStep is a function given to OnInit.
type initStep struct {
	name string
	run  func(i *Initial) error
}

// Initial is what an initialisation step is given.
type Initial struct {
	c    *Cycle
	name string
}

// OnInit adds a step that runs once the configuration is read, in every process
// that runs code which users bring (libraries of handlers, Lua): first in the
// short-lived init process of a generation, or in the one of -t, and then in each
// worker, those born later included. The master runs none. An error is an error
// of the configuration. Name is the module's.
func (c *Cycle) OnInit(name string, run func(i *Initial) error) {
	c.initSteps = append(c.initSteps, initStep{name, run})
}

// NeedsInit reports whether there is something to initialise, so that an init
// process is worth its start.
func (c *Cycle) NeedsInit() bool { return len(c.initSteps) > 0 }

// Init runs the steps in their order.
func (c *Cycle) Init() error {
	for _, s := range c.initSteps {
		if err := s.run(&Initial{c, s.name}); err != nil {
			return err
		}
	}
	return nil
}

// First reports whether this is the init process, or the only process there is
// with master_process off, or -t: what may take effect only once for a
// generation is done there.
func (i *Initial) First() bool { return i.c.Role != Worker }

// Testing reports whether this is -t, which runs no init code.
func (i *Initial) Testing() bool { return i.c.Role == Tester }

// Put stores what the init process has found out for the module; workers get it.
func (i *Initial) Put(data []byte) {
	s := i.c.Snapshot
	if s.Init == nil {
		s.Init = map[string][]byte{}
	}
	s.Init[i.name] = data
}

// Data is what the init process has stored for the module, nil for nothing.
func (i *Initial) Data() []byte { return i.c.Snapshot.Init[i.name] }
