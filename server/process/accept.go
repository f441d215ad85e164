package process

import (
	"os"
	"sync/atomic"
	"unsafe"

	"github.com/perigee-server/perigee/server/event"
	"golang.org/x/sys/unix"
)

// acceptPage is shared by the workers of one generation: who listens for
// connections, so that one connection wakes one worker. (EPOLLEXCLUSIVE has no
// effect in a nested epoll.)
//
// One worker, the holder, sleeps with its listening sockets armed. When it
// wakes, for whatever reason, it hands the office to a worker that sleeps and
// kicks it; a worker that goes to sleep takes the office when its holder is
// awake, and thus may be busy. So as long as any worker sleeps, one that sleeps
// listens, and nobody else is woken.
type acceptPage struct {
	holder   atomic.Int32
	sleeping [maxWorkers]atomic.Uint32
	pids     [maxWorkers]atomic.Int32
	// connections that each worker serves, for reuseport_balance least_conn.
	connections [maxWorkers]atomic.Int32
}

const maxWorkers = 1000

// newAcceptPage makes the page in a memfd that workers inherit.
func newAcceptPage() (*os.File, *acceptPage, error) {
	fd, err := unix.MemfdCreate("perigee-accept", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, nil, os.NewSyscallError("memfd_create", err)
	}
	f := os.NewFile(uintptr(fd), "accept")
	if err := f.Truncate(int64(unsafe.Sizeof(acceptPage{}))); err != nil {
		f.Close()
		return nil, nil, err
	}
	p, err := mapAcceptPage(fd)
	if err != nil {
		f.Close()
	}
	return f, p, err
}

func mapAcceptPage(fd int) (*acceptPage, error) {
	b, err := unix.Mmap(fd, 0, int(unsafe.Sizeof(acceptPage{})), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	return (*acceptPage)(unsafe.Pointer(unsafe.SliceData(b))), nil
}

func (p *acceptPage) unmap() {
	unix.Munmap(unsafe.Slice((*byte)(unsafe.Pointer(p)), unsafe.Sizeof(*p)))
}

// kick wakes a worker through its eventfd.
func kick(fd int) { unix.Write(fd, []byte{1, 0, 0, 0, 0, 0, 0, 0}) }

// buried takes a dead worker out of the office; the master calls it.
func (p *acceptPage) buried(slot int, kicks []int) {
	p.sleeping[slot].Store(0)
	p.connections[slot].Store(0)
	if p.holder.Load() != int32(slot) {
		return
	}
	p.pass(slot, kicks)
}

// pass hands the office from a worker to another one that sleeps, if any does.
func (p *acceptPage) pass(from int, kicks []int) bool {
	n := len(kicks)
	for i := 1; i < n; i++ {
		to := (from + i) % n
		if p.sleeping[to].Load() == 0 {
			continue
		}
		if p.holder.CompareAndSwap(int32(from), int32(to)) {
			kick(kicks[to])
			return true
		}
		return false
	}
	return false
}

// acceptor is a worker's side of the page.
type acceptor struct {
	page  *acceptPage
	kicks []int
	slot  int
	armed bool
	// kicked watches the worker's own eventfd.
	kicked *event.Watcher
	lns    []*event.Listener
}

// arm turns listening on or off.
func (a *acceptor) arm(on bool) {
	if a.armed == on {
		return
	}
	a.armed = on
	for _, ln := range a.lns {
		ln.Enable(on)
	}
}

// sleep is called before the loop sleeps; it reports whether the worker has
// just begun to listen and must look again.
func (a *acceptor) sleep() bool {
	if len(a.lns) == 0 {
		return false
	}
	me := int32(a.slot)
	a.page.sleeping[a.slot].Store(1)
	h := a.page.holder.Load()
	if h != me && (int(h) >= len(a.kicks) || a.page.sleeping[h].Load() == 0) && a.page.holder.CompareAndSwap(h, me) {
		h = me
	}
	was := a.armed
	a.arm(h == me)
	if !was && a.armed {
		a.page.sleeping[a.slot].Store(0)
		return true
	}
	return false
}

// wake is called after a sleep. A worker that was woken just to take the office
// keeps it.
func (a *acceptor) wake() {
	a.page.sleeping[a.slot].Store(0)
	if a.kicked.Alone() {
		return
	}
	if a.page.holder.Load() == int32(a.slot) {
		a.page.pass(a.slot, a.kicks)
	}
}

// count tells the master how many connections the worker serves.
func (a *acceptor) count(n int) {
	if c := &a.page.connections[a.slot]; int(c.Load()) != n {
		c.Store(int32(n))
	}
}

// leave gives the office up for good, as the worker quits.
func (a *acceptor) leave() {
	a.lns = nil
	a.page.buried(a.slot, a.kicks)
}

// workers lists the processes of the generation, in the order of their slots.
func (p *acceptPage) workers(count int) []int {
	var pids []int
	for i := range min(count, maxWorkers) {
		if pid := p.pids[i].Load(); pid != 0 {
			pids = append(pids, int(pid))
		}
	}
	return pids
}
