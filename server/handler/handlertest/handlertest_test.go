package handlertest_test

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
)

func init() {
	handler.Sync("toUpper", strings.ToUpper)
	handler.Sync("boom", func(string) string { panic("boom") })
	handler.Sync("visit", func(r *handler.Request, arg []byte) ([]byte, error) {
		v, err := r.Var("arg_a")
		return v, errors.Join(err, r.SetVar("seen", arg), r.SetResponseHeader("X-A", string(arg)), r.Log(handler.Warn, "visited"))
	})
	handler.AsyncOnBody("length", func(_ context.Context, b *handler.Body, _ []byte) ([]byte, error) {
		return fmt.Append(nil, b.Len()), nil
	})
	handler.Content("page", func(arg []byte) handler.Response {
		return handler.Response{Status: 201, ContentType: "a/b", Body: [][]byte{arg, []byte("!")}}
	})
	n := 0
	handler.Service("hourly", func(ctx context.Context, _ []byte, first bool) ([]byte, error) {
		if !first {
			select {
			case <-time.After(time.Hour):
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		}
		n++
		return fmt.Append(nil, "run ", n), nil
	})
	handler.Hook("greet", func(arg []byte) ([]byte, error) { return append([]byte("hello "), arg...), nil })
}

func ExampleSync() {
	fmt.Println(handlertest.Sync("toUpper", "hello"))
	fmt.Println(handlertest.Sync("toUpper", "too", "many"))
	// Output:
	// HELLO <nil>
	//  handler "toUpper" does not take 2 arguments
}

func TestPanicIsAnError(t *testing.T) {
	_, err := handlertest.Sync("boom", "")
	var p *handlertest.Panic
	if !errors.As(err, &p) || p.Value != "boom" {
		t.Errorf("%v", err)
	}
}

func TestRequest(t *testing.T) {
	r := handlertest.NewRequest("GET", "/x?a=5")
	r.Vars["seen"] = ""
	v, err := r.Sync("visit", "me")
	if v != "5" || err != nil || r.Vars["seen"] != "me" || len(r.Response) != 1 || r.Logs[0].Text != "visited" {
		t.Errorf("%q %v %+v", v, err, r)
	}
	delete(r.Vars, "seen")
	if _, err := r.Sync("visit", "me"); err == nil {
		t.Error("a variable that is not defined was set")
	}
}

func TestBodyAndContent(t *testing.T) {
	r := &handlertest.Request{Body: []byte("12345")}
	if v, err := r.Async(t.Context(), "length", ""); v != "5" || err != nil {
		t.Errorf("%q %v", v, err)
	}
	got, err := handlertest.Content(t.Context(), "page", "x")
	if err != nil || got.Status != 201 || got.ContentType != "a/b" || got.Body != "x!" {
		t.Errorf("%+v %v", got, err)
	}
	if v, err := handlertest.Hook("greet", "you"); v != "hello you" || err != nil {
		t.Errorf("%q %v", v, err)
	}
}

// TestService: three hours of a service, in no time.
func TestService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := handlertest.NewService("hourly", "")
		if err != nil {
			t.Fatal(err)
		}
		s.Start()
		synctest.Wait()
		if s.Value() != "run 1" || s.Updated() != "run 1" || s.Updated() != "" {
			t.Errorf("at first: %q", s.Value())
		}
		time.Sleep(3*time.Hour + time.Minute)
		if s.Value() != "run 4" {
			t.Errorf("after three hours: %q", s.Value())
		}
		s.Interrupt()
		synctest.Wait()
		if errs := s.Errors(); len(errs) != 1 || !errors.Is(errs[0], handler.ErrServiceInterrupted) {
			t.Errorf("%v", errs)
		}
		s.Stop()
		if n := s.Runs(); n != 6 {
			t.Errorf("%d runs", n)
		}
	})
}
