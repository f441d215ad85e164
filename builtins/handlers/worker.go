package handlers

import (
	"errors"
	"fmt"
	"time"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/handler"
	"github.com/perigee-server/perigee/server/log"
	"github.com/perigee-server/perigee/shm"
)

// worker is what handlers find of their process. events is nil without
// lua_worker_events.
type worker struct {
	w      *cycle.Work
	events *cycle.Channel
}

var _ handler.Worker = worker{}

func (w worker) Dict(name string) (handler.Dict, error) {
	d := w.w.Dict(name)
	if d == nil {
		return nil, fmt.Errorf("there is no dictionary %q: directive \"lua_shared_dict\" is missing", name)
	}
	return dict{d}, nil
}

var errNoEvents = errors.New("directive \"lua_worker_events\" is not set")

func (w worker) Publish(topic string, data []byte) error {
	if w.events == nil {
		return errNoEvents
	}
	_, err := w.events.PublishAll(topic, data)
	return err
}

// Subscribe waits for nobody: the caller may have the baton or not.
func (w worker) Subscribe(topic string, f func(topic string, data []byte)) error {
	if w.events == nil {
		return errNoEvents
	}
	w.w.Loop.Post(func() {
		if err := w.events.Subscribe(topic, shm.FromNow, func(m shm.Message) { w.deliver(m, f) }); err != nil {
			w.w.Cycle.Log.Printf(log.Error, "subscription of a handler to %q: %s", topic, err)
		}
	})
	return nil
}

// deliver calls a subscriber and catches its panic.
func (w worker) deliver(m shm.Message, f func(topic string, data []byte)) {
	done := false
	defer func() {
		if !done {
			w.w.Cycle.Log.Printf(log.Error, "handler of event %q has panicked: \"%s\"", m.Topic, oneLine(recovered(recover()).Error()))
		}
	}()
	f(m.Topic, m.Data)
	done = true
}

// dict is a dictionary as handlers see it.
type dict struct{ d *shm.Dict }

var _ handler.Dict = dict{}

func (d dict) Get(key string) (any, error) {
	v, _, err := d.d.Get(key, nil)
	if err == shm.ErrNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	switch v.Type {
	case shm.String:
		return string(v.Str), nil
	case shm.Number:
		return v.Num, nil
	case shm.Bool:
		return v.Num != 0, nil
	}
	return nil, nil
}

// valueOf is a value of Go as dictionaries store it.
func valueOf(v any) (shm.Value, error) {
	switch v := v.(type) {
	case string:
		return shm.StringValue(v), nil
	case []byte:
		return shm.BytesValue(v), nil
	case int:
		return shm.NumberValue(float64(v)), nil
	case int64:
		return shm.NumberValue(float64(v)), nil
	case float64:
		return shm.NumberValue(v), nil
	case bool:
		return shm.BoolValue(v), nil
	}
	return shm.Value{}, fmt.Errorf("a dictionary can not hold a %T", v)
}

// lifetime is a time in milliseconds, of which there is at least one.
func lifetime(ttl time.Duration) int64 {
	if ttl <= 0 {
		return 0
	}
	return max(ttl.Milliseconds(), 1)
}

func (d dict) Set(key string, value any, ttl time.Duration) error {
	v, err := valueOf(value)
	if err == nil {
		_, err = d.d.Set(key, v, lifetime(ttl), 0)
	}
	return err
}

func (d dict) Add(key string, value any, ttl time.Duration) (bool, error) {
	v, err := valueOf(value)
	if err != nil {
		return false, err
	}
	_, err = d.d.Add(key, v, lifetime(ttl), 0)
	if err == shm.ErrExists {
		return false, nil
	}
	return err == nil, err
}

func (d dict) Incr(key string, by, init float64) (float64, error) {
	sum, _, err := d.d.IncrInit(key, by, init, 0)
	return sum, err
}

func (d dict) Keys(prefix string) ([]string, error) { return d.d.KeysWithPrefix(prefix), nil }

func (d dict) Delete(key string) error {
	err := d.d.Delete(key)
	if err == shm.ErrNotFound {
		return nil
	}
	return err
}
