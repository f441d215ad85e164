package spec

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// mock is the peer of the tcp_* and udp_* sections: it takes one query, keeps
// it and replies.
type mock struct {
	mu      sync.Mutex
	query   []byte
	closers []interface{ Close() error }
	done    sync.WaitGroup
}

func (m *mock) received() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return string(m.query)
}

func (m *mock) add(p []byte) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.query = append(m.query, p...)
	return len(m.query)
}

func (m *mock) close() {
	m.mu.Lock()
	for _, c := range m.closers {
		_ = c.Close()
	}
	m.mu.Unlock()
	m.done.Wait()
}

func (m *mock) owns(c interface{ Close() error }) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closers = append(m.closers, c)
}

// mockPlan is what the sections ask of a mock.
type mockPlan struct {
	network, address string
	queryLen         int // read until so many bytes; 0 reads once
	silence          time.Duration
	shutdown         int // plus one
	shutdownDelay    time.Duration
	replyDelay       time.Duration
	reply            []Value
	noClose          bool
}

// mockAddress tells where a mock listens: a port or the path of a Unix socket.
func mockAddress(kind, target string) (network, address string, err error) {
	target = strings.TrimSpace(target)
	if _, err := strconv.Atoi(target); err == nil {
		return kind, "127.0.0.1:" + target, nil
	}
	if !strings.HasSuffix(target, ".sock") {
		return "", "", fmt.Errorf("bad %s_listen target %q", kind, target)
	}
	if err := os.Remove(target); err != nil && !os.IsNotExist(err) {
		return "", "", err
	}
	if kind == "udp" {
		return "unixgram", target, nil
	}
	return "unix", target, nil
}

func (p *mockPlan) start() (*mock, error) {
	m := &mock{}
	if p.network == "udp" || p.network == "unixgram" {
		conn, err := net.ListenPacket(p.network, p.address)
		if err != nil {
			return nil, err
		}
		m.owns(conn)
		m.done.Go(func() { p.serveDatagram(m, conn) })
		return m, nil
	}
	l, err := net.Listen(p.network, p.address)
	if err != nil {
		return nil, err
	}
	m.owns(l)
	m.done.Go(func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		m.owns(conn)
		p.serveStream(m, conn)
	})
	return m, nil
}

type halfCloser interface {
	CloseRead() error
	CloseWrite() error
}

func (p *mockPlan) serveStream(m *mock, conn net.Conn) {
	read, write := true, true
	if p.shutdown > 0 {
		time.Sleep(p.shutdownDelay)
		half := conn.(halfCloser)
		if how := p.shutdown - 1; how == 0 || how == 2 {
			_ = half.CloseRead()
			read = false
		}
		if how := p.shutdown - 1; how == 1 || how == 2 {
			_ = half.CloseWrite()
			write = false
		}
	}
	if read {
		p.readQuery(m, conn)
	}
	time.Sleep(p.replyDelay)
	for _, r := range p.reply {
		if !write {
			break
		}
		if _, err := conn.Write([]byte(r.Text)); err != nil {
			break
		}
	}
	if !p.noClose {
		_ = conn.Close()
	}
}

func (p *mockPlan) readQuery(m *mock, conn net.Conn) {
	buf := make([]byte, 4096)
	for {
		if p.silence > 0 {
			_ = conn.SetReadDeadline(time.Now().Add(p.silence))
		}
		n, err := conn.Read(buf)
		have := m.add(buf[:n])
		if err != nil || p.silence == 0 && have >= p.queryLen {
			return
		}
	}
}

func (p *mockPlan) serveDatagram(m *mock, conn net.PacketConn) {
	buf := make([]byte, 64<<10)
	n, from, err := conn.ReadFrom(buf)
	if err != nil {
		return
	}
	m.add(buf[:n])
	time.Sleep(p.replyDelay)
	for _, r := range p.reply {
		if _, err := conn.WriteTo([]byte(r.Text), from); err != nil {
			return
		}
	}
}
