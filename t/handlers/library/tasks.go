package library

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/perigee-server/perigee/server/handler"
)

func registerTasks() {
	handler.Async("tracedAsync", func(_ context.Context, r *handler.Request, arg []byte) ([]byte, error) {
		return arg, r.Log(handler.Notice, "tracedAsync("+string(arg)+")")
	})
	handler.Async("now", func(_ context.Context, arg []byte) ([]byte, error) { return arg, nil })
	handler.Async("delay", handler.Typed(delay))
	handler.Async("delayLogged", func(ctx context.Context, r *handler.Request, arg []byte) ([]byte, error) {
		d, _ := handler.ParseDuration(string(arg))
		b, err := delay(ctx, d)
		if err != nil {
			println("delayLogged cancelled:", err.Error())
			_, gone := r.URI()
			println("then:", gone.Error())
		}
		return b, err
	})
	handler.Async("spin", handler.Typed(func(ctx context.Context, d time.Duration) ([]byte, error) {
		n := 0
		for end := time.Now().Add(d); time.Now().Before(end) && ctx.Err() == nil; n++ {
		}
		return fmt.Append(nil, n > 0), nil
	}))
	handler.Async("nice", handler.Typed(func(_ context.Context, d time.Duration) ([]byte, error) {
		for end := time.Now().Add(d); time.Now().Before(end); {
		}
		process, err := syscall.Getpriority(syscall.PRIO_PROCESS, os.Getpid())
		thread, _ := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
		return fmt.Appendf(nil, "nice +%d", process-thread), err
	}))
	handler.Async("stray", func(_ context.Context, arg []byte) ([]byte, error) {
		go func() { panic("in a goroutine of its own") }()
		time.Sleep(time.Minute)
		return arg, nil
	})
	// what modules of other languages register
	handler.Default.Register(handler.Handler{Name: "withBaton", Kind: handler.KindAsync, MinArgs: 1, MaxArgs: 1, Held: true, WantsRequest: true, Place: "tasks.go",
		RunAsync: func(_ context.Context, r *handler.Request, _ *handler.Body, arg []byte) ([]byte, error) {
			uri, err := r.URI() // without a detour: it has the baton
			return append(arg, uri...), err
		}})
	handler.Default.Register(handler.Handler{Name: "heldService", Kind: handler.KindService, MinArgs: 1, MaxArgs: 1, Held: true, Place: "tasks.go",
		RunService: func(_ context.Context, arg []byte, first bool) ([]byte, error) {
			if !first {
				time.Sleep(10 * time.Millisecond) // in the place of a wait of that language
			}
			return arg, nil
		}})
	handler.AsyncOnBody("reqLen", func(_ context.Context, b *handler.Body, arg []byte) ([]byte, error) {
		return fmt.Appendf(nil, "[%d in %d (%s)]", b.Len(), len(b.Chunks()), arg), nil
	})
	handler.AsyncOnBody("reqBody", func(_ context.Context, b *handler.Body, _ []byte) ([]byte, error) { return io.ReadAll(b) })
	handler.AsyncOnBody("reqField", func(_ context.Context, b *handler.Body, name []byte) ([]byte, error) {
		all, err := b.Bytes()
		for pair := range bytes.SplitSeq(all, []byte("&")) {
			if v, ok := bytes.CutPrefix(pair, append(name, '=')); ok {
				return bytes.TrimSpace(v), err
			}
		}
		return nil, err
	})
}

// delay waits and returns the time in milliseconds.
func delay(ctx context.Context, d time.Duration) ([]byte, error) {
	select {
	case <-time.After(d):
		return fmt.Append(nil, d.Milliseconds()), nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
