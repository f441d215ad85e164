package event

import (
	"errors"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// operations is how many random operations TestModel makes; PERIGEE_EVENT_OPS
// sets another number, such as the million of a full run.
func operations() int {
	if n, err := strconv.Atoi(os.Getenv("PERIGEE_EVENT_OPS")); err == nil {
		return n
	}
	return 50_000
}

// model is what the test knows of a task that it has made.
type model struct {
	task      *Task
	waits     int // how many waits have returned
	woken     int // wake-ups that must end a wait
	cancelled error
	ended     bool
	conn      *Conn
	peer      int
}

// wake wakes the task and counts it where it waits.
func (m *model) wake(l *Loop) {
	if m.task.state == parked {
		m.woken++
	}
	l.Wake(m.task)
}

// TestModel makes random operations on tasks, timers and sockets and holds what
// happens against what was promised: one holder, no lost wake-up, a cancellation
// that unwinds once, and nobody stopped by those that wait.
func TestModel(t *testing.T) {
	run(t, func(l *Loop) {
		rng := rand.New(rand.NewPCG(1, 2))
		inside := 0
		enter := func() {
			if inside++; inside != 1 {
				t.Fatal("two functions hold the baton")
			}
		}
		leave := func() { inside-- }
		gone := errors.New("gone")
		var live []*model
		started, finished := 0, 0

		begin := func() {
			m := &model{}
			if rng.IntN(3) == 0 {
				fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
				if err != nil {
					t.Fatal(err)
				}
				m.conn, _ = l.NewConn(fds[0], false)
				m.peer = fds[1]
			}
			started++
			live = append(live, m)
			m.task = l.Go(func() {
				enter()
				defer func() {
					m.ended = true
					finished++
					if m.conn != nil {
						m.conn.Close()
						unix.Close(m.peer)
					}
					leave()
				}()
				buf := make([]byte, 16)
				for {
					leave()
					var err error
					if m.conn != nil {
						_, err = m.conn.Read(buf, time.Minute)
					} else {
						err = l.Park()
					}
					enter()
					m.waits++
					if m.cancelled != nil {
						if err != m.cancelled {
							t.Fatalf("a cancelled wait returned %v", err)
						}
						if again := l.Sleep(time.Hour); again != m.cancelled {
							t.Fatalf("a wait after the cancellation returned %v", again)
						}
						return
					}
					if err != nil { // the socket was closed
						if err != ErrClosed {
							t.Fatalf("a wait returned %v", err)
						}
						return
					}
					if m.conn == nil && m.woken == 0 {
						t.Fatal("a wait ended without a wake-up")
					}
					m.woken = 0
				}
			})
		}

		for op := range operations() {
			if len(live) < 8 || rng.IntN(20) == 0 && len(live) < 200 {
				begin()
			}
			i := rng.IntN(len(live))
			m := live[i]
			if m.ended {
				live[i] = live[len(live)-1]
				live = live[:len(live)-1]
				continue
			}
			switch rng.IntN(10) {
			case 0, 1, 2, 3:
				if m.conn == nil {
					m.wake(l)
				} else {
					unix.Write(m.peer, []byte("x"))
				}
			case 4:
				if m.task.state != fresh && m.task.state != queued && m.cancelled == nil {
					m.cancelled = gone
					m.task.Cancel(gone)
				}
			case 5:
				if m.conn != nil && m.task.state == parked && m.cancelled == nil {
					m.conn.Close()
				}
			case 6:
				if m.conn == nil {
					tm := l.NewTimer(func() { m.wake(l) })
					tm.Reset(time.Duration(rng.IntN(3)) * time.Millisecond)
				}
			case 7:
				done := make(chan struct{})
				go func() { l.Post(func() { enter(); leave(); close(done) }) }()
			case 8:
				if op%50 == 0 {
					l.Sleep(time.Duration(rng.IntN(500)) * time.Microsecond)
				}
			default:
				l.Yield()
			}
		}
		l.Yield() // a task that is cancelled before it ran never runs
		for _, m := range live {
			if !m.ended && m.cancelled == nil {
				m.cancelled = gone
				m.task.Cancel(gone)
			}
		}
		for range 1000 {
			if finished == started {
				break
			}
			l.Sleep(time.Millisecond)
		}
		if finished != started {
			t.Fatalf("%d of %d tasks have ended", finished, started)
		}
	})
}
