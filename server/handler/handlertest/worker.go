package handlertest

import (
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perigee-server/perigee/server/handler"
)

// Worker stands for the worker process in a test: handler.SharedDict finds its
// dictionaries, each of which is made when it is asked for, and handler.Publish
// calls subscribers at once, on the caller's goroutine.
type Worker struct {
	mu          sync.Mutex
	dicts       map[string]*Dict
	subscribers []subscriber
}

type subscriber struct {
	topic string
	f     func(topic string, data []byte)
}

var _ handler.Worker = (*Worker)(nil)

// NewWorker makes the worker that handlers find until the test ends. Tests that
// run in parallel share the last one.
func NewWorker(t testing.TB) *Worker {
	w := &Worker{dicts: map[string]*Dict{}}
	handler.SetWorker(w)
	t.Cleanup(func() { handler.SetWorker(none{}) })
	return w
}

// none is the worker between tests.
type none struct{}

func (none) Dict(string) (handler.Dict, error)                    { return nil, handler.ErrNoWorker }
func (none) Publish(string, []byte) error                         { return handler.ErrNoWorker }
func (none) Subscribe(string, func(topic string, b []byte)) error { return handler.ErrNoWorker }

// Dict is a dictionary by its name.
func (w *Worker) Dict(name string) (handler.Dict, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dicts[name] == nil {
		w.dicts[name] = &Dict{entries: map[string]entry{}}
	}
	return w.dicts[name], nil
}

// Publish calls the subscribers of a topic.
func (w *Worker) Publish(topic string, data []byte) error {
	w.mu.Lock()
	list := w.subscribers[:len(w.subscribers):len(w.subscribers)]
	w.mu.Unlock()
	for _, s := range list {
		if s.topic == "" || s.topic == topic {
			s.f(topic, data)
		}
	}
	return nil
}

// Subscribe adds a subscriber.
func (w *Worker) Subscribe(topic string, f func(topic string, data []byte)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.subscribers = append(w.subscribers, subscriber{topic, f})
	return nil
}

// Dict is a dictionary in the memory of the test. Its times are those of package
// time: a fake clock in a bubble of testing/synctest.
type Dict struct {
	mu      sync.Mutex
	entries map[string]entry
}

type entry struct {
	value any
	until time.Time // zero for ever
}

var _ handler.Dict = (*Dict)(nil)

// live is the value under a key, nil when there is none any more.
func (d *Dict) live(key string) any {
	e, ok := d.entries[key]
	if !ok || !e.until.IsZero() && !time.Now().Before(e.until) {
		return nil
	}
	return e.value
}

// Get returns the value under a key, nil without.
func (d *Dict) Get(key string) (any, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.live(key), nil
}

// stored is a value as the server's dictionaries give it back.
func stored(value any) (any, error) {
	switch v := value.(type) {
	case string, bool, float64:
		return v, nil
	case []byte:
		return string(v), nil
	case int:
		return float64(v), nil
	case int64:
		return float64(v), nil
	}
	return nil, fmt.Errorf("a dictionary can not hold a %T", value)
}

// Set stores a value.
func (d *Dict) Set(key string, value any, ttl time.Duration) error {
	_, err := d.store(key, value, ttl, true)
	return err
}

// Add is Set for a key without a value.
func (d *Dict) Add(key string, value any, ttl time.Duration) (bool, error) {
	return d.store(key, value, ttl, false)
}

func (d *Dict) store(key string, value any, ttl time.Duration, always bool) (done bool, err error) {
	v, err := stored(value)
	if err != nil {
		return false, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !always && d.live(key) != nil {
		return false, nil
	}
	e := entry{value: v}
	if ttl > 0 {
		e.until = time.Now().Add(ttl)
	}
	d.entries[key] = e
	return true, nil
}

var errNotNumber = errors.New("not a number")

// Incr adds to a number.
func (d *Dict) Incr(key string, by, init float64) (float64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := d.entries[key]
	switch v := d.live(key).(type) {
	case nil:
		e = entry{value: init + by}
	case float64:
		e.value = v + by
	default:
		return 0, errNotNumber
	}
	d.entries[key] = e
	return e.value.(float64), nil
}

// Keys returns the keys that begin with prefix, in order.
func (d *Dict) Keys(prefix string) (keys []string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for key := range d.entries {
		if strings.HasPrefix(key, prefix) && d.live(key) != nil {
			keys = append(keys, key)
		}
	}
	sort.Strings(keys)
	return keys, nil
}

// Delete takes a key out.
func (d *Dict) Delete(key string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.entries, key)
	return nil
}
