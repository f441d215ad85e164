package handler

import (
	"errors"
	"sync/atomic"
	"time"
)

// Dict is a dictionary in shared memory (lua_shared_dict), which all workers and
// scripts share, and which scripts know as ngx.shared.NAME. Values are strings,
// float64 and truth values. Several goroutines may use it.
type Dict interface {
	// Get returns the value under a key, nil when there is none.
	Get(key string) (any, error)
	// Set stores a string, []byte, int, int64, float64 or bool for a time, for
	// ever when that is 0. A dictionary that is full forgets what was not used
	// for long.
	Set(key string, value any, ttl time.Duration) error
	// Add is Set for a key that has no value; it returns false otherwise.
	Add(key string, value any, ttl time.Duration) (added bool, err error)
	// Incr adds to a number, which is init before it exists, and returns the sum.
	Incr(key string, by, init float64) (float64, error)
	// Keys returns the keys that begin with prefix.
	Keys(prefix string) ([]string, error)
	// Delete takes a key out.
	Delete(key string) error
}

// Worker is what a process that serves offers to its handlers.
type Worker interface {
	Dict(name string) (Dict, error)
	Publish(topic string, data []byte) error
	Subscribe(topic string, f func(topic string, data []byte)) error
}

// ErrNoWorker is returned where no configuration is served: in init functions of
// packages, and in the init process. Initialisation hooks (Init) and handlers run
// in a worker.
var ErrNoWorker = errors.New("this process does not serve")

var worker atomic.Pointer[Worker]

// SetWorker names the process's worker; servers call it.
func SetWorker(w Worker) { worker.Store(&w) }

func present() (Worker, error) {
	if w := worker.Load(); w != nil {
		return *w, nil
	}
	return nil, ErrNoWorker
}

// SharedDict finds a dictionary by the name that lua_shared_dict gives it.
func SharedDict(name string) (Dict, error) {
	w, err := present()
	if err != nil {
		return nil, err
	}
	return w.Dict(name)
}

// Publish sends a message to all workers over the event channel of the directive
// lua_worker_events, which scripts know as the module ngx.worker.events. It never
// waits.
func Publish(topic string, data []byte) error {
	w, err := present()
	if err != nil {
		return err
	}
	return w.Publish(topic, data)
}

// Subscribe has f called for each message of a topic, of all topics when it is
// empty, in the order of the messages. It runs in the event loop and must not
// block; data is valid until it returns. Call it in an initialisation hook.
func Subscribe(topic string, f func(topic string, data []byte)) error {
	w, err := present()
	if err != nil {
		return err
	}
	return w.Subscribe(topic, f)
}
