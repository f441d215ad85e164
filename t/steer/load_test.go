package steer_test

import (
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// load is clients that ask all the time, each time over a new connection.
type load struct {
	s       *server
	stop    atomic.Bool
	clients sync.WaitGroup

	done    atomic.Int64
	refused atomic.Int64 // no connection
	broken  atomic.Int64 // no answer
	why     atomic.Value // the last error
	last    atomic.Int64 // pid of the last worker that has answered
	longest atomic.Int64 // time to the answer, in nanoseconds
}

func (s *server) load(clients int) *load {
	l := &load{s: s}
	for range clients {
		l.clients.Go(l.client)
	}
	s.t.Cleanup(l.end)
	return l
}

func (l *load) client() {
	for !l.stop.Load() {
		began := time.Now()
		c, err := l.s.dial("/")
		if err != nil {
			l.refused.Add(1)
			l.why.Store(err.Error())
			continue
		}
		body, err := answer(c)
		if err != nil {
			l.broken.Add(1)
			l.why.Store(err.Error())
			continue
		}
		if n, err := strconv.Atoi(strings.TrimSpace(body)); err == nil {
			l.last.Store(int64(n))
		}
		if took := int64(time.Since(began)); took > l.longest.Load() {
			l.longest.Store(took)
		}
		l.done.Add(1)
		time.Sleep(time.Millisecond)
	}
}

// progress waits for that many more answers.
func (l *load) progress(n int64) {
	l.s.t.Helper()
	want := l.done.Load() + n
	if !eventually(func() bool { return l.done.Load() >= want }) {
		l.s.t.Fatalf("the server answers no more: %v", l.why.Load())
	}
}

func (l *load) end() {
	l.stop.Store(true)
	l.clients.Wait()
}
