package cbpf

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// group is a reuseport group of listening sockets on one free port.
type group struct {
	lns  []*net.TCPListener
	fds  []int
	addr string
}

func newGroup(t testing.TB, n int) *group {
	t.Helper()
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) })
		return err
	}}
	lc.SetMultipathTCP(false)
	g := &group{addr: "127.0.0.1:0"}
	for range n {
		ln, err := lc.Listen(context.Background(), "tcp4", g.addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { ln.Close() })
		tcp := ln.(*net.TCPListener)
		g.lns = append(g.lns, tcp)
		g.fds = append(g.fds, rawFD(t, tcp))
		g.addr = ln.Addr().String()
	}
	return g
}

func rawFD(t testing.TB, ln *net.TCPListener) (fd int) {
	t.Helper()
	rc, err := ln.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	rc.Control(func(f uintptr) { fd = int(f) })
	return fd
}

// spreadOf connects n times and counts where the connections arrive.
func (g *group) spreadOf(t testing.TB, n int) []int {
	t.Helper()
	for range n {
		c, err := net.Dial("tcp4", g.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	counts := make([]int, len(g.lns))
	total := 0
	for i, ln := range g.lns {
		for {
			// The handshakes are over: what is there is there at once.
			ln.SetDeadline(time.Now().Add(5 * time.Millisecond))
			c, err := ln.Accept()
			if err != nil {
				break
			}
			c.Close()
			counts[i]++
			total++
		}
	}
	if total != n {
		t.Errorf("%d of %d connections arrived: %v", total, n, counts)
	}
	return counts
}

func wantAll(t testing.TB, g *group, n, index int) {
	t.Helper()
	if counts := g.spreadOf(t, n); counts[index] != n {
		t.Errorf("not all on socket %d: %v", index, counts)
	}
}

func wantSpread(t testing.TB, g *group, n int) {
	t.Helper()
	used := 0
	counts := g.spreadOf(t, n)
	for _, c := range counts {
		if c > 0 {
			used++
		}
	}
	if used < 2 {
		t.Errorf("not spread: %v", counts)
	}
}

// needs skips a test where the kernel or the user's rights refuse.
func needs(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, ErrNotSupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}
