package process

import (
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/log"
	"golang.org/x/sys/unix"
)

// single is master_process off: one process does it all, as slot 0. A reload
// starts a second event loop beside the first one, which quits gracefully.
type single struct {
	load    Load
	cycle   *cycle.Cycle
	socks   sockets
	now     *server
	ended   chan *server
	pidPath string
	alive   []*server // the present one and those that quit
	zones   zoneBook

	generation uint64
}

// Single serves without workers until it is told to end; it returns the exit
// code.
func Single(c *cycle.Cycle, load Load) int {
	s := &single{load: load, ended: make(chan *server, 4)}
	for _, name := range []string{steerEnv, zonesEnv} {
		os.Unsetenv(name) // of a master that was upgraded to one process
	}
	inherited := inheritedSockets(c.Log)
	if err := c.OpenFiles(); err != nil {
		c.Log.Print(log.Emerg, 0, err.Error(), "")
		return 1
	}
	if err := open(c, inherited); err != nil {
		logQuiet(c, err)
		return 1
	}
	signal.Ignore(syscall.SIGPIPE)
	sig := make(chan os.Signal, 16)
	signal.Notify(sig, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGWINCH)
	if err := setLimits(&c.Core); err != nil {
		c.Log.Print(log.Alert, 0, err.Error()+", ignored", "")
	}
	c.Log.Printf(log.Notice, "using the \"epoll\" event method")
	c.Log.Printf(log.Notice, "%s", c.Identity.Full())
	setTitle(c.Identity.Name, strings.Join(Args, " "))
	if err := c.RealizeZones(nil); err != nil {
		c.Log.Print(log.Emerg, 0, err.Error(), "")
		return 1
	}
	if err := c.Init(); err != nil {
		logLines(c.Log, err)
		return 1
	}
	if err := s.serve(c); err != nil {
		c.Log.Print(log.Emerg, 0, err.Error(), "")
		return exitInit
	}
	closeUnused(inherited, s.socks)
	s.pidPath = c.Core.PID.V
	if err := writePID(s.pidPath); err != nil {
		c.Log.Print(log.Emerg, 0, err.Error(), "")
		return 1
	}
	c.Started()
	if detached(c) {
		redirectStderr(c)
	}
	daemonReady()
	for {
		select {
		case e := <-s.ended:
			if e != s.now {
				s.left(e)
				continue
			}
			e.work.Cycle.SaveZones()
			removePID(s.pidPath, s.cycle.Log)
			for addr := range s.socks {
				removeUnix(addr)
			}
			return e.code
		case g := <-sig:
			s.signal(g.(syscall.Signal))
		}
	}
}

// serve starts serving a cycle whose sockets and files are open.
func (s *single) serve(c *cycle.Cycle) error {
	srv, err := newServer(c, 0, 1)
	if err != nil {
		return err
	}
	s.generation++
	srv.work.Generation, srv.work.ZoneSlots = s.generation, []int{cycle.SingleSlot}
	if err := srv.start(); err != nil {
		return err
	}
	s.cycle, s.now, s.socks = c, srv, socketsOf(c)
	s.zones.serving(c)
	s.alive = append(s.alive, srv)
	go func() {
		srv.run()
		close(srv.over)
		s.ended <- srv
	}()
	return nil
}

func (s *single) signal(sig syscall.Signal) {
	now := s.now
	s.cycle.Log.Printf(log.Notice, "signal %d (%s) received", int(sig), unix.SignalName(sig))
	switch sig {
	case syscall.SIGTERM, syscall.SIGINT:
		now.work.Loop.Post(func() { now.end(0) })
	case syscall.SIGQUIT, syscall.SIGWINCH:
		now.work.Loop.Post(now.quit)
	case syscall.SIGUSR1:
		c := s.cycle
		now.work.Loop.Post(func() {
			c.Reopen()
			if detached(c) {
				redirectStderr(c)
			}
		})
	case syscall.SIGHUP:
		s.reload()
	}
}

// left closes the zones that were kept for a server that has quit.
func (s *single) left(e *server) {
	s.alive = slices.DeleteFunc(s.alive, func(x *server) bool { return x == e })
	s.zones.trim(func(c *cycle.Cycle) bool {
		return slices.ContainsFunc(s.alive, func(x *server) bool { return x.work.Cycle == c })
	})
}

// onLoop runs f under the server's loop and waits for it; a loop that has ended
// needs it no more.
func (s *server) onLoop(f func()) {
	done := make(chan struct{})
	s.work.Loop.Post(func() {
		f()
		close(done)
	})
	select {
	case <-done:
	case <-s.over:
	}
}

func (s *single) reload() {
	old, before := s.now, s.socks
	c, err := s.load(cycle.Single)
	if err == nil {
		err = c.OnlySelf()
	}
	if err == nil {
		err = c.OpenFiles()
	}
	if err == nil {
		err = open(c, before)
	}
	if err == nil {
		err = c.RealizeZones(s.cycle.Zones())
	}
	if err == nil {
		if err = c.Init(); err != nil {
			c.Zones().CloseUnused(s.cycle.Zones())
		}
	}
	if err == nil {
		old.onLoop(old.work.Deafen) // one reader of event channels at a time
		if err = s.serve(c); err != nil {
			old.onLoop(func() { old.work.Relisten() })
			c.Zones().CloseUnused(s.cycle.Zones())
		}
	}
	if err != nil {
		for _, line := range strings.Split(err.Error(), "\n") {
			if line != "" {
				old.work.Cycle.Log.Print(log.Emerg, 0, line, "")
			}
		}
		return
	}
	old.work.Loop.Post(func() {
		old.quit()
		closeUnused(before, s.socks)
	})
}
