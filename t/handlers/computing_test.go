package handlers_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"
)

// TestComputingHandlers states how long other requests wait while four
// asynchronous handlers of the same worker compute.
//
//	PERIGEE_T_STRICT=1 go test ./t/handlers -run TestComputingHandlers -v
func TestComputingHandlers(t *testing.T) {
	count, limit := 500, time.Second
	if os.Getenv("PERIGEE_T_STRICT") != "" {
		count, limit = 5000, 5*time.Millisecond
	}
	s := newSite(t)
	s.write(1, "keepalive_requests 100000;", `location / { return 200 "here"; } location /compute { handler_run_async spin $x 60s; return 200 "$x"; }`)
	s.start()
	idle := waits(t, s, count)
	for range 4 {
		c, err := net.Dial("tcp", s.addr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close() // which cancels the handler
		fmt.Fprint(c, "GET /compute HTTP/1.1\r\nHost: localhost\r\n\r\n")
	}
	time.Sleep(200 * time.Millisecond)
	busy := waits(t, s, count)
	t.Logf("idle: p50 %v, p99 %v; beside four handlers that compute: p50 %v, p99 %v, longest %v",
		idle[count/2], idle[count*99/100], busy[count/2], busy[count*99/100], busy[count-1])
	if p99 := busy[count*99/100]; p99 > limit {
		t.Errorf("p99 %v, at most %v expected", p99, limit)
	}
}

// waits are the times of requests on one connection, in ascending order.
func waits(t *testing.T, s *site, count int) []time.Duration {
	t.Helper()
	c, err := net.Dial("tcp", s.addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r := bufio.NewReader(c)
	all := make([]time.Duration, count)
	for i := range all {
		began := time.Now()
		fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if n, _ := r.Discard(int(resp.ContentLength)); n != len("here") {
			t.Fatalf("a body of %d bytes", n)
		}
		all[i] = time.Since(began)
		time.Sleep(300 * time.Microsecond)
	}
	slices.Sort(all)
	return all
}
