package handlers

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/perigee-server/perigee/server/event"
)

var errStop = errors.New("stop")

// waitTask runs a task and waits for it as requests do; arm is given the
// function that a client that goes away calls.
func waitTask(l *event.Loop, f func(context.Context) (int, error), held bool, arm func(abort func())) (v int, err, abandoned error) {
	t := &task[int]{loop: l}
	cancel := t.start(context.Background(), new(event.Habit), f, held)
	defer cancel(nil)
	return t.join(cancel, func(abort func()) func() {
		arm(abort)
		return func() {}
	})
}

// inLoop runs f on a task of a loop and waits for it.
func inLoop(t *testing.T, f func(l *event.Loop)) {
	t.Helper()
	l, err := event.New()
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	l.Post(func() {
		l.Go(func() {
			defer close(over)
			f(l)
		})
	})
	done := make(chan struct{})
	go func() { l.Run(); close(done) }()
	select {
	case <-over:
	case <-time.After(60 * time.Second):
		t.Fatal("a task was not completed")
	}
	l.Stop()
	<-done
	l.Close()
}

// TestCancelledAtAnyMoment is the five models of "Masking async tasks in the
// wild", for Go: a task is cancelled before its start, in its payload, in its
// handling of the error, between its result and the signal, and repeatedly. It
// is completed exactly once each time.
func TestCancelledAtAnyMoment(t *testing.T) {
	payload := func(ctx context.Context) (int, error) {
		<-ctx.Done()
		return 0, context.Cause(ctx)
	}
	handles := func(ctx context.Context) (int, error) {
		<-ctx.Done()
		time.Sleep(time.Millisecond) // cleans up, and is cancelled again meanwhile
		return 7, nil
	}
	models := []struct {
		name string
		f    func(context.Context) (int, error)
		arm  func(l *event.Loop, abort func())
	}{
		{"before the start", payload, func(l *event.Loop, abort func()) { abort() }},
		{"in the payload", payload, func(l *event.Loop, abort func()) { l.NewTimer(abort).Reset(time.Millisecond) }},
		{"in the error handler", handles, func(l *event.Loop, abort func()) { l.NewTimer(abort).Reset(time.Millisecond) }},
		{"between result and signal", func(context.Context) (int, error) { return 7, nil }, func(l *event.Loop, abort func()) { l.Post(abort) }},
		{"repeatedly", handles, func(l *event.Loop, abort func()) {
			for i := range 10 {
				l.NewTimer(abort).Reset(time.Duration(i) * 100 * time.Microsecond)
			}
		}},
	}
	for _, m := range models {
		for _, held := range []bool{false, true} {
			if held && m.name != "between result and signal" {
				continue // a handler with the baton must not wait on a channel
			}
			t.Run(m.name, func(t *testing.T) {
				inLoop(t, func(l *event.Loop) {
					for range 50 {
						v, err, abandoned := waitTask(l, m.f, held, func(abort func()) { m.arm(l, abort) })
						if completed := v == 7 && err == nil || err != nil; completed == (abandoned != nil) {
							t.Errorf("value %d, error %v, abandoned %v", v, err, abandoned)
						}
					}
				})
			})
		}
	}
}

// TestRandomCancellation: of a hundred thousand tasks that are cancelled, fail,
// panic, end their goroutine or return at random moments, each is completed
// exactly once, and no request waits for ever.
func TestRandomCancellation(t *testing.T) {
	const tasks = 100_000
	const beside = 64
	var ran atomic.Int64
	inLoop(t, func(l *event.Loop) {
		me := l.Current()
		left, ended := beside, 0
		for range beside {
			l.Go(func() {
				for range tasks / beside {
					kind := rand.IntN(6)
					_, err, abandoned := waitTask(l, func(ctx context.Context) (int, error) {
						ran.Add(1)
						switch kind {
						case 0:
							return 1, nil
						case 1:
							return 0, errStop
						case 2:
							panic("random")
						case 3:
							runtime.Goexit()
						case 4:
							runtime.Gosched()
							return 1, nil
						}
						select {
						case <-ctx.Done():
						case <-time.After(time.Duration(rand.IntN(200)) * time.Microsecond):
						}
						return 1, nil
					}, false, func(abort func()) {
						switch rand.IntN(3) {
						case 0:
							l.Post(abort)
						case 1:
							abort()
						}
					})
					if err != nil && abandoned != nil {
						t.Error("a task was completed and abandoned")
					}
					ended++
				}
				if left--; left == 0 {
					l.Wake(me)
				}
			})
		}
		for left > 0 {
			l.Park()
		}
		if want := tasks / beside * beside; ended != want {
			t.Errorf("%d of %d tasks ended", ended, want)
		}
	})
	if n := ran.Load(); n != tasks/beside*beside {
		t.Errorf("%d handlers ran", n)
	}
}
