package library

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/perigee-server/perigee/server/handler"
)

func registerTracers() {
	handler.Service("tracer", trace)
	handler.Service("restless", restless)
	handler.Service("caretaker", keep)
	handler.Hook("poke", func(arg []byte) ([]byte, error) { return append([]byte("poked "), arg...), nil })
	handler.Sync("restlessState", func(string) string {
		return fmt.Sprintf("%d runs, %d at once", restlessRuns.Load(), restlessMost.Load())
	})
}

// trace is a shared service that proves of itself that it is the only one: each
// process that runs it counts beats under its id in a dictionary, whose name is
// the argument. Whoever runs it says so when anybody else's beats go on.
func trace(ctx context.Context, arg []byte, first bool) ([]byte, error) {
	d, err := handler.SharedDict(string(arg))
	if err != nil {
		return nil, err
	}
	me := "beat:" + strconv.Itoa(os.Getpid())
	beats := func() (map[string]any, error) {
		keys, err := d.Keys("beat:")
		if err != nil {
			return nil, err
		}
		all := map[string]any{}
		for _, key := range keys {
			if all[key], err = d.Get(key); err != nil {
				return nil, err
			}
		}
		return all, nil
	}
	if first {
		last, err := d.Get("last")
		if err != nil {
			return nil, err
		}
		ms, _ := last.(float64)
		say("tracer %d begins %d ms after the last beat", os.Getpid(), time.Now().UnixMilli()-int64(ms))
	}
	before, err := beats()
	if err != nil {
		return nil, err
	}
	for {
		if _, err := d.Incr(me, 1, 0); err != nil {
			return nil, err
		}
		now, err := beats()
		if err != nil {
			return nil, err
		}
		for key, n := range now {
			if key != me && n != before[key] {
				say("tracer %d: %s is active at once", os.Getpid(), key)
			}
		}
		if err := d.Set("last", float64(time.Now().UnixMilli()), 0); err != nil {
			return nil, err
		}
		select {
		case <-time.After(2 * time.Millisecond):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

var restlessRuns, restlessNow, restlessMost atomic.Int64

// restless is a service that ends at random moments and in all ways, heeding its
// context or not, and counts how often it has run, and how often at once.
func restless(ctx context.Context, _ []byte, _ bool) ([]byte, error) {
	n := restlessNow.Add(1)
	defer restlessNow.Add(-1)
	restlessMost.Store(max(restlessMost.Load(), n))
	runs := restlessRuns.Add(1)
	rest := time.Duration(rand.IntN(1500)) * time.Microsecond
	switch rand.IntN(5) {
	case 0: // cleans up, and may be interrupted again meanwhile
		<-ctx.Done()
		time.Sleep(rest)
		return nil, context.Cause(ctx)
	case 1: // does not heed its context
		time.Sleep(rest)
		return fmt.Append(nil, runs), nil
	case 2:
		<-ctx.Done()
		panic("restless")
	case 3: // ends at about the time of an interruption
		select {
		case <-ctx.Done():
		case <-time.After(rest):
		}
		return fmt.Append(nil, runs), nil
	}
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

// keep is a service that takes its time when it is interrupted, and keeps its
// state when its worker ends.
func keep(ctx context.Context, _ []byte, first bool) ([]byte, error) {
	if first {
		return []byte("ready"), nil
	}
	<-ctx.Done()
	cause := context.Cause(ctx)
	if errors.Is(cause, handler.ErrWorkerExiting) {
		say("keeper: state kept")
		return nil, cause
	}
	say("keeper: interrupted")
	time.Sleep(200 * time.Millisecond)
	return nil, cause
}
