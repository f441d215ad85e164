package event

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Listener accepts connections of one listening socket.
type Listener struct {
	l     *Loop
	fd    int
	slot  int32
	on    bool
	multi bool
	// accept gets each connection; fail an error of accept, such as EMFILE.
	accept func(fd int, peer unix.Sockaddr)
	fail   func(err error)
}

// Listen registers a listening socket, level-triggered. It begins disabled;
// multi takes all waiting connections at once (multi_accept).
func (l *Loop) Listen(fd int, multi bool, accept func(fd int, peer unix.Sockaddr), fail func(error)) (*Listener, error) {
	ln := &Listener{l: l, fd: fd, multi: multi, accept: accept, fail: fail}
	slot, err := l.register(fd, 0, ln)
	if err != nil {
		return nil, err
	}
	ln.slot = slot
	return ln, nil
}

// FD is the listening descriptor.
func (ln *Listener) FD() int { return ln.fd }

// Enable turns accepting on or off.
func (ln *Listener) Enable(on bool) error {
	if on == ln.on {
		return nil
	}
	ln.on = on
	flags := uint32(0)
	if on {
		flags = unix.EPOLLIN
	}
	return ln.l.modify(ln.fd, ln.slot, flags)
}

// Drain accepts all connections that wait, if the listener is enabled.
func (ln *Listener) Drain() {
	multi := ln.multi
	ln.multi = true
	ln.event(0)
	ln.multi = multi
}

// Remove ends the loop's interest in the socket, which stays open.
func (ln *Listener) Remove() {
	unix.EpollCtl(ln.l.ep, unix.EPOLL_CTL_DEL, ln.fd, nil)
	ln.l.release(ln.slot)
	ln.on = false
}

func (ln *Listener) event(uint32) {
	for ln.on {
		fd, sa, err := unix.Accept4(ln.fd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		switch err {
		case nil:
			ln.accept(fd, sa)
		case unix.EINTR, unix.ECONNABORTED:
			continue
		case unix.EAGAIN:
			return
		default:
			ln.fail(os.NewSyscallError("accept4", err.(syscall.Errno)))
			return
		}
		if !ln.multi {
			return
		}
	}
}

// Watcher calls a function when a foreign descriptor (an eventfd, a control
// socket) has something to read, edge-triggered.
type Watcher struct {
	l    *Loop
	fd   int
	slot int32
	f    func()
}

// WatchFD registers a descriptor; f runs once per edge.
func (l *Loop) WatchFD(fd int, f func()) (*Watcher, error) {
	w := &Watcher{l: l, fd: fd, f: f}
	slot, err := l.register(fd, unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLET, w)
	w.slot = slot
	return w, err
}

// Alone reports whether the present batch of events is just that of w.
func (w *Watcher) Alone() bool {
	l := w.l
	return l.evn == 1 && l.events[0].Fd == w.slot
}

// Remove ends the loop's interest in the descriptor, which stays open.
func (w *Watcher) Remove() {
	unix.EpollCtl(w.l.ep, unix.EPOLL_CTL_DEL, w.fd, nil)
	w.l.release(w.slot)
}

func (w *Watcher) event(uint32) { w.f() }
