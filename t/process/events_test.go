package process_test

import (
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestEventsSettings: what an events block of nginx may say is accepted, and
// with multi_accept a burst of connections is served.
func TestEventsSettings(t *testing.T) {
	t.Parallel()
	s := newSite(t, program(t), strings.Replace(plain, "worker_connections 128;", `worker_connections 128;
    use epoll; multi_accept on; accept_mutex on; accept_mutex_delay 100ms; worker_aio_requests 16; epoll_events 64; debug_connection 127.0.0.1;`, 1)).start()
	s.settled(2)
	var idle []net.Conn
	for range 20 {
		c, err := net.DialTimeout("tcp", s.addr(), patience)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		idle = append(idle, c)
	}
	var all sync.WaitGroup
	for _, c := range idle {
		all.Go(func() {
			c.SetDeadline(time.Now().Add(patience))
			b := make([]byte, 512)
			if _, err := c.Write([]byte("GET /last HTTP/1.0\r\n\r\n")); err != nil {
				t.Error(err)
			}
			if n, err := c.Read(b); err != nil || !strings.HasPrefix(string(b[:n]), "HTTP/1.1 200") {
				t.Errorf("%q, %v", b[:n], err)
			}
		})
	}
	all.Wait()
}
