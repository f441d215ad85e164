package wire

import (
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// upstream records what reaches it, byte by byte, and answers each complete
// request with "ok".
type upstream struct {
	listener net.Listener
	mu       sync.Mutex
	seen     []string
	active   sync.WaitGroup
}

func newUpstream() (*upstream, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	u := &upstream{listener: l}
	go u.accept()
	return u, nil
}

func (u *upstream) addr() string { return u.listener.Addr().String() }

func (u *upstream) accept() {
	for {
		conn, err := u.listener.Accept()
		if err != nil {
			return
		}
		u.mu.Lock()
		index := len(u.seen)
		u.seen = append(u.seen, "")
		u.active.Add(1)
		u.mu.Unlock()
		go u.serve(conn, index)
	}
}

func (u *upstream) serve(conn net.Conn, index int) {
	defer u.active.Done()
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	var got []byte
	buf := make([]byte, 32<<10)
	answered := false
	for {
		n, err := conn.Read(buf)
		got = append(got, buf[:n]...)
		u.mu.Lock()
		u.seen[index] = string(got)
		u.mu.Unlock()
		if err != nil {
			return
		}
		if !answered && complete(string(got)) {
			answered = true
			if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"); err != nil {
				return
			}
		}
	}
}

var (
	lengthField = regexp.MustCompile(`(?im)^content-length: (\d+)\r$`)
	chunkedBody = regexp.MustCompile(`(?im)^transfer-encoding: chunked\r$`)
)

// complete tells whether a request has arrived with its whole body.
func complete(got string) bool {
	head, body, ok := strings.Cut(got, "\r\n\r\n")
	if !ok {
		return false
	}
	if chunkedBody.MatchString(head + "\r\n") {
		return body == "0\r\n\r\n" || strings.HasSuffix(body, "\r\n0\r\n\r\n")
	}
	m := lengthField.FindStringSubmatch(head + "\r\n")
	if m == nil {
		return true
	}
	n, err := strconv.Atoi(m[1])
	return err == nil && len(body) >= n
}

// take returns what was seen since the last call, with the address that
// differs from run to run replaced. It waits for connections to end.
func (u *upstream) take() []string {
	ended := make(chan struct{})
	go func() {
		u.active.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(3 * time.Second):
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	var out []string
	for _, s := range u.seen {
		out = append(out, strings.ReplaceAll(s, u.addr(), "UPSTREAM"))
	}
	u.seen = nil
	return out
}
