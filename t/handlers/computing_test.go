package handlers_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"
	"time"
)

// TestComputingHandlers states how long other requests wait while four
// asynchronous handlers of each worker compute: those of one client that pauses
// between them, and those of ten connections without a pause.
//
//	PERIGEE_T_STRICT=1 go test ./t/handlers -run TestComputingHandlers -v
func TestComputingHandlers(t *testing.T) {
	count, limit := 500, time.Second
	if os.Getenv("PERIGEE_T_STRICT") != "" {
		count, limit = 5000, 5*time.Millisecond
	}
	for workers := 1; workers <= 2; workers++ {
		t.Run(fmt.Sprint(workers, " workers"), func(t *testing.T) {
			s := newSite(t)
			s.write(workers, "keepalive_requests 10000000;", `location / { return 200 $pid; } location /compute { handler_run_async spin $x 60s; return 200 "$x"; }`)
			s.start()
			report := func(what string, all []time.Duration) {
				slices.Sort(all)
				n := len(all)
				p99 := all[n*99/100]
				t.Logf("%-50s p50 %8v, p99 %8v, longest %v", what, all[n/2].Round(time.Microsecond), p99.Round(time.Microsecond), all[n-1].Round(time.Microsecond))
				if p99 > limit {
					t.Errorf("%s: p99 %v, at most %v expected", what, p99, limit)
				}
			}
			pause := 300 * time.Microsecond
			report("idle:", dial(t, s).waits(t, count, pause))
			compute(t, s, workers)
			report("beside handlers that compute:", dial(t, s).waits(t, count, pause))
			var all []time.Duration
			var mu sync.Mutex
			var clients sync.WaitGroup
			for range 10 {
				c := dial(t, s)
				clients.Go(func() {
					w := c.waits(t, 2*count, 0)
					mu.Lock()
					all = append(all, w...)
					mu.Unlock()
				})
			}
			clients.Wait()
			report("the same, ten connections without a pause:", all)
		})
	}
}

// compute has four handlers of each worker compute until the test ends.
func compute(t *testing.T, s *site, workers int) {
	t.Helper()
	computing := map[string]int{}
	for end := time.Now().Add(20 * time.Second); len(computing) < workers || slices.Min(values(computing)) < 4; {
		if time.Now().After(end) {
			t.Fatalf("connections are not spread over the workers: %v", computing)
		}
		c := dial(t, s)
		pid, err := c.get()
		if err != nil {
			t.Fatal(err)
		}
		if computing[pid] < 4 {
			computing[pid]++
			fmt.Fprint(c, "GET /compute HTTP/1.1\r\nHost: localhost\r\n\r\n")
		}
	}
	time.Sleep(200 * time.Millisecond)
}

func values(m map[string]int) (all []int) {
	for _, v := range m {
		all = append(all, v)
	}
	return all
}

// client is a connection to the server, which ends with the test: that cancels
// a handler that still computes.
type client struct {
	net.Conn
	r *bufio.Reader
}

func dial(t *testing.T, s *site) client {
	t.Helper()
	c, err := net.Dial("tcp", s.addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return client{c, bufio.NewReader(c)}
}

// get asks for the worker's process id.
func (c client) get() (string, error) {
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(resp.Body)
	if err == nil && len(body) == 0 {
		err = io.ErrUnexpectedEOF
	}
	return string(body), err
}

// waits are the times of requests, in the order of the requests.
func (c client) waits(t *testing.T, count int, pause time.Duration) []time.Duration {
	all := make([]time.Duration, count)
	for i := range all {
		began := time.Now()
		if _, err := c.get(); err != nil {
			t.Error(err)
			break
		}
		all[i] = time.Since(began)
		time.Sleep(pause)
	}
	return all
}
