package spec

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// exchange is how one request is sent and its answer read.
type exchange struct {
	addr     string
	packets  []Value
	middle   time.Duration // between packets that name no delay
	timeout  time.Duration // without any byte going either way
	shutdown int           // 0: nothing; else what to shut down after sending, plus one
}

// errTimeout is returned by run when the connection was silent for too long.
var errTimeout = errors.New("client socket timed out")

// run sends the packets and reads until the server closes the connection. What
// was read so far is returned with an error too.
func (e exchange) run() (string, error) {
	conn, err := net.DialTimeout("tcp", e.addr, e.timeout)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	sent := make(chan error, 1)
	go func() { sent <- e.send(conn.(*net.TCPConn)) }()

	var got []byte
	buf := make([]byte, 64<<10)
	for {
		if err := conn.SetReadDeadline(time.Now().Add(e.timeout + e.sendTime())); err != nil {
			return string(got), err
		}
		n, err := conn.Read(buf)
		got = append(got, buf[:n]...)
		if err == nil {
			continue
		}
		_ = conn.Close() // unblocks the sender
		werr := <-sent
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return string(got), errTimeout
		case err == io.EOF || errors.Is(err, syscall.ECONNRESET) || len(got) > 0:
			return string(got), nil // a reset is an end, too
		case werr != nil:
			return "", fmt.Errorf("write failed: %w", werr)
		}
		return "", err
	}
}

func (e exchange) sendTime() time.Duration {
	var sum time.Duration
	for i, p := range e.packets {
		sum += p.delay(e.middle, i == 0)
	}
	return sum
}

func (e exchange) send(conn *net.TCPConn) error {
	for i, p := range e.packets {
		if d := p.delay(e.middle, i == 0); d > 0 {
			time.Sleep(d)
		}
		if _, err := io.WriteString(conn, p.Text); err != nil {
			return err
		}
	}
	switch e.shutdown - 1 {
	case 0:
		return conn.CloseRead()
	case 1:
		return conn.CloseWrite()
	case 2:
		_ = conn.CloseRead()
		return conn.CloseWrite()
	}
	return nil
}
