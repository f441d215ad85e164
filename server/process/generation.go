package process

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/log"
	"golang.org/x/sys/unix"
)

// exitInit is the exit code of a worker that can not initialise.
const exitInit = 2

// exitRestart is the exit code of a worker that wants to be started again.
const exitRestart = 1

// generation is a set of workers that serve one cycle.
type generation struct {
	number   int
	cycle    *cycle.Cycle
	boot     *os.File
	fds      []uintptr // what every worker inherits from descriptor firstFD on, before the log files
	page     *acceptPage
	pageFile *os.File
	kicks    []int
	workers  []*worker // by slot
	// zoneSlots are the owner slots in shared memory of the workers, by slot.
	zoneSlots []int
	deadline  <-chan time.Time
	restarts  map[int]*restarts // by slot: of workers that asked for it
	listens   bool              // one of the workers was appointed as listener
}

// worker is one worker process as the master sees it.
type worker struct {
	pid     int
	slot    int
	gen     *generation
	ctl     control
	ready   bool
	told    bool // to end
	left    bool // accepts nothing any more
	failure string
}

// crashed reports whether the worker has served and then ended by a panic or
// another fatal error of Go, whose exit code is the one of a worker that can not
// initialise, or that says that it ends for good.
func (w *worker) crashed(st syscall.WaitStatus) bool {
	return w.ready && w.failure == "" && st.Exited() && st.ExitStatus() == exitInit
}

func (w *worker) send(cmd byte) {
	if cmd == cmdQuit || cmd == cmdTerminate {
		w.told = true
	}
	w.ctl.send(cmd, "")
}

// start makes a generation and starts its workers.
func (m *master) start(c *cycle.Cycle) (*generation, error) {
	number := m.generations + 1
	g := &generation{number: number, cycle: c, workers: make([]*worker, c.Core.Workers), deadline: time.After(readyTimeout)}
	var err error
	if g.zoneSlots, err = m.zoneSlots(c, len(g.workers)); err != nil {
		return nil, err
	}
	m.generations = number
	if err := g.prepare(); err != nil {
		g.close()
		return nil, err
	}
	for slot := range g.workers {
		if err := g.spawn(m, slot); err != nil {
			for _, w := range g.workers[:slot] {
				w.send(cmdQuit) // it may serve already
			}
			g.close()
			return nil, err
		}
	}
	return g, nil
}

// prepare makes the boot record and the list of descriptors that go with it.
func (g *generation) prepare() error {
	c := g.cycle
	if len(g.workers) > maxWorkers {
		return fmt.Errorf("%d worker processes are more than %d", len(g.workers), maxWorkers)
	}
	b := &Boot{
		Options: c.Options, Snapshot: c.Snapshot, Generation: g.number, Count: len(g.workers),
		ZoneSlots: g.zoneSlots, AcceptPage: -1, Detached: detached(c), Version: cycle.Version,
	}
	inherit := func(fd uintptr) int {
		g.fds = append(g.fds, fd)
		return firstFD + len(g.fds) - 1
	}
	for _, ln := range c.Listening {
		for i, fd := range ln.FDs {
			b.Sockets = append(b.Sockets, Socket{ln.Addr, i, inherit(uintptr(fd))})
		}
	}
	b.Zones = inheritZones(c.Zones(), inherit)
	var err error
	if g.pageFile, g.page, err = newAcceptPage(); err != nil {
		return err
	}
	b.AcceptPage = inherit(rawFD(g.pageFile))
	for range g.workers {
		fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
		if err != nil {
			return os.NewSyscallError("eventfd", err)
		}
		g.kicks = append(g.kicks, fd)
		b.Kicks = append(b.Kicks, inherit(uintptr(fd)))
	}
	for i, f := range c.Files { // behind the others, as USR1 replaces them
		b.Files = append(b.Files, InheritedFile{f.Name, firstFD + len(g.fds) + i})
	}
	g.boot, err = b.seal()
	return err
}

// spawn starts the worker of a slot by executing the program itself.
func (g *generation) spawn(m *master, slot int) error {
	ctl, theirs, err := pair()
	if err != nil {
		return err
	}
	defer theirs.Close()
	stderr := uintptr(2)
	if detached(g.cycle) {
		stderr = stderrOf(g.cycle)
	}
	fds := []uintptr{0, 1, stderr, rawFD(g.boot), rawFD(theirs)}
	fds = append(fds, g.fds...)
	for _, f := range g.cycle.Files {
		fds = append(fds, rawFD(f.Handle()))
	}
	id := g.cycle.Identity.Name
	attr := &syscall.ProcAttr{
		Files: fds,
		Env:   append(workerEnv(&g.cycle.Core), bootEnv+"=worker", fmt.Sprintf("PERIGEE_SLOT=%d", slot)),
	}
	exe, _, err := g.cycle.Executable()
	if err != nil {
		ctl.close()
		return err
	}
	if exe == "" {
		exe = "/proc/self/exe"
	}
	pid, err := startOn(&g.cycle.Core, slot, func() (int, error) {
		return syscall.ForkExec(exe, []string{id + ": worker process"}, attr)
	})
	if err != nil {
		ctl.close()
		return fmt.Errorf("start of a worker process failed: %w", err)
	}
	w := &worker{pid: pid, slot: slot, gen: g, ctl: ctl}
	g.workers[slot] = w
	g.page.pids[slot].Store(int32(pid))
	m.workers[pid] = w
	m.cycle.Log.Printf(log.Notice, "start worker process %d", pid)
	go listenTo(w, m.events)
	return nil
}

// listenTo carries what a worker says to the master's loop.
func listenTo(w *worker, events chan<- notice) {
	for {
		cmd, text, _, err := w.ctl.receive()
		if err != nil {
			events <- notice{w: w, gone: true}
			return
		}
		events <- notice{w: w, cmd: cmd, text: text}
	}
}

// workerEnv is the environment of workers: TZ and what env directives name.
func workerEnv(c *cycle.Core) []string {
	var out []string
	tz := false
	for _, e := range c.Env {
		name, _, set := strings.Cut(e, "=")
		tz = tz || name == "TZ"
		if set {
			out = append(out, e)
			continue
		}
		if v, ok := os.LookupEnv(name); ok {
			out = append(out, name+"="+v)
		}
	}
	if v, ok := os.LookupEnv("TZ"); ok && !tz {
		out = append(out, "TZ="+v)
	}
	for _, name := range []string{"GOGC", "GOMAXPROCS", "GOMEMLIMIT", "GODEBUG", "GOTRACEBACK", "GOCOVERDIR", "GORACE"} {
		if v, ok := os.LookupEnv(name); ok {
			out = append(out, name+"="+v)
		}
	}
	return out
}

func (g *generation) allReady() bool {
	for _, w := range g.workers {
		if w == nil || !w.ready {
			return false
		}
	}
	return true
}

// buried notes that a worker of the generation has died.
func (g *generation) buried(w *worker) {
	if g.page != nil {
		g.page.buried(w.slot, g.kicks)
	}
}

// close frees what the master keeps of a generation that is not respawned any
// more; its workers have their own copies.
func (g *generation) close() {
	if g.boot != nil {
		g.boot.Close()
		g.boot = nil
	}
	if g.pageFile != nil {
		g.page.unmap()
		g.page = nil
		g.pageFile.Close()
		g.pageFile = nil
	}
	for _, fd := range g.kicks {
		unix.Close(fd)
	}
	g.kicks = nil
}
