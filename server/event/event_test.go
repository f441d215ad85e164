package event

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// run executes f as a task of a new loop and stops the loop when f returns.
func run(t testing.TB, f func(l *Loop)) {
	t.Helper()
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	l.Go(func() {
		defer l.Stop()
		f(l)
	})
	guard := time.AfterFunc(60*time.Second, func() { panic("the loop did not end") })
	l.Run()
	guard.Stop()
	l.Close()
}

func TestOrderOfWakes(t *testing.T) {
	run(t, func(l *Loop) {
		var got []int
		var tasks []*Task
		for i := range 5 {
			tasks = append(tasks, l.Go(func() {
				l.Park()
				got = append(got, i)
			}))
		}
		l.Yield()
		for _, i := range []int{3, 1, 4, 0, 2} {
			l.Wake(tasks[i])
			l.Wake(tasks[i]) // a second time does nothing
		}
		l.Yield()
		want := []int{3, 1, 4, 0, 2}
		for i := range want {
			if i >= len(got) || got[i] != want[i] {
				t.Fatalf("ran in order %v, want %v", got, want)
			}
		}
	})
}

func TestSwitchRunsChildFirst(t *testing.T) {
	run(t, func(l *Loop) {
		trace := ""
		parent := l.Current()
		child := l.New(func() {
			trace += "a"
			l.Switch(parent)
			trace += "c"
			l.ExitTo(parent)
		})
		l.Go(func() { trace += "x" })
		l.Switch(child)
		trace += "b"
		l.Switch(child)
		trace += "d"
		if trace != "abcd" {
			t.Fatalf("trace %q, want abcd", trace)
		}
		if !child.Done() {
			t.Fatal("the child is not done")
		}
		l.SwitchQueued(l.New(func() { trace += "e" }))
		if trace != "abcdex" && trace != "abcdxe" {
			t.Fatalf("trace %q", trace)
		}
	})
}

func TestCancelParkedTask(t *testing.T) {
	cause := errors.New("gone")
	run(t, func(l *Loop) {
		var first, second, after error
		tk := l.Go(func() {
			first = l.Park()
			second = l.Sleep(time.Hour)
			restore := l.Current().Pardon()
			after = l.Sleep(time.Millisecond)
			restore()
		})
		l.Yield()
		tk.Cancel(cause)
		tk.Cancel(errors.New("another"))
		l.Sleep(20 * time.Millisecond)
		if first != cause || second != cause || after != nil || !tk.Done() {
			t.Fatalf("first %v, second %v, after %v, done %v", first, second, after, tk.Done())
		}
	})
}

func TestBlockRunsWithoutBaton(t *testing.T) {
	run(t, func(l *Loop) {
		ran := false
		l.Go(func() { ran = true })
		l.Block(func(context.Context) { time.Sleep(5 * time.Millisecond) })
		if !ran {
			t.Fatal("nothing ran while Block waited")
		}
		tk := l.Go(func() {
			err := l.Block(func(ctx context.Context) { <-ctx.Done() })
			if err == nil {
				t.Error("Block did not tell the cancellation")
			}
		})
		l.Yield()
		tk.Cancel(errors.New("stop"))
		for !tk.Done() {
			l.Sleep(time.Millisecond)
		}
	})
}

func TestPostFromManyGoroutines(t *testing.T) {
	var n atomic.Int64
	run(t, func(l *Loop) {
		me := l.Current()
		for range 8 {
			go func() {
				for range 1000 {
					l.Post(func() {
						if n.Add(1) == 8000 {
							l.Wake(me)
						}
					})
				}
			}()
		}
		for n.Load() < 8000 {
			l.Park()
		}
	})
}

func TestTimersMoveAndStop(t *testing.T) {
	run(t, func(l *Loop) {
		var order []string
		a := l.NewTimer(func() { order = append(order, "a") })
		b := l.NewTimer(func() { order = append(order, "b") })
		c := l.NewTimer(func() { order = append(order, "c") })
		a.Reset(10 * time.Millisecond)
		b.Reset(5 * time.Millisecond)
		c.Reset(time.Millisecond)
		a.Reset(20 * time.Millisecond) // later
		a.Reset(2 * time.Millisecond)  // earlier
		c.Stop()
		l.Sleep(40 * time.Millisecond)
		if len(order) != 2 || order[0] != "a" || order[1] != "b" {
			t.Fatalf("order %v, want [a b]", order)
		}
	})
}

func TestConnWaitsAndRemembers(t *testing.T) {
	run(t, func(l *Loop) {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		a, _ := l.NewConn(fds[0], false)
		b, _ := l.NewConn(fds[1], false)
		big := make([]byte, 4<<20)
		l.Go(func() {
			if n, err := a.Write(big, 30*time.Second); n != len(big) || err != nil {
				t.Errorf("wrote %d, %v", n, err)
			}
			a.Close()
		})
		l.Sleep(5 * time.Millisecond)
		total := 0
		buf := make([]byte, 64<<10)
		for {
			n, err := b.Read(buf, 30*time.Second)
			total += n
			if err != nil {
				break
			}
		}
		if total != len(big) {
			t.Fatalf("read %d of %d", total, len(big))
		}
		if !b.Hangup() {
			t.Fatal("the hang-up was not remembered")
		}
		b.Close()
	})
}

func TestReadTimesOut(t *testing.T) {
	run(t, func(l *Loop) {
		fds, _ := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		a, _ := l.NewConn(fds[0], false)
		defer unix.Close(fds[1])
		if _, err := a.Read(make([]byte, 1), 5*time.Millisecond); err != ErrTimeout {
			t.Fatalf("got %v, want a timeout", err)
		}
		closer := l.NewTimer(func() { a.Close() })
		closer.Reset(5 * time.Millisecond)
		if _, err := a.Read(make([]byte, 1), time.Second); err != ErrClosed {
			t.Fatalf("got %v, want closed", err)
		}
	})
}

func TestWatchdogNamesHolder(t *testing.T) {
	got := make(chan string, 1)
	l, _ := New()
	l.Watch(50*time.Millisecond, func(_ time.Duration, stack []byte) {
		select {
		case got <- string(stack):
		default:
		}
	})
	l.Go(func() {
		for end := time.Now().Add(30 * time.Second); len(got) == 0 && time.Now().Before(end); {
			time.Sleep(10 * time.Millisecond)
		}
		l.Stop()
	})
	l.Run()
	select {
	case s := <-got:
		if !strings.Contains(s, "TestWatchdogNamesHolder") {
			t.Fatalf("the stack is not that of the holder: %s", s)
		}
	default:
		t.Fatal("the watchdog said nothing")
	}
}

func BenchmarkParkWake(b *testing.B) {
	run(b, func(l *Loop) {
		n := 0
		tk := l.Go(func() {
			for n < b.N {
				n++
				l.Park()
			}
		})
		b.ResetTimer()
		for !tk.Done() {
			l.Wake(tk)
			l.Yield()
		}
	})
}

func BenchmarkSwitch(b *testing.B) {
	run(b, func(l *Loop) {
		me := l.Current()
		tk := l.New(func() {
			for {
				l.Switch(me)
			}
		})
		b.ResetTimer()
		for range b.N {
			l.Switch(tk)
		}
	})
}

// TestTimersOfOneMoment: they run in the order in which they were set.
func TestTimersOfOneMoment(t *testing.T) {
	within(t, func(l *Loop) {
		const n = 50
		var order []int
		task := l.Current()
		for i := range n {
			l.NewTimer(func() {
				if order = append(order, i); len(order) == n {
					l.Wake(task)
				}
			}).Reset(time.Millisecond)
		}
		if err := l.Park(); err != nil {
			t.Fatal(err)
		}
		if !slices.IsSorted(order) {
			t.Errorf("they ran as %v", order)
		}
	})
}
