package healthcheck

import (
	"errors"
	"io"
	"net/netip"
	"strconv"
	"syscall"
	"time"

	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/upstream"
	"golang.org/x/sys/unix"
)

// maxLine bounds the status line of a response.
const maxLine = 4096

// ask probes a peer: it connects and, unless type=tcp, expects a status from 200
// to 399. The result says what was wrong, with what the probe was doing.
func (k *check) ask(l *event.Loop, p *upstream.Peer) (wrong string) {
	end := time.Now().Add(k.timeout)
	left := func() time.Duration { return max(time.Until(end), time.Millisecond) }
	c, err := l.Dial(k.address(p), nil, left())
	if err != nil {
		return "connecting to upstream: " + text(err)
	}
	defer c.Close()
	if k.tcp {
		return ""
	}
	request := "GET " + k.uri + " HTTP/1.0\r\nHost: " + k.group.Name + "\r\nConnection: close\r\n\r\n"
	if _, err := c.Write([]byte(request), left()); err != nil {
		return "sending request: " + text(err)
	}
	var line head.StatusLine
	buf := make([]byte, 0, maxLine)
	for {
		n, err := c.Read(buf[len(buf):maxLine], left())
		if err != nil {
			return "reading response: " + text(err)
		}
		buf = buf[:len(buf)+n]
		_, err = line.Parse(buf)
		if err == nil {
			break
		}
		if !errors.Is(err, head.ErrIncomplete) || len(buf) == maxLine {
			return "reading response: no valid status line"
		}
		if time.Now().After(end) {
			return "reading response: " + text(event.ErrTimeout)
		}
	}
	if line.Code < 200 || line.Code > 399 {
		return "checking status code " + strconv.Itoa(line.Code)
	}
	return ""
}

// text words the errors of sockets.
func text(err error) string {
	var errno syscall.Errno
	switch {
	case errors.As(err, &errno):
		return errno.Error()
	case errors.Is(err, event.ErrTimeout):
		return "timed out"
	case errors.Is(err, io.EOF):
		return "connection closed"
	}
	return err.Error()
}

// address is that of the peer, with another port where port= says so.
func (k *check) address(p *upstream.Peer) unix.Sockaddr {
	if k.port == 0 {
		return p.Addr
	}
	switch a := p.Addr.(type) {
	case *unix.SockaddrInet4:
		return upstream.FromIP(netip.AddrFrom4(a.Addr), k.port).Addr
	case *unix.SockaddrInet6:
		return upstream.FromIP(netip.AddrFrom16(a.Addr), k.port).Addr
	}
	return p.Addr
}
