package process_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// get asks once, over a connection of its own.
func get(network, addr, path string) (int, string, error) {
	tr := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, network, addr)
	}}
	res, err := (&http.Client{Transport: tr, Timeout: 10 * time.Second}).Get("http://localhost" + path)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res.StatusCode, string(body), err
}

func (s *site) addr() string { return fmt.Sprintf("127.0.0.1:%d", s.ports[0]) }

// get asks the first port; anything but 200 fails the test.
func (s *site) get(path string) string {
	s.t.Helper()
	code, body, err := get("tcp", s.addr(), path)
	if err != nil || code != 200 {
		s.t.Fatalf("GET %s: %d %q %v\n%s", path, code, body, err, s.errorLog())
	}
	return body
}

// load is a number of clients that ask all the time. A request is lost when it
// is not answered with 200, although the client, as HTTP allows, repeats it once
// when a kept connection ends before the first byte of the answer.
type load struct {
	addr    string
	stop    atomic.Bool
	clients sync.WaitGroup
	asked   atomic.Int64
	retried atomic.Int64
	mu      sync.Mutex
	lost    []error
}

func startLoad(addr string, clients int) *load {
	l := &load{addr: addr}
	for i := range clients {
		l.clients.Go(func() { l.client(i%2 == 0) })
	}
	return l
}

// more waits for n further requests.
func (l *load) more(n int64) {
	from := l.asked.Load()
	eventually(func() bool { return l.asked.Load() >= from+n })
}

// end stops the clients and fails the test for what was lost.
func (l *load) end(t *testing.T) {
	t.Helper()
	l.stop.Store(true)
	l.clients.Wait()
	t.Logf("%d requests, %d repeated, %d lost", l.asked.Load(), l.retried.Load(), len(l.lost))
	for i, err := range l.lost {
		if i == 5 {
			break
		}
		t.Errorf("a request was lost: %v", err)
	}
	if l.asked.Load() < 100 {
		t.Errorf("only %d requests were made", l.asked.Load())
	}
}

// errUnanswered is a connection that ended before the first byte.
var errUnanswered = errors.New("the connection ended before the answer")

// client asks, with connections that are kept or with a new one each time.
func (l *load) client(keep bool) {
	var c *kept
	for !l.stop.Load() {
		fresh := c == nil
		err := l.ask(&c, keep)
		if errors.Is(err, errUnanswered) && !fresh {
			l.retried.Add(1)
			err = l.ask(&c, keep)
		}
		l.asked.Add(1)
		if err != nil {
			l.mu.Lock()
			l.lost = append(l.lost, err)
			l.mu.Unlock()
		}
		time.Sleep(time.Millisecond)
	}
	if c != nil {
		c.conn.Close()
	}
}

type kept struct {
	conn net.Conn
	r    *bufio.Reader
}

// ask sends one request over *c, which it opens when it is nil and clears when
// it has ended.
func (l *load) ask(c **kept, keep bool) (err error) {
	if *c == nil {
		conn, err := net.DialTimeout("tcp", l.addr, 5*time.Second)
		if err != nil {
			return err
		}
		*c = &kept{conn, bufio.NewReader(conn)}
	}
	k, ends := *c, true
	defer func() {
		if ends {
			k.conn.Close()
			*c = nil
		}
	}()
	k.conn.SetDeadline(time.Now().Add(10 * time.Second))
	option := ""
	if !keep {
		option = "Connection: close\r\n"
	}
	if _, err := io.WriteString(k.conn, "GET /who HTTP/1.1\r\nHost: localhost\r\n"+option+"\r\n"); err != nil {
		return fmt.Errorf("%w: %v", errUnanswered, err)
	}
	if _, err := k.r.Peek(1); err != nil {
		return fmt.Errorf("%w: %v", errUnanswered, err)
	}
	res, err := http.ReadResponse(k.r, nil)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != 200 || !strings.HasSuffix(string(body), "\n") {
		return fmt.Errorf("%s %q", res.Status, body)
	}
	ends = res.Close
	return nil
}

// raw sends bytes to the first port and returns everything that comes until the
// end of the connection.
func (s *site) raw(request string) string {
	s.t.Helper()
	conn, err := net.DialTimeout("tcp", s.addr(), 5*time.Second)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, request); err != nil {
		s.t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		s.t.Fatalf("%v after %q", err, answer)
	}
	return string(answer)
}
