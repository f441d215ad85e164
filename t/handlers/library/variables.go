// Package library is the handlers of the specifications in t/handlers.
package library

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/perigee-server/perigee/server/handler"
)

func init() {
	handler.Library("t", register)
	handler.Library("twice", func() { handler.Sync("upper", strings.ToLower) }) // a name that "t" has
	handler.Library("slow", func() { time.Sleep(2 * time.Second) })             // takes its time to load
}

func register() {
	registerVariables()
	registerFailures()
	registerTasks()
	registerContent()
	registerServices()
	registerTracers()
}

// traced logs its argument and returns it.
func traced(r *handler.Request, arg []byte) ([]byte, error) {
	return append([]byte(nil), arg...), r.Log(handler.Notice, "traced("+string(arg)+")")
}

func registerVariables() {
	handler.Sync("traced", traced)
	handler.Sync("upper", strings.ToUpper)
	handler.Sync("takeN", func(n, s string) (string, error) {
		k, err := strconv.Atoi(n)
		if err != nil {
			return "", err
		}
		return s[:min(k, len(s))], nil
	})
	handler.Sync("firstNotEmpty", func(list ...string) string {
		for _, s := range list {
			if s != "" {
				return s
			}
		}
		return ""
	})
	handler.Sync("isInList", func(list ...string) bool {
		for _, s := range list[1:] {
			if s == list[0] {
				return true
			}
		}
		return false
	})
	handler.Sync("isEmptyS", func(s string) bool { return s == "" })
	handler.Sync("sameS", func(a, b string) bool { return a == b })
	handler.Sync("isEmptyY", func(b []byte) bool { return len(b) == 0 })
	handler.Sync("upperY", func(b []byte) []byte { return []byte(strings.ToUpper(string(b))) })
	handler.Sync("same", func(b []byte) ([]byte, error) { return append([]byte(nil), b...), nil })
	handler.Sync("hex", func(b []byte) []byte { return fmt.Appendf(nil, "%x", b) })
	handler.Sync("jsonSum", handler.TypedSync(func(l []int) ([]byte, error) {
		n := 0
		for _, v := range l {
			n += v
		}
		return strconv.AppendInt(nil, int64(n), 10), nil
	}))
	left := 0
	handler.Sync("loopStart", func(s string) string { left, _ = strconv.Atoi(s); return s })
	handler.Sync("loopNext", func(r *handler.Request, _ []byte) ([]byte, error) {
		b := strconv.AppendInt(nil, int64(left), 10)
		left--
		return b, r.Log(handler.Notice, "loopNext "+string(b))
	})
	count := 0
	handler.Sync("counter", func([]byte) []byte { count++; return strconv.AppendInt(nil, int64(count), 10) })
	handler.Sync("inspect", func(r *handler.Request, arg []byte) ([]byte, error) {
		method, _ := r.Method()
		uri, _ := r.URI()
		args, _ := r.Args()
		agent, _ := r.Header("user-agent")
		v, _ := r.Var(string(arg))
		return fmt.Appendf(nil, "%s %s?%s %q %s", method, uri, args, agent, v), nil
	})
	handler.Sync("change", func(r *handler.Request, arg []byte) ([]byte, error) {
		return nil, errors.Join(r.SetVar("changed", arg), r.SetHeader("X-In", string(arg)),
			r.SetResponseHeader("X-Out", string(arg)), r.AddResponseHeader("X-Out", "more"), r.SetCtx("k", string(arg)))
	})
	handler.Sync("ctx", func(r *handler.Request, arg []byte) ([]byte, error) {
		v, err := r.Ctx(string(arg))
		return fmt.Append(nil, v), err
	})
	var kept *handler.Request
	handler.Sync("keep", func(r *handler.Request, _ []byte) ([]byte, error) { kept = r; return []byte("kept"), nil })
	handler.Sync("useKept", func([]byte) ([]byte, error) {
		_, err := kept.URI()
		return nil, err
	})
}

func registerFailures() {
	handler.Sync("boomS", func(s string) string { panic("boomS:" + s) })
	handler.Sync("boomB", func(s string) bool { panic("boomB:" + s) })
	handler.Sync("boomE", func(b []byte) ([]byte, error) { return nil, errors.New("user error\n(boomE:" + string(b) + ")") })
	handler.Sync("nilMap", func(s string) string {
		var m map[string]int
		m[s] = 1
		return s
	})
	handler.Async("boomA", func(_ context.Context, b []byte) ([]byte, error) { return nil, errors.New("boomA:" + string(b)) })
	handler.Async("panicA", func(_ context.Context, b []byte) ([]byte, error) { panic("panicA:" + string(b)) })
	handler.Async("finalize", func(_ context.Context, b []byte) ([]byte, error) {
		status, body, has := strings.Cut(string(b), " ")
		n, err := strconv.Atoi(status)
		if err != nil {
			return nil, err
		}
		if !has {
			return nil, handler.Finalize(n, nil)
		}
		return nil, fmt.Errorf("wrapped: %w", handler.Finalize(n, []byte(body)))
	})
	handler.Sync("block", func(d string) string {
		t, _ := handler.ParseDuration(d)
		time.Sleep(t)
		return d
	})
}
