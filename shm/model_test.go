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

func init() {
	roles["model"] = modelWorker
	roles["check"] = modelChecker
}

// worker is the state of a model worker's process.
type worker struct {
	j     *journal
	slot  int
	dict  *Dict // large: holds the model's keys
	cache *Dict // small: everything there is evicted, expired, dropped
	ch    *Channel
	sub   *Subscription
	rng   *rand.Rand
	buf   []byte
	val   []byte
}

// modelWorker's descriptors: 3 dictionary, 4 cache, 5 channel, 6 eventfd, 7 journals.
func modelWorker() error {
	slot := setting("SLOT", 1)
	all, err := mapJournals(7)
	if err != nil {
		return err
	}
	j := &all[slot-1]
	repairOff = os.Getenv("REPAIR_OFF") != ""
	if fp := setting("FAIL", -1); fp >= 0 {
		left := setting("FAIL_AFTER", 1)
		failHook = func(at failpoint) {
			if int(at) != fp {
				return
			}
			if left--; left <= 0 {
				atomic.AddUint64(&j.Hits[fp], 1)
				syscall.Kill(os.Getpid(), syscall.SIGKILL)
			}
		}
	}
	w := &worker{j: j, slot: slot, rng: rand.New(rand.NewPCG(uint64(os.Getpid()), uint64(time.Now().UnixNano())))}
	if w.dict, err = openDict(3, slot); err != nil {
		return err
	}
	if w.cache, err = openDict(4, slot); err != nil {
		return err
	}
	if w.ch, err = OpenChannel(5, 6, slot); err != nil {
		return err
	}
	w.sub = w.ch.Subscribe(1, FromLast)
	if err := w.resolve(); err != nil {
		return err
	}
	parent := os.Getppid()
	for j.Ops < atomic.LoadUint64(&j.Goal) {
		if j.Ops%1024 == 0 && os.Getppid() != parent {
			return errors.New("the test has ended")
		}
		if err := w.step(); err != nil {
			return fmt.Errorf("operation %d: %w", j.Ops, err)
		}
		atomic.AddUint64(&j.Ops, 1)
	}
	for i := range uint64(modelKeys) {
		if err := w.verify(i, j.Keys[i]); err != nil {
			return err
		}
	}
	return nil
}

func openDict(fd, slot int) (*Dict, error) {
	z, err := Open(fd, slot)
	if err != nil {
		return nil, err
	}
	return NewDict(z)
}

func (w *worker) key(i uint64) string { return fmt.Sprintf("worker%d:key%d", w.slot, i) }

// resolve settles the operation that the predecessor died in.
func (w *worker) resolve() error {
	j := w.j
	switch j.Pending {
	case 1:
		if err := w.verify(j.PendingKey, j.PendingNew); err != nil {
			if old := w.verify(j.PendingKey, j.Keys[j.PendingKey]); old != nil {
				return fmt.Errorf("neither old nor new state: %v; %v", old, err)
			}
			break
		}
		j.Keys[j.PendingKey] = j.PendingNew
	case 2:
		j.Maybe[j.PendingKey]++
	}
	atomic.StoreUint64(&j.Pending, 0)
	return nil
}

// text is the string that a version of a key has, of a size that depends on it.
func (w *worker) text(i uint64, version int64) []byte {
	sizes := [...]int{0, 8, 20, 60, 100, 300, 1100, 3000, 9000}
	n := sizes[uint64(version)%9] + int(uint64(version)/9%5)
	w.val = append(w.val[:0], fmt.Sprintf("%d.%d.", i, version)...)
	for len(w.val) < n {
		w.val = append(w.val, byte('a'+(uint64(version)+uint64(len(w.val)))%26))
	}
	return w.val
}

// verify compares a key's state in the dictionary with the model's.
func (w *worker) verify(i uint64, want keyState) error {
	key := w.key(i)
	if want.Type == List {
		n, err := w.dict.LLen(key)
		if err != nil || int64(n) != want.B-want.A {
			return fmt.Errorf("%s: list of %d, %v, want %+v", key, n, err, want)
		}
		return nil
	}
	v, _, err := w.dict.Get(key, w.buf[:0])
	w.buf = v.Str
	if err != nil || v.Type != want.Type {
		return fmt.Errorf("%s: %+v, %v, want %+v", key, v.Type, err, want)
	}
	if v.Type == Number && int64(v.Num) != want.A {
		return fmt.Errorf("%s: %v, want %+v", key, v.Num, want)
	}
	if v.Type == String && string(v.Str) != string(w.text(i, want.A)) {
		return fmt.Errorf("%s: %q, want %+v", key, v.Str, want)
	}
	return nil
}

// intend notes the operation in flight, done its end.
func (w *worker) intend(kind, key uint64, to keyState) {
	w.j.PendingKey, w.j.PendingNew = key, to
	atomic.StoreUint64(&w.j.Pending, kind)
}

func (w *worker) done() {
	if w.j.Pending == 1 {
		w.j.Keys[w.j.PendingKey] = w.j.PendingNew
	}
	atomic.StoreUint64(&w.j.Pending, 0)
}

func (w *worker) step() error {
	switch n := w.rng.IntN(100); {
	case n < 70:
		return w.ownKey()
	case n < 80:
		return w.sharedKey()
	case n < 97:
		return w.cacheKey()
	default:
		return w.message()
	}
}

func (w *worker) ownKey() error {
	i := w.rng.Uint64N(modelKeys)
	state, key := w.j.Keys[i], w.key(i)
	switch w.rng.IntN(10) {
	case 0, 1, 2:
		return w.verify(i, state)
	case 3:
		w.intend(1, i, keyState{})
		if err := w.dict.Delete(key); err != nil {
			return err
		}
	case 4, 5, 6:
		w.j.Version++
		w.intend(1, i, keyState{Type: String, A: w.j.Version})
		forcible, err := w.dict.Set(key, BytesValue(w.text(i, w.j.Version)), 0, 0)
		if err != nil || forcible {
			return fmt.Errorf("set: %v, %v", forcible, err)
		}
	case 7:
		return w.count(i, state, key)
	default:
		return w.list(i, state, key)
	}
	w.done()
	return nil
}

func (w *worker) count(i uint64, state keyState, key string) error {
	to := keyState{Type: Number, A: 1}
	if state.Type == Number {
		to.A = state.A + 1
	} else if state.Type != Nil {
		if _, err := w.dict.Incr(key, 1); err != ErrNotNumber {
			return fmt.Errorf("incr of type %d: %v", state.Type, err)
		}
		return nil
	}
	w.intend(1, i, to)
	if sum, _, err := w.dict.IncrInit(key, 1, 0, 0); err != nil || int64(sum) != to.A {
		return fmt.Errorf("incr: %v, %v, want %d", sum, err, to.A)
	}
	w.done()
	return nil
}

func (w *worker) list(i uint64, state keyState, key string) error {
	to := state
	if state.Type != List {
		if state.Type != Nil {
			if _, err := w.dict.RPush(key, NumberValue(1)); err != ErrNotList {
				return fmt.Errorf("push on type %d: %v", state.Type, err)
			}
			return nil
		}
		to = keyState{Type: List}
	}
	push := state.Type != List || w.rng.IntN(3) > 0
	left := w.rng.IntN(2) == 0
	var want int64
	switch {
	case push && left:
		to.A--
		want = to.A
	case push:
		want = to.B
		to.B++
	case left:
		want = to.A
		to.A++
	default:
		to.B--
		want = to.B
	}
	if to.A == to.B {
		to = keyState{}
	}
	w.intend(1, i, to)
	if push {
		n, err := w.dict.push(key, NumberValue(float64(want)), left)
		if err != nil || int64(n) != to.B-to.A {
			return fmt.Errorf("push: %d, %v, want %+v", n, err, to)
		}
	} else if v, err := w.dict.pop(key, w.buf[:0], left); err != nil || v.Type != Number || int64(v.Num) != want {
		return fmt.Errorf("pop: %v, %v, want %d", v, err, want)
	}
	w.done()
	return nil
}

func (w *worker) sharedKey() error {
	i := w.rng.Uint64N(sharedKeys)
	w.intend(2, i, keyState{})
	if _, _, err := w.dict.IncrInit(fmt.Sprint("shared", i), 1, 0, 0); err != nil {
		return err
	}
	w.j.Shared[i]++
	w.done()
	return nil
}

// cacheKey works on keys of all workers in a zone that is always full; a value
// proves itself.
func (w *worker) cacheKey() error {
	n := w.rng.IntN(400)
	key := fmt.Sprint("cache", n)
	switch w.rng.IntN(12) {
	case 0, 1, 2, 3:
		v, _, err := w.cache.Get(key, w.buf[:0])
		if err != nil && err != ErrIsList {
			return err
		}
		w.buf = v.Str
		if v.Type == String && !proves(v.Str, key) {
			return fmt.Errorf("cache holds %q under %s", v.Str, key)
		}
	case 4:
		_, err := w.cache.LPush("list"+key[5:6], BytesValue(w.text(1, 50)))
		return except(err, ErrNoMemory, ErrNotList)
	case 5:
		if w.rng.IntN(20) == 0 {
			return w.cache.Delete("list" + key[5:6])
		}
		_, err := w.cache.RPop("list"+key[5:6], w.buf[:0])
		return except(err, ErrNotList)
	case 6:
		switch w.rng.IntN(40) {
		case 0:
			w.cache.FlushAll()
		case 1:
			w.cache.FlushExpired(0)
		case 2:
			w.cache.Keys(10)
		}
	default:
		w.val = append(append(w.val[:0], key...), ' ')
		for n := w.rng.IntN(3000) * w.rng.IntN(2); n > 0; n-- {
			w.val = append(w.val, byte(len(key)+n))
		}
		w.val = append(w.val, key...)
		_, err := w.cache.Set(key, BytesValue(w.val), int64(w.rng.IntN(2)*w.rng.IntN(50)), 0)
		return except(err, ErrNoMemory)
	}
	return nil
}

func proves(v []byte, key string) bool {
	return len(v) > 2*len(key) && strings.HasPrefix(string(v), key+" ") && strings.HasSuffix(string(v), key)
}

func except(err error, allowed ...error) error {
	for _, a := range allowed {
		if errors.Is(err, a) {
			return nil
		}
	}
	return err
}

func (w *worker) message() error {
	w.val = w.val[:0]
	n := byte(w.rng.IntN(200))
	for range n {
		w.val = append(w.val, n)
	}
	if _, err := w.ch.Publish(ToAll(), "topic", w.val); err != nil {
		return err
	}
	var bad error
	w.sub.Drain(func(m Message) {
		for _, b := range m.Data {
			if int(b) != len(m.Data) {
				bad = fmt.Errorf("message %d is mixed up", m.Seq)
			}
		}
	})
	return bad
}

// modelChecker walks the zones until its standard input ends.
func modelChecker() error {
	repairOff = os.Getenv("REPAIR_OFF") != ""
	var zones []*Zone
	for fd := 3; fd <= 5; fd++ {
		z, err := Open(fd, 100)
		if err != nil {
			return err
		}
		zones = append(zones, z)
	}
	stop := make(chan struct{})
	go func() {
		os.Stdin.Read(make([]byte, 1))
		close(stop)
	}()
	for {
		for _, z := range zones {
			if err := z.Check(); err != nil {
				return err
			}
		}
		select {
		case <-stop:
			return nil
		case <-time.After(100 * time.Millisecond):
		}
	}
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
	kills  int
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
	if fp >= 0 && !recovery(fp) || m.kills >= m.cfg.kills {
		return nil
	}
	m.kills++
	go func() {
		select {
		case <-ended:
		case <-time.After(time.Duration(5+rand.IntN(60)) * time.Millisecond):
			cmd.Process.Kill()
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
	if m.nextFP%2 == 0 && m.kills < m.cfg.kills {
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
func (m *model) more() bool { return m.kills < m.cfg.kills || len(m.unhit()) > 0 }

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
		m.ops(), m.deaths, m.kills, m.dict.Recoveries(), m.cache.Recoveries(), m.ch.z.Recoveries(),
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
