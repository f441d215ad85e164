package shm

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The model test: processes work on shared dictionaries and a channel and are
// killed at random and at every failpoint, while a process of its own checks
// the zones. Each worker owns keys whose state it keeps in a journal, a memory
// file that outlives it: the intent is noted before an operation, the result
// after, so that its successor knows the one operation that was in flight and
// accepts its old or its new state, nothing else.
//
// The full run, as in the project's requirements, is
//
//	PERIGEE_SHM_OPS=10000000 PERIGEE_SHM_KILLS=200 PERIGEE_SHM_FAILS=10 \
//	    go test -run TestModel -timeout 30m ./shm
const (
	modelWorkers = 4
	modelKeys    = 300
	sharedKeys   = 8
)

// keyState is what the model knows of a key.
type keyState struct {
	Type Type
	_    [7]byte
	A, B int64 // string: version; number: value; list: first and behind-last element
}

// journal is one worker's, in shared memory.
type journal struct {
	Ops, Goal  uint64
	Version    int64
	Pending    uint64 // 0: none, 1: key, 2: shared counter
	PendingKey uint64
	PendingNew keyState
	Keys       [modelKeys]keyState
	Shared     [sharedKeys]uint64 // increments done
	Maybe      [sharedKeys]uint64 // increments in flight at a death
	Hits       [failpoints]uint64 // deaths at failpoints
}

type journals [modelWorkers]journal

func mapJournals(fd int) (*journals, error) {
	size := int(unsafe.Sizeof(journals{}))
	mem, err := unix.Mmap(fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	return (*journals)(unsafe.Pointer(&mem[0])), nil
}

type modelConfig struct {
	ops, kills, fails int
	repairOff         bool
}

// model is the parent's view of a run.
type model struct {
	cfg    modelConfig
	dict   *Zone
	cache  *Zone
	ch     *Channel
	jfile  *os.File
	j      *journals
	kills  atomic.Int64 // from outside, planned and not missed
	deaths int
	exits  chan exit
	nextFP int
}

type exit struct {
	slot   int
	err    error
	stderr string
}

func newModel(t *testing.T, cfg modelConfig) *model {
	t.Helper()
	m := &model{cfg: cfg, exits: make(chan exit)}
	m.dict, m.cache = newZone(t, 32<<20), newZone(t, 128<<10)
	for _, z := range []*Zone{m.dict, m.cache} {
		if _, err := NewDict(z); err != nil {
			t.Fatal(err)
		}
	}
	ch, err := CreateChannel(Config{Name: "events", Size: 32 << 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ch.Close() })
	m.ch = ch
	fd, err := unix.MemfdCreate("journals", unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	m.jfile = os.NewFile(uintptr(fd), "journals")
	t.Cleanup(func() { m.jfile.Close() })
	if err := m.jfile.Truncate(int64(unsafe.Sizeof(journals{}))); err != nil {
		t.Fatal(err)
	}
	if m.j, err = mapJournals(fd); err != nil {
		t.Fatal(err)
	}
	for i := range m.j {
		m.j[i].Goal = uint64(cfg.ops / modelWorkers)
	}
	return m
}

func (m *model) command(role string, env ...string) (*exec.Cmd, *strings.Builder) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), append(env, roleEnv+"="+role, "GOMAXPROCS=2")...)
	if m.cfg.repairOff {
		cmd.Env = append(cmd.Env, "REPAIR_OFF=1")
	}
	zone, event := m.ch.Files()
	cmd.ExtraFiles = []*os.File{m.dict.File(), m.cache.File(), zone, event, m.jfile}
	out := &strings.Builder{}
	cmd.Stderr = out
	return cmd, out
}

// spawn starts a worker. It is armed with a failpoint while those are wanted;
// otherwise, or in turn, it is killed from outside after a while.
func (m *model) spawn(slot int) error {
	env := []string{fmt.Sprint("SLOT=", slot)}
	fp := m.wantedFailpoint()
	if fp >= 0 {
		after := 30
		if recovery(fp) {
			after = 1 // rarely does one life repair twice
		}
		env = append(env, fmt.Sprint("FAIL=", fp), fmt.Sprint("FAIL_AFTER=", 1+rand.IntN(after)))
	}
	cmd, out := m.command("model", env...)
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		err := cmd.Wait()
		close(ended)
		m.exits <- exit{slot, err, out.String()}
	}()
	if fp >= 0 && !recovery(fp) || m.kills.Load() >= int64(m.cfg.kills) {
		return nil
	}
	n := m.kills.Add(1)
	// The kills are spread over the operations of the run.
	due := uint64(n) * uint64(m.cfg.ops) / uint64(m.cfg.kills) * 9 / 10
	go func() {
		for wait := 5 * time.Millisecond; ; wait = time.Duration(rand.IntN(3000)) * time.Microsecond {
			select {
			case <-ended:
				m.kills.Add(-1)
				return
			case <-time.After(wait):
			}
			if m.ops() >= due {
				cmd.Process.Kill()
				return
			}
		}
	}()
	return nil
}

// recovery tells whether a failpoint is inside the repair of another's death.
func recovery(fp int) bool {
	return fp == int(failRecovering) || fp == int(failRecovered)
}

// wantedFailpoint returns one that has not been hit often enough, every other
// time, else -1.
func (m *model) wantedFailpoint() int {
	m.nextFP++
	if m.nextFP%2 == 0 && m.kills.Load() < int64(m.cfg.kills) {
		return -1
	}
	if m.nextFP%2 == 0 && recovery(slices.Min(append(m.unhit(), int(failpoints)))) {
		return int(failWordChanged) // someone has to leave a section to repair
	}
	for range failpoints {
		fp := (m.nextFP / 2) % int(failpoints)
		if m.hits(fp) < uint64(m.cfg.fails) {
			return fp
		}
		m.nextFP += 2
	}
	return -1
}

func (m *model) hits(fp int) (n uint64) {
	for i := range m.j {
		n += atomic.LoadUint64(&m.j[i].Hits[fp])
	}
	return n
}

func (m *model) unhit() (list []int) {
	for fp := range int(failpoints) {
		if m.hits(fp) < uint64(m.cfg.fails) {
			list = append(list, fp)
		}
	}
	return list
}

func (m *model) ops() (n uint64) {
	for i := range m.j {
		n += atomic.LoadUint64(&m.j[i].Ops)
	}
	return n
}

// more tells whether deaths are still wanted.
func (m *model) more() bool { return m.kills.Load() < int64(m.cfg.kills) || len(m.unhit()) > 0 }

func (m *model) run() (err error) {
	checker, checkOut := m.command("check")
	in, err := checker.StdinPipe()
	if err != nil {
		return err
	}
	if err := checker.Start(); err != nil {
		return err
	}
	checked := make(chan error, 1)
	go func() { checked <- checker.Wait() }()

	running := 0
	for slot := 1; slot <= modelWorkers; slot++ {
		if err := m.spawn(slot); err != nil {
			return err
		}
		running++
	}
	defer func() {
		if err == nil {
			return
		}
		// Let go of what still runs.
		m.cfg.kills = 0
		checker.Process.Kill()
		for i := range m.j {
			atomic.StoreUint64(&m.j[i].Goal, 0)
		}
		for ; running > 0; running-- {
			select {
			case <-m.exits:
			case <-time.After(5 * time.Second):
				return // a worker hangs in a damaged zone; it ends with its parent's descriptors
			}
		}
	}()
	last, lastAt := uint64(0), time.Now()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for running > 0 {
		select {
		case e := <-m.exits:
			running--
			if !killed(e.err) {
				if e.err != nil {
					return fmt.Errorf("worker %d: %v: %s", e.slot, e.err, e.stderr)
				}
				if !m.more() {
					continue
				}
				// Deaths are wanted beyond the operations: go on for a while.
				atomic.AddUint64(&m.j[e.slot-1].Goal, 20000)
			}
			m.deaths++
			if m.deaths%4 == 0 {
				m.dict.Recover() // else whoever comes first does it
			}
			if err := m.spawn(e.slot); err != nil {
				return err
			}
			running++
		case err := <-checked:
			checked <- err
			return fmt.Errorf("checker: %v: %s", err, checkOut.String())
		case <-tick.C:
			if n := m.ops() + uint64(m.deaths); n != last {
				last, lastAt = n, time.Now()
			}
			if time.Since(lastAt) > 20*time.Second {
				return fmt.Errorf("deadlock: no operation for 20 s, failpoints %v", m.unhit())
			}
		}
	}
	in.Close()
	if err := <-checked; err != nil {
		return fmt.Errorf("checker: %v: %s", err, checkOut.String())
	}
	return m.counters()
}

func killed(err error) bool {
	var ee *exec.ExitError
	if !errors.As(err, &ee) {
		return false
	}
	st := ee.Sys().(syscall.WaitStatus)
	return st.Signaled() && st.Signal() == syscall.SIGKILL
}

// counters compares the counters that all workers incremented.
func (m *model) counters() error {
	d, err := NewDict(m.dict)
	if err != nil {
		return err
	}
	for i := range sharedKeys {
		var least, most uint64
		for w := range m.j {
			least += m.j[w].Shared[i]
			most += m.j[w].Shared[i] + m.j[w].Maybe[i]
		}
		v, _, err := d.Get(fmt.Sprint("shared", i), nil)
		if err != nil || uint64(v.Num) < least || uint64(v.Num) > most {
			return fmt.Errorf("shared counter %d: %v, %v, want %d to %d", i, v.Num, err, least, most)
		}
	}
	return nil
}

func TestModel(t *testing.T) {
	cfg := modelConfig{
		ops: setting("PERIGEE_SHM_OPS", 2_000_000), kills: setting("PERIGEE_SHM_KILLS", 60),
		fails: setting("PERIGEE_SHM_FAILS", 2),
	}
	if testing.Short() {
		cfg = modelConfig{ops: 40_000, kills: 8, fails: 0}
	}
	m := newModel(t, cfg)
	start := time.Now()
	if err := m.run(); err != nil {
		t.Fatal(err)
	}
	if left := m.unhit(); len(left) > 0 {
		t.Errorf("failpoints not hit: %v", left)
	}
	t.Logf("%d operations, %d deaths of which %d from outside, %d+%d+%d sections taken back, %v",
		m.ops(), m.deaths, m.kills.Load(), m.dict.Recoveries(), m.cache.Recoveries(), m.ch.z.Recoveries(),
		time.Since(start).Round(time.Millisecond))
}

// With recovery reduced to unlocking, as nginx does it, the model test must
// fail: otherwise it proves nothing.
func TestModelSeesMissingRepair(t *testing.T) {
	if testing.Short() {
		t.Skip("takes several deaths")
	}
	m := newModel(t, modelConfig{ops: 1_000_000_000, kills: 100, fails: 5, repairOff: true})
	err := m.run()
	if err == nil {
		t.Fatal("no damage seen without repair")
	}
	t.Log("as it must be:", err)
}
