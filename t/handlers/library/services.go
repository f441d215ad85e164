package library

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/perigee-server/perigee/server/handler"
)

// say writes to the standard error of the server, as handlers that know no
// request do.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// held is what setHeld has set, in each worker.
var held struct {
	sync.Mutex
	value string
}

func registerServices() {
	handler.Service("tick", tick())
	handler.Service("tick2", tick())
	handler.Service("steady", func(ctx context.Context, arg []byte, _ bool) ([]byte, error) {
		return []byte("steady value"), pause(ctx, arg)
	})
	handler.Service("holder", func(ctx context.Context, arg []byte, first bool) ([]byte, error) {
		if !first {
			if err := pause(ctx, arg); err != nil && errors.Is(err, handler.ErrWorkerExiting) {
				return nil, err
			}
		}
		held.Lock()
		defer held.Unlock()
		if held.value == "restart" {
			return nil, fmt.Errorf("held says so: %w", handler.ErrRestartWorker)
		}
		if held.value == "" {
			return []byte("initial"), pause(ctx, []byte("0"))
		}
		return []byte(held.value), nil
	})
	runs := 0
	handler.Service("flaky", func(ctx context.Context, arg []byte, _ bool) ([]byte, error) {
		runs++
		if err := pause(ctx, arg); err != nil {
			return nil, err
		}
		switch runs % 3 {
		case 0:
			return nil, nil
		case 1:
			return fmt.Append(nil, "flaky"), nil
		}
		return nil, errors.New("flaky failed")
	})
	big := 0
	handler.Service("big", func(ctx context.Context, arg []byte, _ bool) ([]byte, error) {
		big++
		if big > 2 {
			return bytes.Repeat([]byte("x"), 10), pause(ctx, []byte("1h"))
		}
		if big == 1 {
			return []byte("little"), nil
		}
		return bytes.Repeat([]byte("b"), 1<<20), nil
	})
	handler.Service("vanishS", vanish)
	handler.Service("thenEmpty", thenEmpty)
	handler.Service("thenEmpty2", thenEmpty)
	turn := 0
	handler.Service("panicS", func(ctx context.Context, arg []byte, first bool) ([]byte, error) {
		if first {
			panic("panicS")
		}
		return []byte("recovered"), pause(ctx, []byte("50ms"))
	})
	handler.Service("cleanup", func(ctx context.Context, arg []byte, first bool) ([]byte, error) {
		if first {
			return []byte("ready"), nil
		}
		<-ctx.Done()
		time.Sleep(200 * time.Millisecond)
		say("cleanup done: %s", context.Cause(ctx))
		return nil, context.Cause(ctx)
	})
	handler.Service("stubborn", func(_ context.Context, _ []byte, first bool) ([]byte, error) {
		if !first {
			time.Sleep(time.Hour)
		}
		return []byte("ready"), nil
	})
	handler.Service("blocks", func(ctx context.Context, arg []byte, first bool) ([]byte, error) {
		turn++
		size := 1 + turn%3000 // a value of one letter, so that a torn one would show
		return bytes.Repeat([]byte{'a' + byte(turn%26)}, size), pause(ctx, []byte("0"))
	})
	handler.Service("onChange", func(_ context.Context, arg []byte, first bool) ([]byte, error) {
		say("callback first=%t <%s>", first, arg)
		return nil, nil
	})
	handler.Service("terminate", func(ctx context.Context, arg []byte, first bool) ([]byte, error) {
		if err := pause(ctx, arg); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("enough: %w", handler.ErrTerminateWorker)
	})
	handler.Hook("setHeld", func(arg []byte) ([]byte, error) {
		held.Lock()
		held.value = string(arg)
		held.Unlock()
		switch string(arg) {
		case "kill":
			os.Exit(9)
		case "error":
			return nil, errors.New("no such value")
		case "panic":
			panic("setHeld")
		}
		return fmt.Appendf(nil, "set to %s in %d", arg, os.Getpid()), nil
	})
	handler.Hook("saw", func(arg []byte) ([]byte, error) { return fmt.Appendf(nil, "saw <%s> in %d", arg, os.Getpid()), nil })
	handler.Sync("held", func(string) string { held.Lock(); defer held.Unlock(); return held.value })
	handler.Sync("pid", func(string) string { return fmt.Sprint(os.Getpid()) })
	handler.Service("echoService", func(ctx context.Context, arg []byte, first bool) ([]byte, error) {
		if !first {
			return nil, pause(ctx, []byte("1h"))
		}
		return arg, nil
	})
	var given []string
	handler.Sync("runtime", func(string) string {
		return fmt.Sprintf("GOMAXPROCS=%d GOMEMLIMIT=%d args=%q", runtime.GOMAXPROCS(0), debug.SetMemoryLimit(-1), given)
	})
	handler.Sync("secret", func(string) string { return fmt.Sprint(len(given), given) })
	handler.Init(func(args []string) error {
		given = args
		say("init hook %q", args)
		if len(args) > 0 && args[0] == "fail" {
			return errors.New("asked to fail")
		}
		return nil
	})
}

// vanish ends its goroutine, and then returns a value.
func vanish(ctx context.Context, _ []byte, first bool) ([]byte, error) {
	if first {
		runtime.Goexit()
	}
	return []byte("back"), pause(ctx, []byte("10ms"))
}

// thenEmpty returns a value, and then nothing.
func thenEmpty(ctx context.Context, _ []byte, first bool) ([]byte, error) {
	if first {
		return []byte("full"), nil
	}
	return nil, pause(ctx, []byte("10ms"))
}

// tick makes a service that counts, with a mark on its first run.
func tick() func(ctx context.Context, arg []byte, first bool) ([]byte, error) {
	n := 0
	return func(ctx context.Context, arg []byte, first bool) ([]byte, error) {
		if !first {
			if err := pause(ctx, arg); err != nil {
				return nil, err
			}
		}
		n++
		return fmt.Appendf(nil, "tick %d by %d first=%t", n, os.Getpid(), first), nil
	}
}

// pause sleeps for a time that may have spaces round it.
func pause(ctx context.Context, arg []byte) error {
	d, _ := handler.ParseDuration(strings.TrimSpace(string(arg)))
	_, err := delay(ctx, d)
	return err
}
