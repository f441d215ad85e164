package cbpf

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestConstant(t *testing.T) {
	g := newGroup(t, 4)
	wantSpread(t, g, 64)
	needs(t, AttachConstant(g.fds[0], 2))
	wantAll(t, g, 100, 2)
	// Any socket of the group will do, and a new program replaces the old.
	if err := AttachConstant(g.fds[3], 1); err != nil {
		t.Fatal(err)
	}
	wantAll(t, g, 100, 1)
	if err := Detach(g.fds[1]); err != nil {
		t.Fatal(err)
	}
	wantSpread(t, g, 64)
	if err := Detach(g.fds[1]); err != nil {
		t.Error("nothing to detach:", err)
	}
	if err := AttachConstant(g.fds[0], -1); err == nil {
		t.Error("negative index")
	}
	if err := AttachConstant(g.fds[0], 99); err != nil {
		t.Fatal(err)
	}
	wantSpread(t, g, 64) // past the end: by hash
}

// The last socket of a group moves into the place of one that is closed.
func TestConstantIndexIsAnOrder(t *testing.T) {
	g := newGroup(t, 3)
	needs(t, AttachConstant(g.fds[0], 0))
	g.lns[0].Close()
	moved := &group{lns: g.lns[1:], fds: g.fds[1:], addr: g.addr}
	wantAll(t, moved, 50, 1)
}

func TestHashAndCPU(t *testing.T) {
	g := newGroup(t, 4)
	needs(t, AttachHash(g.fds[0], 2))
	counts := g.spreadOf(t, 100)
	if counts[0] == 0 && counts[1] == 0 || counts[2]+counts[3] > 0 {
		t.Errorf("hash modulo 2: %v", counts)
	}
	needs(t, AttachCPU(g.fds[0], 1))
	wantAll(t, g, 50, 0)
	if AttachHash(g.fds[0], 0) == nil || AttachCPU(g.fds[0], -1) == nil {
		t.Error("no sockets")
	}
}

func TestMultipathSocketsSayWhy(t *testing.T) {
	var lc net.ListenConfig
	lc.SetMultipathTCP(true)
	ln, err := lc.Listen(context.Background(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	fd := rawFD(t, ln.(*net.TCPListener))
	if proto, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL); err != nil || proto != unix.IPPROTO_MPTCP {
		t.Skip("this kernel has no MPTCP")
	}
	err = AttachConstant(fd, 0)
	if !errors.Is(err, ErrNotSupported) || !strings.Contains(err.Error(), "MPTCP") {
		t.Error(err)
	}
}

func TestProbe(t *testing.T) {
	s := Probe()
	for name, err := range map[string]error{"classic": s.Classic, "extended": s.Extended} {
		if err != nil && !errors.Is(err, ErrNotSupported) {
			t.Errorf("%s: %v", name, err)
		}
		t.Logf("%s: %v", name, err)
	}
}

func newSteering(t *testing.T, g *group) *Steering {
	t.Helper()
	s, err := NewSteering(len(g.fds))
	needs(t, err)
	t.Cleanup(func() { s.Close() })
	for i, fd := range g.fds {
		needs(t, s.Set(i, fd))
	}
	needs(t, s.Attach(g.fds[0]))
	return s
}

func TestSteeringDirect(t *testing.T) {
	g := newGroup(t, 4)
	s := newSteering(t, g)
	wantSpread(t, g, 64) // nothing said yet
	for _, index := range []int{3, 0, 2} {
		if err := s.Direct(index); err != nil {
			t.Fatal(err)
		}
		wantAll(t, g, 100, index)
	}
	if err := s.Unset(2); err != nil {
		t.Fatal(err)
	}
	wantSpread(t, g, 64) // nobody is refused
	if err := s.Unset(2); err != nil {
		t.Error("empty twice:", err)
	}
	if err := s.Set(2, g.fds[2]); err != nil {
		t.Fatal(err)
	}
	wantAll(t, g, 50, 2)
	if err := s.Free(); err != nil {
		t.Fatal(err)
	}
	wantSpread(t, g, 64)
	for _, err := range []error{s.Direct(4), s.Direct(-1), s.Set(4, g.fds[0]), s.Unset(-1)} {
		if err == nil {
			t.Error("index out of range")
		}
	}
	// Unlike in classic BPF the index stays the same when another socket goes.
	s.Direct(3)
	g.lns[0].Close()
	left := &group{lns: g.lns[1:], fds: g.fds[1:], addr: g.addr}
	wantAll(t, left, 50, 2)
}

func TestSteeringShares(t *testing.T) {
	g := newGroup(t, 3)
	s := newSteering(t, g)
	if err := s.Share([]uint32{3, 0, 1}); err != nil {
		t.Fatal(err)
	}
	counts := g.spreadOf(t, 400)
	if counts[1] != 0 || counts[0] < 240 || counts[0] > 360 {
		t.Errorf("weights 3, 0, 1: %v", counts)
	}
	if err := s.Share([]uint32{0, 5}); err != nil {
		t.Fatal(err)
	}
	wantAll(t, g, 50, 1)
	if s.Share([]uint32{0, 0, 0}) == nil || s.Share(make([]uint32, 4)) == nil {
		t.Error("bad weights")
	}
	wantAll(t, g, 50, 1)
}

func TestSteeringIsInherited(t *testing.T) {
	g := newGroup(t, 3)
	s := newSteering(t, g)
	if err := s.Direct(1); err != nil {
		t.Fatal(err)
	}
	files, err := s.Files()
	if err != nil {
		t.Fatal(err)
	}
	var fds [4]int
	for i, f := range files {
		if fds[i], err = unix.Dup(int(f.Fd())); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	s.Close()
	next, err := Inherit(fds)
	if err != nil {
		t.Fatal(err)
	}
	defer next.Close()
	if mode, index, err := next.controlWord(); mode != modeDirect || index != 1 || err != nil {
		t.Error(mode, index, err)
	}
	if err := next.Direct(2); err != nil {
		t.Fatal(err)
	}
	wantAll(t, g, 50, 2)
}

func TestSpread(t *testing.T) {
	shares, err := spread([]uint32{1, 0, 2, 1})
	if err != nil {
		t.Fatal(err)
	}
	counts := make([]int, 4)
	for i, index := range shares {
		counts[index]++
		if i > 1 && shares[i-1] == index && shares[i-2] == index {
			t.Fatal("not alternating")
		}
	}
	if counts[0] != 256 || counts[1] != 0 || counts[2] != 512 || counts[3] != 256 {
		t.Error(counts)
	}
}

func TestLeastBusy(t *testing.T) {
	w := LeastBusy([]int64{100, 0, -1, 50})
	if w[0] != 16 || w[1] != 64 || w[2] != 0 || w[3] != 40 {
		t.Error(w)
	}
	if w := LeastBusy([]int64{0, 0}); w[0] != w[1] || w[0] == 0 {
		t.Error(w)
	}
	if w := LeastBusy([]int64{1, 0}); w[1]-w[0] > 2 {
		t.Error("one connection makes a difference:", w)
	}
}
