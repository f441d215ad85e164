package cycle

import (
	"errors"
	"fmt"

	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/log"
	"github.com/perigee-server/perigee/shm"
)

// Channel is an event channel in a worker: a zone declared with Events. Every
// worker sees every message that is meant for it once and in one order, those of
// other generations included; publishing never waits. All methods are called with
// the baton, but for Publish, which any goroutine may call.
type Channel struct {
	w        *Work
	channel  *shm.Channel
	sub      *shm.Subscription
	watcher  *event.Watcher
	from     shm.Start
	handlers map[string][]func(shm.Message)
}

// Channel finds an event channel by the name of its zone, nil when there is none.
func (w *Work) Channel(name string) *Channel {
	if e := w.channels[name]; e != nil {
		return e
	}
	ch := w.Cycle.zones.Channel(name)
	if ch == nil {
		return nil
	}
	if w.channels == nil {
		w.channels = map[string]*Channel{}
	}
	e := &Channel{w: w, channel: ch, handlers: map[string][]func(shm.Message){}}
	w.channels[name] = e
	return e
}

// PublishAll sends to the workers of all generations and returns the message's
// number.
func (e *Channel) PublishAll(topic string, data []byte) (uint64, error) {
	return e.channel.Publish(shm.ToAll(), topic, data)
}

// PublishOne sends to one worker of this generation, by its slot from 0 on, or to
// the one that takes its place.
func (e *Channel) PublishOne(slot int, topic string, data []byte) (uint64, error) {
	if slot < 0 || slot >= len(e.w.ZoneSlots) {
		return 0, fmt.Errorf("there is no worker %d", slot)
	}
	return e.channel.Publish(shm.ToSlot(e.w.ZoneSlots[slot]), topic, data)
}

// PublishNewest sends to the workers of the newest generation.
func (e *Channel) PublishNewest(topic string, data []byte) (uint64, error) {
	return e.channel.Publish(e.channel.ToNewest(), topic, data)
}

// errStarts is returned by Subscribe for a channel that is read from another
// start already.
var errStarts = errors.New("one channel is read from one start by all its subscribers")

// Subscribe has f called for each message of a topic, with the baton; an empty
// topic stands for all. From says what of the messages that the channel still
// holds is run first: shm.FromNewest the newest of each topic, shm.FromOldest all,
// shm.FromNow none; it must be the same for all subscribers of the channel. The
// message is valid until f returns. A protocol subscribes as it starts; the first
// messages come when all protocols have started, before the worker accepts.
//
// A message during whose callback the worker died is not given to its successor.
func (e *Channel) Subscribe(topic string, from shm.Start, f func(shm.Message)) error {
	if len(e.handlers) > 0 && e.from != from {
		return errStarts
	}
	e.from = from
	e.handlers[topic] = append(e.handlers[topic], f)
	if e.w.listening && e.sub == nil {
		return e.listen(from)
	}
	return nil
}

// listen begins to read the channel.
func (e *Channel) listen(from shm.Start) (err error) {
	e.sub = e.channel.Subscribe(e.w.Generation, from)
	if n := e.sub.Skipped(); n != 0 {
		e.w.Cycle.Log.Printf(log.Error, "the message %d in the event channel %q is not repeated: a worker died of it", n, e.channel.Zone().Name())
	}
	e.watcher, err = e.w.Loop.WatchFD(e.channel.Descriptor(), e.drain)
	if err == nil {
		e.drain()
	}
	return err
}

func (e *Channel) drain() {
	if e.sub != nil {
		e.sub.Drain(e.deliver)
	}
}

func (e *Channel) deliver(m shm.Message) {
	for _, f := range e.handlers[m.Topic] {
		f(m)
	}
	if m.Topic == "" {
		return
	}
	for _, f := range e.handlers[""] {
		f(m)
	}
}

// Listen begins to read all event channels that have subscribers; the process
// calls it once the protocols have started.
func (w *Work) Listen() error {
	w.listening = true
	for name, e := range w.channels {
		if len(e.handlers) == 0 {
			continue
		}
		if err := e.listen(e.from); err != nil {
			return fmt.Errorf("event channel %q: %w", name, err)
		}
	}
	return nil
}

// Deafen ends the reading of all event channels, for another loop of the same
// process to go on; Relisten takes it back.
func (w *Work) Deafen() {
	for _, e := range w.channels {
		if e.sub != nil {
			e.watcher.Remove()
			e.sub = nil
		}
	}
}

// Relisten goes on with all event channels where Deafen has ended.
func (w *Work) Relisten() error {
	for _, e := range w.channels {
		if len(e.handlers) == 0 {
			continue
		}
		if err := e.listen(shm.FromLast); err != nil {
			return err
		}
	}
	return nil
}
