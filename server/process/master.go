package process

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/log"
	"golang.org/x/sys/unix"
)

// readyTimeout bounds how long a new generation may take to become ready.
const readyTimeout = 60 * time.Second

// Load makes a fresh cycle from what the files are now; Run has it read the
// configuration again on every reload.
type Load func(role cycle.Role) (*cycle.Cycle, error)

// master is the state of the master process. One goroutine owns it.
type master struct {
	load    Load
	cycle   *cycle.Cycle
	socks   sockets
	gen     *generation // serves; its workers are respawned
	next    *generation // starting, until all are ready
	workers map[int]*worker
	events  chan notice
	pidPath string

	steering steering
	zones    zoneBook
	// generations is the number of the newest generation.
	generations int
	later       chan func() // what is due later, see serve
	reloading   *reloading  // until the new generation's workers are started

	quitting  bool
	stopping  bool
	resting   bool // WINCH: no workers, sockets open
	upgrade   int  // pid of the new binary, 0 for none
	reexec    string
	escalate  <-chan time.Time
	forceExit <-chan time.Time
}

// notice is what a worker's control channel said.
type notice struct {
	w    *worker
	cmd  byte
	text string
	gone bool
}

// Run is the master process: it serves until it is told to end and returns the
// exit code.
func Run(c *cycle.Cycle, load Load) int {
	m := &master{load: load, cycle: c, workers: map[int]*worker{}, events: make(chan notice, 64), later: make(chan func(), 8), reexec: executable()}
	debug.SetGCPercent(50) // the master holds little and works seldom
	inherited := inheritedSockets(c.Log)
	m.steering.inherited = inheritedSteering(c.Log)
	if err := c.OpenFiles(); err != nil {
		c.Log.Print(log.Emerg, 0, err.Error(), "")
		return 1
	}
	if err := open(c, inherited); err != nil {
		logQuiet(c, err)
		return 1
	}
	m.socks = socketsOf(c)
	closeUnused(inherited, m.socks)
	zones, from := inheritedZones(c.Log)
	if err := c.RealizeZones(zones); err != nil {
		c.Log.Print(log.Emerg, 0, err.Error(), "")
		return 1
	}
	zones.CloseUnused(c.Zones())
	if err := m.initialise(c); err != nil {
		logLines(c.Log, err)
		return 1
	}
	m.zones.serving(c)
	m.zones.side, m.generations = from.Side, from.Generation
	m.pidPath = c.Core.PID.V
	if err := writePID(m.pidPath); err != nil {
		c.Log.Print(log.Emerg, 0, err.Error(), "")
		return 1
	}
	sig := make(chan os.Signal, 64)
	signal.Notify(sig, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH, syscall.SIGCHLD)
	signal.Ignore(syscall.SIGPIPE)
	setTitle(c.Identity.Name, "master process "+strings.Join(Args, " "))
	c.Log.Printf(log.Notice, "using the \"epoll\" event method")
	c.Log.Printf(log.Notice, "%s", c.Identity.Full())
	m.steer(nil)
	c.Log.Printf(log.Notice, "start worker processes")
	g, err := m.start(c)
	if err != nil {
		c.Log.Print(log.Emerg, 0, err.Error(), "")
		removePID(m.pidPath, c.Log)
		return 1
	}
	m.gen = g
	c.Started()
	if detached(c) {
		redirectStderr(c)
	}
	daemonReady()
	return m.serve(sig)
}

// logLines logs an error of several lines.
func logLines(l *log.Logger, err error) {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if line != "" {
			l.Print(log.Emerg, 0, line, "")
		}
	}
}

// logQuiet logs an error, unless its lines have been logged already.
func logQuiet(c *cycle.Cycle, err error) {
	if !errors.Is(err, errQuiet) {
		c.Log.Print(log.Emerg, 0, err.Error(), "")
	}
}

// executable is the path of the program for an upgrade: what argv[0] names then.
func executable() string {
	name := Args[0]
	if strings.Contains(name, "/") {
		if abs, err := filepath.Abs(name); err == nil {
			return abs
		}
		return name
	}
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if p := filepath.Join(dir, name); unix.Access(p, unix.X_OK) == nil {
			return p
		}
	}
	return name
}

// serve is the master's loop.
func (m *master) serve(sig <-chan os.Signal) int {
	for {
		select {
		case s := <-sig:
			m.signal(s.(syscall.Signal))
		case e := <-m.events:
			m.noticed(e)
		case f := <-m.later:
			f()
		case <-m.steering.tick():
			m.balance()
		case <-m.nextDeadline():
			m.drop(log.Emerg, "the new workers were not ready in time", true)
		case <-m.escalate:
			m.escalate = nil
			m.tell(cmdTerminate)
			m.kill(syscall.SIGTERM)
			m.forceExit = time.After(time.Second)
		case <-m.forceExit:
			m.forceExit = nil
			m.kill(syscall.SIGKILL)
		}
		if (m.quitting || m.stopping) && len(m.workers) == 0 {
			return m.exit()
		}
	}
}

func (m *master) exit() int {
	if r := m.reloading; r != nil && r.child != nil {
		syscall.Kill(r.child.pid, syscall.SIGKILL)
	}
	if m.upgrade == 0 || !strings.HasSuffix(m.pidPath, oldSuffix) {
		removePID(m.pidPath, m.cycle.Log)
	} else {
		os.Remove(m.pidPath)
	}
	if m.upgrade == 0 {
		m.cycle.SaveZones()
		for addr := range m.socks {
			removeUnix(addr)
		}
	}
	m.cycle.Log.Printf(log.Notice, "exit")
	m.cycle.Close()
	return 0
}

func (m *master) signal(s syscall.Signal) {
	if s != syscall.SIGCHLD {
		m.cycle.Log.Printf(log.Notice, "signal %d (%s) received", int(s), unix.SignalName(s))
	}
	switch s {
	case syscall.SIGCHLD:
		m.reap()
	case syscall.SIGTERM, syscall.SIGINT:
		m.stopping = true
		m.tell(cmdTerminate)
		m.kill(syscall.SIGTERM)
		m.forceExit = time.After(time.Second)
	case syscall.SIGQUIT:
		m.quitting = true
		m.tell(cmdQuit)
	case syscall.SIGHUP:
		m.reload()
	case syscall.SIGUSR1:
		m.cycle.Log.Printf(log.Notice, "reopening logs")
		m.cycle.Reopen()
		if detached(m.cycle) {
			redirectStderr(m.cycle)
		}
		m.reopenWorkers()
	case syscall.SIGUSR2:
		m.startUpgrade()
	case syscall.SIGWINCH:
		m.resting = true
		for _, w := range m.workers {
			w.send(cmdQuit)
		}
	}
}

// tell sends a command to every worker.
func (m *master) tell(cmd byte) {
	for _, w := range m.workers {
		w.send(cmd)
	}
}

func (m *master) kill(s syscall.Signal) {
	for pid := range m.workers {
		syscall.Kill(pid, s)
	}
}

// reopenWorkers sends the reopened log files to the workers of the present
// generation; those of older ones keep the files they have.
func (m *master) reopenWorkers() {
	var fds []int
	for _, f := range m.cycle.Files {
		fds = append(fds, int(rawFD(f.Handle())))
	}
	for _, w := range m.workers {
		if w.gen == m.gen {
			w.ctl.send(cmdReopen, "", fds...)
		}
	}
}

// reload makes a new generation; the old one goes on until that is ready.
func (m *master) reload() {
	if m.resting && m.upgrade != 0 {
		m.resting = false // back from an upgrade: the old binary takes over again
		m.restart()
		return
	}
	if m.quitting || m.stopping {
		return
	}
	m.cycle.Log.Printf(log.Notice, "reconfiguring")
	if m.reloading != nil {
		m.reloading.again = true
		return
	}
	if m.next != nil {
		m.drop(log.Notice, "another reload was asked for", false)
	}
	m.beginReload()
}

// restart starts workers of the present cycle.
func (m *master) restart() {
	g, err := m.start(m.cycle)
	if err != nil {
		m.cycle.Log.Print(log.Emerg, 0, err.Error(), "")
		return
	}
	m.gen = g
	m.steering.point(m.cycle.Log, 0)
}

func (m *master) nextDeadline() <-chan time.Time {
	if m.next == nil {
		return nil
	}
	return m.next.deadline
}

// promote makes the new generation the one that serves.
func (m *master) promote() {
	old, oldSocks := m.gen, m.socks
	m.gen, m.next = m.next, nil
	before := m.cycle
	m.cycle = m.gen.cycle
	m.zones.serving(m.cycle)
	m.socks = socketsOf(m.cycle)
	closeUnused(m.steer(oldSocks), m.socks)
	m.appoint()
	for _, w := range m.workers {
		if w.gen == old {
			w.send(cmdQuit)
		}
	}
	old.close()
	if before != m.cycle {
		before.Close()
	}
	if p := m.cycle.Core.PID.V; p != strings.TrimSuffix(m.pidPath, oldSuffix) && m.upgrade == 0 {
		if err := writePID(p); err != nil {
			m.cycle.Log.Print(log.Emerg, 0, err.Error(), "")
		} else {
			removePID(m.pidPath, m.cycle.Log)
			m.pidPath = p
		}
	}
}

// drop gives the new generation up; the old one goes on. Workers that may serve
// already finish what they have; those that hang are ended.
func (m *master) drop(level log.Level, why string, hang bool) {
	g := m.next
	m.next = nil
	m.cycle.Log.Printf(level, "the new configuration is not used: %s", why)
	for pid, w := range m.workers {
		switch {
		case w.gen != g:
		case hang && !w.ready:
			w.send(cmdTerminate)
			syscall.Kill(pid, syscall.SIGTERM)
		default:
			w.send(cmdQuit)
		}
	}
	g.close()
	m.abandon(g.cycle)
}

// abandon closes what a cycle that will not serve has opened for itself.
func (m *master) abandon(c *cycle.Cycle) {
	var fresh []int
	for _, ln := range c.Listening {
		if have := m.socks[ln.Addr]; len(ln.FDs) > len(have) {
			fresh = append(fresh, ln.FDs[len(have):]...)
		}
		if m.socks[ln.Addr] == nil {
			removeUnix(ln.Addr)
		}
	}
	retire(fresh)
	c.Zones().CloseUnused(m.cycle.Zones())
	c.Close()
}

func (m *master) noticed(e notice) {
	w := e.w
	switch {
	case e.gone:
		return // the death of the worker is told by SIGCHLD
	case e.cmd == cmdReady:
		w.ready = true
		if w.gen == m.next && w.gen.allReady() {
			m.promote()
			return
		}
		m.arrived(w)
	case e.cmd == cmdLeft:
		w.left = true
		m.deposed(w)
	case e.cmd == cmdFailed:
		w.failure = e.text
	}
}

// reap takes every child that has ended, as process 1 of a container also those
// of others.
func (m *master) reap() {
	for {
		var st syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &st, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		if r := m.reloading; r != nil && r.child != nil && r.child.pid == pid {
			r.child.status <- st
			continue
		}
		if pid == m.upgrade {
			m.upgradeEnded()
			continue
		}
		if w := m.workers[pid]; w != nil {
			m.ended(w, st)
		}
	}
}

// ended handles the death of a worker.
func (m *master) ended(w *worker, st syscall.WaitStatus) {
	delete(m.workers, w.pid)
	w.ctl.close()
	w.gen.buried(w)
	m.deposed(w)
	m.bury(w)
	switch {
	case st.Signaled() && w.told && st.Signal() == syscall.SIGTERM:
		// Told to end before it could take signals.
		m.cycle.Log.Printf(log.Notice, "worker process %d exited on signal %d", w.pid, int(st.Signal()))
	case st.Signaled():
		m.cycle.Log.Printf(log.Alert, "worker process %d exited on signal %d", w.pid, int(st.Signal()))
	case w.crashed(st):
		m.cycle.Log.Printf(log.Alert, "worker process %d crashed and exited with code %d", w.pid, st.ExitStatus())
	case st.ExitStatus() == exitInit:
		m.cycle.Log.Printf(log.Alert, "worker process %d exited with fatal code %d and cannot be respawned", w.pid, exitInit)
	default:
		m.cycle.Log.Printf(log.Notice, "worker process %d exited with code %d", w.pid, st.ExitStatus())
	}
	if w.gen == m.next {
		why := w.failure
		if why == "" {
			why = fmt.Sprintf("worker process %d ended before it was ready", w.pid)
		}
		m.drop(log.Emerg, why, false)
		return
	}
	if m.quitting || m.stopping || m.resting || w.gen != m.gen || w.told {
		return
	}
	if st.Exited() && st.ExitStatus() == exitInit && !w.crashed(st) {
		if len(m.workers) == 0 {
			m.cycle.Log.Printf(log.Alert, "no worker process can be started")
			m.stopping = true
		}
		return
	}
	if st.Exited() && st.ExitStatus() == exitRestart && w.ready {
		if d := w.gen.restarted(w.slot, time.Now()); d > 0 {
			time.AfterFunc(d, func() { m.later <- func() { m.respawn(w) } })
			return
		}
	}
	m.respawn(w)
}

// respawn starts a worker in the place of one that has ended, unless the
// generation does not serve any more.
func (m *master) respawn(w *worker) {
	if m.quitting || m.stopping || m.resting || w.gen != m.gen {
		return
	}
	if err := w.gen.spawn(m, w.slot); err != nil {
		m.cycle.Log.Print(log.Alert, 0, "could not respawn worker: "+err.Error(), "")
	}
}
