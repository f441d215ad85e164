package handlertest_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/perigee-server/perigee/server/handler"
	"github.com/perigee-server/perigee/server/handler/handlertest"
)

func TestWorker(t *testing.T) {
	if _, err := handler.SharedDict("d"); err != handler.ErrNoWorker {
		t.Fatalf("without a worker: %v", err)
	}
	t.Run("dictionary", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			handlertest.NewWorker(t)
			d, err := handler.SharedDict("d")
			if err != nil {
				t.Fatal(err)
			}
			d.Set("text", []byte("x"), 0)
			d.Set("short", 1, time.Minute)
			if n, err := d.Incr("n", 2, 40); n != 42 || err != nil {
				t.Errorf("%v, %v", n, err)
			}
			if _, err := d.Incr("text", 1, 0); err == nil {
				t.Error("a text was added to")
			}
			if added, _ := d.Add("short", 2, 0); added {
				t.Error("a key was added twice")
			}
			if keys, _ := d.Keys("s"); !slices.Equal(keys, []string{"short"}) {
				t.Errorf("%q", keys)
			}
			time.Sleep(time.Minute)
			if v, _ := d.Get("short"); v != nil {
				t.Errorf("%v has not expired", v)
			}
			if added, _ := d.Add("short", true, 0); !added {
				t.Error("an expired key is there")
			}
			if v, _ := d.Get("text"); v != "x" {
				t.Errorf("%v", v)
			}
			if d.Delete("text"); d.Set("text", struct{}{}, 0) == nil {
				t.Error("a struct was stored")
			}
		})
	})
	t.Run("events", func(t *testing.T) {
		handlertest.NewWorker(t)
		var heard []string
		handler.Subscribe("a", func(_ string, data []byte) { heard = append(heard, string(data)) })
		handler.Subscribe("", func(topic string, _ []byte) { heard = append(heard, topic) })
		handler.Publish("a", []byte("1"))
		handler.Publish("b", []byte("2"))
		if !slices.Equal(heard, []string{"1", "a", "b"}) {
			t.Errorf("%q", heard)
		}
	})
	if err := handler.Publish("a", nil); err != handler.ErrNoWorker {
		t.Errorf("behind the tests: %v", err)
	}
}
