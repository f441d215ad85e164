package process

import (
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/shm"
	"golang.org/x/sys/unix"
)

// initTimeout bounds how long the init process may take.
const initTimeout = 60 * time.Second

// initResult is what the init process tells the process that has started it.
type initResult struct {
	Err   string
	Files map[string]cycle.Snap // read meanwhile
	Init  map[string][]byte
}

// Initialise runs the short-lived init process of a generation, when there is
// something to initialise: the executable of the workers loads libraries, checks
// what the configuration wants of them and runs init code, so that what is wrong
// is found before any worker is started. What it has read and found out goes to
// the snapshot. With -t (testing) no init code runs.
func Initialise(c *cycle.Cycle, zoneSlot int, testing bool) error {
	if !c.NeedsInit() {
		return nil
	}
	if exe, _, err := c.Executable(); err != nil || testing && exe == "" {
		if err != nil {
			return err
		}
		return c.Init()
	}
	child, err := beginInit(c, zoneSlot, testing)
	if err != nil {
		return err
	}
	return child.result(child.wait)
}

// initChild is an init process that runs.
type initChild struct {
	c      *cycle.Cycle
	pid    int
	out    *os.File
	status chan syscall.WaitStatus // from whoever has reaped it
}

// beginInit starts the init process.
func beginInit(c *cycle.Cycle, zoneSlot int, testing bool) (*initChild, error) {
	exe, _, err := c.Executable()
	if err != nil {
		return nil, err
	}
	if exe == "" {
		exe = "/proc/self/exe"
	}
	b := &Boot{Options: c.Options, Snapshot: c.Snapshot, AcceptPage: -1, Testing: testing, Version: cycle.Version}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	fds := []uintptr{0, 1, 2, 0, rawFD(w)}
	if detached(c) {
		fds[2] = stderrOf(c)
	}
	inherit := func(fd uintptr) int {
		fds = append(fds, fd)
		return len(fds) - 1
	}
	if !testing {
		b.Zones, b.ZoneSlots = inheritZones(c.Zones(), inherit), []int{zoneSlot}
	}
	for _, f := range c.Files {
		b.Files = append(b.Files, InheritedFile{f.Name, inherit(rawFD(f.Handle()))})
	}
	boot, err := b.seal()
	if err != nil {
		r.Close()
		w.Close()
		return nil, err
	}
	defer boot.Close()
	fds[bootFD] = rawFD(boot)
	pid, err := syscall.ForkExec(exe, []string{c.Identity.Name + ": init process"}, &syscall.ProcAttr{
		Files: fds, Env: append(workerEnv(&c.Core), bootEnv+"=init"),
	})
	w.Close()
	if err != nil {
		r.Close()
		return nil, fmt.Errorf("start of the init process failed: %w", err)
	}
	return &initChild{c: c, pid: pid, out: r, status: make(chan syscall.WaitStatus, 1)}, nil
}

// wait reaps the process where nobody else does.
func (i *initChild) wait() (st syscall.WaitStatus) {
	for {
		if _, err := syscall.Wait4(i.pid, &st, 0, nil); err != syscall.EINTR {
			return st
		}
	}
}

// reaped waits until somebody else has reaped the process.
func (i *initChild) reaped() syscall.WaitStatus { return <-i.status }

// result waits for the init process and takes what it says into the snapshot;
// reap waits for its end.
func (i *initChild) result(reap func() syscall.WaitStatus) error {
	c := i.c
	late := time.AfterFunc(initTimeout, func() { syscall.Kill(i.pid, syscall.SIGKILL) })
	var res initResult
	err := gob.NewDecoder(i.out).Decode(&res)
	i.out.Close()
	st := reap()
	switch {
	case !late.Stop():
		return fmt.Errorf("the init process was not ready within %s", initTimeout)
	case err != nil && st.Signaled():
		return fmt.Errorf("the init process exited on signal %d", int(st.Signal()))
	case err != nil:
		return fmt.Errorf("the init process exited with code %d", st.ExitStatus())
	case res.Err != "":
		return errors.New(strings.TrimSuffix(res.Err, "\n"))
	}
	for name, f := range res.Files {
		if _, ok := c.Snapshot.Files[name]; !ok {
			c.Snapshot.Files[name] = f
		}
	}
	c.Snapshot.Init = res.Init
	return nil
}

// Init is the life of the init process; it returns the exit code.
func Init() int {
	os.Unsetenv(bootEnv)
	signal.Ignore(syscall.SIGPIPE)
	unix.CloseOnExec(controlFD)
	out := os.NewFile(controlFD, "result")
	res, err := runInit()
	if err != nil {
		res.Err = err.Error()
	}
	if e := gob.NewEncoder(out).Encode(res); e != nil || err != nil {
		return 1
	}
	return 0
}

func runInit() (res initResult, err error) {
	boot, err := readBoot(bootFD)
	if err != nil {
		return res, err
	}
	setTitle(boot.Options.Identity.Name, "init process")
	role := cycle.Init
	if boot.Testing {
		role = cycle.Tester
	}
	c := cycle.New(boot.Options, role, boot.Snapshot)
	c.Told = true
	if err := c.Load(); err != nil {
		return res, err
	}
	adopt(c, boot, 0)
	if !boot.Testing {
		set := shm.NewSet()
		for _, z := range boot.Zones {
			if err := openZone(set, z, boot.ZoneSlots[0]); err != nil {
				return res, err
			}
		}
		if err := c.AdoptZones(set); err != nil {
			return res, err
		}
	}
	err = c.Init()
	return initResult{Files: boot.Snapshot.Files, Init: boot.Snapshot.Init}, err
}
