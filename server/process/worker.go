package process

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/log"
	"golang.org/x/sys/unix"
)

// Worker is the life of a worker process; it returns the exit code.
func Worker() int {
	slot, _ := strconv.Atoi(os.Getenv("PERIGEE_SLOT"))
	os.Unsetenv("PERIGEE_SLOT")
	os.Unsetenv(bootEnv)
	signal.Ignore(syscall.SIGPIPE, syscall.SIGHUP)
	ctl := attach(controlFD)
	boot, err := readBoot(bootFD)
	if err != nil {
		return failed(ctl, cycle.New(cycle.Options{}, cycle.Worker, nil), err)
	}
	setTitle(boot.Options.Identity.Name, "worker process")
	boot.Snapshot.Sealed = true
	c := cycle.New(boot.Options, cycle.Worker, boot.Snapshot)
	if err := c.Load(); err != nil {
		return failed(ctl, c, err)
	}
	if err := c.Init(); err != nil {
		return failed(ctl, c, err)
	}
	adopt(c, boot, slot)
	if err := openZones(c, boot, slot); err != nil {
		return failed(ctl, c, err)
	}
	if err := restrict(c); err != nil {
		return failed(ctl, c, err)
	}
	page, err := mapAcceptPage(boot.AcceptPage)
	if err != nil {
		return failed(ctl, c, err)
	}
	for _, fd := range boot.Kicks {
		unix.CloseOnExec(fd)
	}
	s, err := newServer(c, slot, boot.Count)
	if err != nil {
		return failed(ctl, c, err)
	}
	s.work.Generation, s.work.ZoneSlots = uint64(boot.Generation), boot.ZoneSlots
	page.pids[slot].Store(int32(os.Getpid()))
	s.work.Pids = func() []int { return page.workers(boot.Count) }
	s.acc = &acceptor{page: page, kicks: boot.Kicks, slot: slot}
	if err := s.start(); err != nil {
		return failed(ctl, c, err)
	}
	s.detached = boot.Detached
	s.signals()
	s.left = func() { ctl.send(cmdLeft, "") }
	s.work.End = func(again bool, reason string) {
		if again {
			s.end(exitRestart)
			return
		}
		ctl.send(cmdFailed, reason)
		s.end(exitInit)
	}
	go s.obey(ctl)
	ctl.send(cmdReady, "")
	return s.run()
}

// failed reports that the worker can not initialise.
func failed(ctl control, c *cycle.Cycle, err error) int {
	c.Log.Print(log.Emerg, 0, err.Error(), "")
	ctl.send(cmdFailed, err.Error())
	return exitInit
}

// adopt gives the cycle the inherited sockets and files.
func adopt(c *cycle.Cycle, b *Boot, slot int) {
	have := map[string][]int{}
	for _, s := range b.Sockets {
		unix.CloseOnExec(s.FD)
		for len(have[s.Addr]) <= s.Index {
			have[s.Addr] = append(have[s.Addr], -1)
		}
		have[s.Addr][s.Index] = s.FD
	}
	for _, ln := range c.Listening {
		ln.FDs = have[ln.Addr]
	}
	byName := map[string]int{}
	for _, f := range b.Files {
		unix.CloseOnExec(f.FD)
		byName[f.Name] = f.FD
	}
	for _, f := range c.Files {
		if fd, ok := byName[f.Name]; ok {
			f.Swap(os.NewFile(uintptr(fd), f.Name))
		}
	}
}

// restrict applies limits, privileges and the working directory.
func restrict(c *cycle.Cycle) error {
	if err := setLimits(&c.Core); err != nil {
		c.Log.Print(log.Alert, 0, err.Error()+", ignored", "")
	}
	if err := dropPrivileges(c.Core.User.V); err != nil {
		return err
	}
	if c.Core.WorkingDir.Set {
		if err := os.Chdir(c.Core.WorkingDir.V); err != nil {
			return fmt.Errorf("%s", log.Errno(fmt.Sprintf("chdir(%q) failed", c.Core.WorkingDir.V), err))
		}
	}
	return nil
}

// server is a serving process: a worker, or the only process with
// master_process off.
type server struct {
	work *cycle.Work
	acc  *acceptor // nil with master_process off
	lns  []*event.Listener
	// steered are the listeners of single_listener; they accept once the worker
	// is told to, which sets listener.
	steered  []*event.Listener
	listener bool
	left     func()       // tells the master that nothing is accepted any more
	resume   *event.Timer // listens again after accept has failed
	code     int
	ended    bool
	over     chan struct{} // closed when run has returned, with master_process off

	detached bool // standard error is the error log
}

func newServer(c *cycle.Cycle, slot, count int) (*server, error) {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(c.Procs())
	}
	l, err := event.New()
	if err != nil {
		return nil, err
	}
	tuneCollector(l)
	s := &server{work: &cycle.Work{Cycle: c, Loop: l, Slot: slot, Count: count}, over: make(chan struct{})}
	s.work.End = func(again bool, reason string) { s.end(exitInit) }
	return s, nil
}

// start registers listeners and starts the protocols.
func (s *server) start() error {
	w := s.work
	if d := w.Cycle.Core.BatonWarn.V; d > 0 {
		w.Loop.Watch(d, func(held time.Duration, stack []byte) {
			w.Cycle.Log.Printf(log.Warn, "the event loop has been busy for %d ms with one piece of code\n%s", held.Milliseconds(), stack)
		})
	}
	if err := w.Start(); err != nil {
		return err
	}
	if err := w.Listen(); err != nil {
		return err
	}
	s.resume = w.Loop.NewTimer(func() { s.listen(true) })
	for _, ln := range w.Cycle.Listening {
		if err := s.addListener(ln); err != nil {
			return err
		}
	}
	if s.acc == nil {
		s.listen(true)
		return nil
	}
	if w.Count == 1 {
		for _, ln := range s.acc.lns {
			ln.Enable(true)
		}
		s.acc.lns = nil
	}
	var err error
	s.acc.kicked, err = w.Loop.WatchFD(s.acc.kicks[s.acc.slot], func() {})
	w.Loop.OnSleep(func() bool {
		s.acc.count(w.Connections)
		return s.acc.sleep()
	}, s.acc.wake)
	return err
}

func (s *server) addListener(ln *cycle.Listening) error {
	if s.acc != nil {
		switch ln.Steer {
		case cycle.SteerSingle:
			return s.addSteered(ln)
		case cycle.SteerLeastConn:
			return s.addCounted(ln)
		}
	}
	i := 0
	if ln.ReusePort && len(ln.FDs) > s.work.Slot {
		i = s.work.Slot
	}
	if i >= len(ln.FDs) || ln.FDs[i] < 0 {
		return fmt.Errorf("no listening socket for %s", ln.Addr)
	}
	accept := func(fd int, peer unix.Sockaddr) { ln.Accept(s.work, fd, peer) }
	l, err := s.work.Loop.Listen(ln.FDs[i], s.work.Cycle.Core.MultiAccept.V, accept, s.acceptFailed)
	if err != nil {
		return err
	}
	s.lns = append(s.lns, l)
	if s.acc != nil && !ln.ReusePort {
		s.acc.lns = append(s.acc.lns, l)
		return nil
	}
	return l.Enable(true)
}

// addCounted registers the worker's socket of a group with reuseport_balance
// least_conn, and those that workers of a former generation had and that are its
// share to empty. What is accepted counts at once.
func (s *server) addCounted(ln *cycle.Listening) error {
	accept := func(fd int, peer unix.Sockaddr) {
		ln.Accept(s.work, fd, peer)
		s.acc.count(s.work.Connections)
	}
	for i := s.work.Slot; i < len(ln.FDs); i += s.work.Count {
		l, err := s.work.Loop.Listen(ln.FDs[i], s.work.Cycle.Core.MultiAccept.V, accept, s.acceptFailed)
		if err != nil {
			return err
		}
		s.lns = append(s.lns, l)
		if err := l.Enable(true); err != nil {
			return err
		}
	}
	return nil
}

// addSteered registers all sockets of a group with single_listener; none accepts
// before the master says so.
func (s *server) addSteered(ln *cycle.Listening) error {
	accept := func(fd int, peer unix.Sockaddr) { ln.Accept(s.work, fd, peer) }
	for _, fd := range ln.FDs {
		l, err := s.work.Loop.Listen(fd, s.work.Cycle.Core.MultiAccept.V, accept, s.acceptFailed)
		if err != nil {
			return err
		}
		s.steered = append(s.steered, l)
	}
	return nil
}

// appointed makes the worker accept what single_listener gives to one worker.
func (s *server) appointed() {
	s.listener = true
	for _, ln := range s.steered {
		ln.Enable(true)
	}
}

// resign accepts what waits on the sockets of single_listener and then no more.
func (s *server) resign() {
	for _, ln := range s.steered {
		if s.listener {
			ln.Enable(true)
			ln.Drain()
		}
		ln.Remove()
	}
	s.steered, s.listener = nil, false
}

func (s *server) listen(on bool) {
	if s.listener {
		for _, ln := range s.steered {
			ln.Enable(on)
		}
	}
	for _, ln := range s.lns {
		if s.acc == nil || !contains(s.acc.lns, ln) {
			ln.Enable(on)
		}
	}
	if s.acc != nil && !on {
		s.acc.arm(false)
	}
}

func contains(list []*event.Listener, x *event.Listener) bool {
	for _, l := range list {
		if l == x {
			return true
		}
	}
	return false
}

// acceptFailed handles an error of accept: without descriptors the worker does
// not listen for half a second, as nginx.
func (s *server) acceptFailed(err error) {
	level := log.Alert
	var e syscall.Errno
	if errors.As(err, &e) && (e == syscall.EMFILE || e == syscall.ENFILE) {
		level = log.Crit
	}
	s.work.Cycle.Log.Print(level, 0, log.Errno("accept4() failed", err), "")
	s.listen(false)
	s.resume.Reset(500 * time.Millisecond)
}

// obey carries out what the master says; on a goroutine of its own.
func (s *server) obey(ctl control) {
	for {
		cmd, _, fds, err := ctl.receive()
		if err != nil {
			s.work.Loop.Post(func() {
				if !s.work.Quitting {
					s.work.Cycle.Log.Printf(log.Alert, "the master process is gone, quitting gracefully")
					s.quit()
				}
			})
			return
		}
		s.work.Loop.Post(func() { s.command(cmd, fds) })
	}
}

func (s *server) command(cmd byte, fds []int) {
	switch cmd {
	case cmdQuit:
		s.quit()
	case cmdTerminate:
		s.end(0)
	case cmdListen:
		s.appointed()
	case cmdReopen:
		files := s.work.Cycle.Files
		for i, fd := range fds {
			if i >= len(files) {
				unix.Close(fd)
				continue
			}
			files[i].Flush()
			files[i].Swap(os.NewFile(uintptr(fd), files[i].Name))
		}
		s.followLog()
	}
}

// followLog takes the reopened error log as standard error.
func (s *server) followLog() {
	if s.detached {
		redirectStderr(s.work.Cycle)
	}
}

// signals has a worker react to the signals that nginx's workers take.
func (s *server) signals() {
	ch := make(chan os.Signal, 16)
	signal.Notify(ch, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGWINCH)
	go func() {
		for sig := range ch {
			s.work.Loop.Post(func() {
				switch sig {
				case syscall.SIGTERM, syscall.SIGINT:
					s.end(0)
				case syscall.SIGQUIT, syscall.SIGWINCH:
					s.quit()
				case syscall.SIGUSR1:
					s.work.Cycle.Reopen()
					s.followLog()
				}
			})
		}
	}()
}

// quit ends the worker once nothing is active; connections that are idle are
// closed now.
func (s *server) quit() {
	if s.work.Quitting {
		return
	}
	w := s.work
	w.Cycle.Log.Printf(log.Notice, "gracefully shutting down")
	setTitle(w.Cycle.Identity.Name, "worker process is shutting down")
	w.Loop.OnSleep(nil, nil)
	if s.acc != nil {
		s.acc.leave()
	}
	for _, ln := range s.lns {
		ln.Remove()
	}
	s.lns = nil
	if d := w.Cycle.Core.ShutdownTimeout; d.Set && d.V > 0 {
		w.Loop.NewTimer(func() { s.end(0) }).Reset(d.V)
	}
	if s.left != nil {
		s.left()
	}
	w.Enter() // what waits is accepted behind the closing of idle connections
	w.Quit(func() { s.end(0) })
	s.resign()
	w.Leave()
}

// end makes run return.
func (s *server) end(code int) {
	if s.ended {
		return
	}
	s.ended = true
	s.code = code
	s.work.Exiting = true
	s.work.Loop.Stop()
}

// run serves until the end and returns the exit code.
func (s *server) run() int {
	s.work.Loop.Run()
	s.work.Exit()
	s.work.Cycle.Log.Printf(log.Notice, "exit")
	s.work.Cycle.Close()
	return s.code
}
