package shm

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

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
