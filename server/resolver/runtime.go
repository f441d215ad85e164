package resolver

import (
	"errors"
	"sync"
	"time"
)

// Transport carries a query to a server and returns its answer.
type Transport interface {
	// Query sends msg to server ("address:port") and waits for the answer until
	// timeout has passed. Over TCP it adds and removes the length. Over UDP it
	// must use a fresh random port and drop what wire.Matches does not accept.
	Query(server string, msg []byte, tcp bool, timeout time.Duration) ([]byte, error)
}

// ErrTimeout is what Gate.Wait returns when the time has passed.
var ErrTimeout = errors.New("timed out")

// Gate lets any number of waiters through once it is open. Open may be called
// once.
type Gate interface {
	// Wait returns nil as soon as the gate is open, ErrTimeout when timeout has
	// passed before, and any other error when the waiter is cancelled.
	Wait(timeout time.Duration) error
	Open()
}

// Runtime is what a resolver needs to run and to wait.
type Runtime interface {
	// Go runs f concurrently: on a goroutine, or as a task of an event loop. It
	// must not run f before it returns.
	Go(f func())
	NewGate() Gate
	// Sleep lets d pass, or less if the sleeper is cancelled.
	Sleep(d time.Duration)
	Now() time.Time
}

// Goroutines is the Runtime of plain Go.
type Goroutines struct{}

// Go starts a goroutine.
func (Goroutines) Go(f func()) { go f() }

// Sleep is time.Sleep.
func (Goroutines) Sleep(d time.Duration) { time.Sleep(d) }

// Now is time.Now.
func (Goroutines) Now() time.Time { return time.Now() }

// NewGate returns a gate made of a channel.
func (Goroutines) NewGate() Gate { return &channelGate{open: make(chan struct{})} }

type channelGate struct {
	open chan struct{}
	once sync.Once
}

func (g *channelGate) Open() { g.once.Do(func() { close(g.open) }) }

func (g *channelGate) Wait(timeout time.Duration) error {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-g.open:
		return nil
	case <-timer.C:
		return ErrTimeout
	}
}
