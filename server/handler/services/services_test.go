package services_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/perigee-server/perigee/server/handler"
	"github.com/perigee-server/perigee/server/handler/handlertest"
	"github.com/perigee-server/perigee/server/handler/services"
)

// run starts a service under a name of its own.
func run(t *testing.T, f services.Func, arg string) *handlertest.Service {
	t.Helper()
	handler.Service(t.Name(), f)
	s, err := handlertest.NewService(t.Name(), arg)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	synctest.Wait()
	return s
}

func TestEvery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		s := run(t, services.Every(time.Minute, func(_ context.Context, arg []byte) ([]byte, error) {
			n++
			return fmt.Appendf(nil, "%s %d", arg, n), nil
		}), "run")
		if s.Value() != "run 1" {
			t.Errorf("at first %q", s.Value())
		}
		time.Sleep(150 * time.Second)
		if s.Value() != "run 3" {
			t.Errorf("after two and a half minutes %q", s.Value())
		}
		s.Interrupt()
		synctest.Wait()
		if s.Value() != "run 4" {
			t.Errorf("after a hook %q", s.Value())
		}
		s.Stop()
		if n != 4 {
			t.Errorf("%d runs", n)
		}
	})
}

func TestOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, cleaned := 0, ""
		s := run(t, services.Once(func(context.Context, []byte) ([]byte, error) {
			n++
			return fmt.Append(nil, n), nil
		}, func(arg []byte) { cleaned += string(arg) }), "x")
		time.Sleep(24 * time.Hour)
		if s.Value() != "1" {
			t.Errorf("a day later %q", s.Value())
		}
		s.Interrupt()
		synctest.Wait()
		if s.Value() != "2" || cleaned != "" {
			t.Errorf("after a hook %q, cleaned %q", s.Value(), cleaned)
		}
		s.Stop()
		if cleaned != "x" || n != 2 {
			t.Errorf("cleaned %q, %d runs", cleaned, n)
		}
	})
}

func TestSplit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := run(t, services.Split(
			func(context.Context, []byte) ([]byte, error) { return []byte("ignited"), nil },
			func(ctx context.Context, _ []byte) ([]byte, error) {
				return []byte("later"), services.Sleep(ctx, time.Hour)
			}), "")
		if s.Value() != "ignited" {
			t.Errorf("at first %q", s.Value())
		}
		time.Sleep(2 * time.Hour)
		if s.Value() != "later" {
			t.Errorf("then %q", s.Value())
		}
		s.Stop()
	})
}

func TestTypedArgument(t *testing.T) {
	f := services.Typed(func(_ context.Context, d time.Duration) ([]byte, error) { return []byte(d.String()), nil })
	if v, err := f(t.Context(), []byte("1m")); string(v) != "1m0s" || err != nil {
		t.Errorf("%q %v", v, err)
	}
	_, err := f(t.Context(), []byte("soon"))
	if !errors.Is(err, handler.ErrTerminateWorker) || !strings.Contains(err.Error(), `"soon"`) {
		t.Errorf("%v", err)
	}
}
