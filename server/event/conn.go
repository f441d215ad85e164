package event

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ErrAgain is returned by the Try methods when the socket would block.
var ErrAgain = errors.New("resource temporarily unavailable")

// ErrTimeout is returned by the waiting methods when their time was over; it is
// a net.Error with Timeout() true.
var ErrTimeout error = os.ErrDeadlineExceeded

// ErrClosed is returned on a connection that was closed.
var ErrClosed = net.ErrClosed

// Conn is a non-blocking socket of any kind, registered once with the loop for
// reading, writing and hang-up, edge-triggered: an operation is tried first and
// waits only when the kernel says so. An event that arrives while nobody waits
// is remembered.
type Conn struct {
	l    *Loop
	fd   int
	slot int32

	canRead  bool
	canWrite bool
	hup      bool // the peer has closed its side, or the socket is in error
	closed   bool

	reader, writer *Task
	rtimer, wtimer waitTimer

	// OnRead, when set, is called inline when the socket becomes readable (or
	// the peer hangs up) and no task waits for that; OnWrite likewise.
	OnRead  func()
	OnWrite func()
}

const connFlags = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET

// NewConn registers a non-blocking socket. ready says that data may be there
// already, as on a connection accepted with deferred accept.
func (l *Loop) NewConn(fd int, ready bool) (*Conn, error) {
	c := &Conn{}
	if err := c.Init(l, fd, ready); err != nil {
		return nil, err
	}
	return c, nil
}

// Init is NewConn for a Conn that is part of a larger value.
func (c *Conn) Init(l *Loop, fd int, ready bool) error {
	*c = Conn{l: l, fd: fd, canRead: ready, canWrite: true}
	slot, err := l.register(fd, connFlags, c)
	c.slot = slot
	return err
}

// Loop is the loop that the connection belongs to.
func (c *Conn) Loop() *Loop { return c.l }

// FD is the descriptor, -1 when closed.
func (c *Conn) FD() int {
	if c.closed {
		return -1
	}
	return c.fd
}

// Hangup reports whether the peer has closed its side (EPOLLRDHUP) or the
// socket is in error; data may still be there to read.
func (c *Conn) Hangup() bool { return c.hup }

// Readable reports whether a read is worth trying.
func (c *Conn) Readable() bool { return c.canRead }

func (c *Conn) event(flags uint32) {
	if flags&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		c.hup = true
	}
	if flags&(unix.EPOLLOUT|unix.EPOLLHUP|unix.EPOLLERR) != 0 && !c.canWrite {
		c.canWrite = true
		if c.writer != nil {
			c.l.Wake(c.writer)
		} else if c.OnWrite != nil {
			c.OnWrite()
			if c.closed {
				return
			}
		}
	}
	if flags&(unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		c.canRead = true
		if c.reader != nil {
			c.l.Wake(c.reader)
		} else if c.OnRead != nil {
			c.OnRead()
		}
	}
}

// TryRead reads what is there: ErrAgain when nothing is, io.EOF at the end.
func (c *Conn) TryRead(p []byte) (int, error) {
	if c.closed {
		return 0, ErrClosed
	}
	if len(p) == 0 {
		return 0, nil
	}
	for {
		n, _, e := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(c.fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0, 0, 0)
		switch e {
		case 0:
			if n == 0 {
				return 0, io.EOF
			}
			if int(n) < len(p) && !c.hup {
				c.canRead = false
			}
			return int(n), nil
		case unix.EAGAIN:
			c.canRead = false
			return 0, ErrAgain
		case unix.EINTR:
			continue
		}
		return 0, os.NewSyscallError("recv", e)
	}
}

// Peek looks at what is there without taking it (MSG_PEEK).
func (c *Conn) Peek(p []byte) (int, error) {
	if c.closed {
		return 0, ErrClosed
	}
	n, _, err := unix.Recvfrom(c.fd, p, unix.MSG_PEEK)
	if err == unix.EAGAIN {
		return 0, ErrAgain
	}
	if err != nil {
		return 0, os.NewSyscallError("recv", err)
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// TryWrite writes what the socket takes; ErrAgain when that is less than all.
func (c *Conn) TryWrite(p []byte) (int, error) {
	if c.closed {
		return 0, ErrClosed
	}
	for {
		n, _, e := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(c.fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), unix.MSG_NOSIGNAL, 0, 0)
		switch e {
		case 0:
			if int(n) < len(p) {
				c.canWrite = false
				return int(n), ErrAgain
			}
			return int(n), nil
		case unix.EAGAIN:
			c.canWrite = false
			return 0, ErrAgain
		case unix.EINTR:
			continue
		}
		return 0, os.NewSyscallError("send", e)
	}
}

// TryWritev writes several buffers in one call; at most 64 are taken. ErrAgain
// when the socket took less than those.
func (c *Conn) TryWritev(bufs [][]byte) (int, error) {
	if c.closed {
		return 0, ErrClosed
	}
	var iov [64]unix.Iovec
	k, total := 0, 0
	for _, b := range bufs {
		if len(b) == 0 {
			continue
		}
		if k == len(iov) {
			break
		}
		iov[k].Base = unsafe.SliceData(b)
		iov[k].SetLen(len(b))
		total += len(b)
		k++
	}
	if k == 0 {
		return 0, nil
	}
	msg := unix.Msghdr{Iov: &iov[0]}
	msg.SetIovlen(k)
	for {
		n, _, e := syscall.RawSyscall(unix.SYS_SENDMSG, uintptr(c.fd), uintptr(unsafe.Pointer(&msg)), unix.MSG_NOSIGNAL)
		switch e {
		case 0:
			if int(n) < total {
				c.canWrite = false
				return int(n), ErrAgain
			}
			return int(n), nil
		case unix.EAGAIN:
			c.canWrite = false
			return 0, ErrAgain
		case unix.EINTR:
			continue
		}
		return 0, os.NewSyscallError("writev", e)
	}
}

// TrySendfile sends up to n bytes of file from offset off. A file shorter than
// that gives io.ErrUnexpectedEOF.
func (c *Conn) TrySendfile(file int, off int64, n int) (int, error) {
	if c.closed {
		return 0, ErrClosed
	}
	for {
		k, err := syscall.Sendfile(c.fd, file, &off, n)
		switch {
		case err == nil && k == 0:
			return 0, io.ErrUnexpectedEOF
		case err == nil && k < n:
			// short: the socket is full, or the file ends; the next call tells
			return k, nil
		case err == nil:
			return k, nil
		case err == unix.EAGAIN:
			c.canWrite = false
			return 0, ErrAgain
		case err == unix.EINTR:
			continue
		}
		return 0, os.NewSyscallError("sendfile", err)
	}
}

// waitTimer ends one direction's waits. It stays in the heap between them, as
// most waits are over long before their time.
type waitTimer struct {
	Timer
	late bool
}

// wait parks the current task in *who until the condition holds, the time is
// over (0 waits without a limit) or the connection was closed.
func (c *Conn) wait(who **Task, ready *bool, tm *waitTimer, d time.Duration) error {
	t := c.l.Current()
	*who = t
	if d > 0 {
		if !tm.Ready() {
			tm.Init(c.l, func() {
				tm.late = true
				if *who != nil {
					c.l.Wake(*who)
				}
			})
		}
		tm.late = false
		tm.Reset(d)
	}
	err := c.waitFor(ready, tm)
	if *who == t {
		*who = nil
	}
	if d > 0 {
		tm.Stop()
	}
	return err
}

func (c *Conn) waitFor(ready *bool, tm *waitTimer) error {
	for !*ready {
		if err := c.l.Park(); err != nil {
			return err
		}
		if c.closed {
			return ErrClosed
		}
		if tm.late && !*ready {
			return ErrTimeout
		}
	}
	return nil
}

// WaitRead parks the current task until a read is worth trying.
func (c *Conn) WaitRead(d time.Duration) error { return c.wait(&c.reader, &c.canRead, &c.rtimer, d) }

// WaitWrite parks the current task until a write is worth trying.
func (c *Conn) WaitWrite(d time.Duration) error { return c.wait(&c.writer, &c.canWrite, &c.wtimer, d) }

// Read reads at least one byte, waiting up to d (0: without a limit).
func (c *Conn) Read(p []byte, d time.Duration) (int, error) {
	for {
		n, err := c.TryRead(p)
		if err != ErrAgain {
			return n, err
		}
		if err := c.WaitRead(d); err != nil {
			return 0, err
		}
	}
}

// Write writes all of p; d limits the wait between two successful writes.
func (c *Conn) Write(p []byte, d time.Duration) (int, error) {
	sent := 0
	for {
		n, err := c.TryWrite(p[sent:])
		sent += n
		if err != ErrAgain {
			return sent, err
		}
		if err := c.WaitWrite(d); err != nil {
			return sent, err
		}
	}
}

// Interrupt wakes the tasks that wait on the socket, so that they look again
// at why they wait.
func (c *Conn) Interrupt() {
	if c.reader != nil {
		c.l.Wake(c.reader)
	}
	if c.writer != nil {
		c.l.Wake(c.writer)
	}
}

// Close closes the socket. Tasks that wait on it return ErrClosed.
func (c *Conn) Close() error {
	if c.closed {
		return nil
	}
	c.Detach()
	return unix.Close(c.fd)
}

// Detach ends the loop's interest in the socket and leaves the descriptor open
// for the caller, who must close it or hand it on. The kernel forgets a closed
// descriptor by itself, so only Detach without a Close needs Forget.
func (c *Conn) Detach() {
	c.closed = true
	if c.rtimer.Ready() {
		c.rtimer.Remove()
	}
	if c.wtimer.Ready() {
		c.wtimer.Remove()
	}
	c.l.release(c.slot)
	c.OnRead, c.OnWrite = nil, nil
	if c.reader != nil {
		c.l.Wake(c.reader)
	}
	if c.writer != nil {
		c.l.Wake(c.writer)
	}
}

// Reset closes the socket so that the peer gets a RST (SO_LINGER 0), as
// reset_timedout_connection asks for.
func (c *Conn) Reset() error {
	if !c.closed {
		unix.SetsockoptLinger(c.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	}
	return c.Close()
}

// Dial connects a new socket, waiting up to d.
func (l *Loop) Dial(sa unix.Sockaddr, bind unix.Sockaddr, d time.Duration) (*Conn, error) {
	c, err := l.StartDial(sa, bind)
	if err != nil {
		return nil, err
	}
	if err := c.WaitWrite(d); err != nil {
		c.Close()
		return nil, err
	}
	if err := c.SocketError(); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// StartDial begins to connect: WaitWrite, then SocketError, tell the outcome.
func (l *Loop) StartDial(sa unix.Sockaddr, bind unix.Sockaddr) (*Conn, error) {
	return l.dial(sa, bind, unix.SOCK_STREAM)
}

// DialUDP makes a socket whose datagrams go to, and come from, one peer.
func (l *Loop) DialUDP(sa unix.Sockaddr) (*Conn, error) {
	return l.dial(sa, nil, unix.SOCK_DGRAM)
}

// DialDatagram is DialUDP from a local address where that is not nil, and to a
// Unix-domain socket too: its peer can answer, as the kernel names our end.
func (l *Loop) DialDatagram(sa unix.Sockaddr, bind unix.Sockaddr) (*Conn, error) {
	if _, ok := sa.(*unix.SockaddrUnix); ok && bind == nil {
		bind = &unix.SockaddrUnix{}
	}
	return l.dial(sa, bind, unix.SOCK_DGRAM)
}

func (l *Loop) dial(sa unix.Sockaddr, bind unix.Sockaddr, kind int) (*Conn, error) {
	family := unix.AF_INET
	switch sa.(type) {
	case *unix.SockaddrInet6:
		family = unix.AF_INET6
	case *unix.SockaddrUnix:
		family = unix.AF_UNIX
	}
	fd, err := unix.Socket(family, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	if bind != nil {
		if err := unix.Bind(fd, bind); err != nil {
			unix.Close(fd)
			return nil, os.NewSyscallError("bind", err)
		}
	}
	err = unix.Connect(fd, sa)
	if err != nil && err != unix.EINPROGRESS {
		unix.Close(fd)
		return nil, os.NewSyscallError("connect", err)
	}
	c, rerr := l.NewConn(fd, false)
	if rerr != nil {
		unix.Close(fd)
		return nil, rerr
	}
	c.canWrite = err == nil
	return c, nil
}

// SocketError is the socket's pending error (SO_ERROR).
func (c *Conn) SocketError() error {
	e, err := unix.GetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return os.NewSyscallError("getsockopt", err)
	}
	if e != 0 {
		return os.NewSyscallError("connect", syscall.Errno(e))
	}
	return nil
}

// SetKeepalive has the kernel probe an idle peer (SO_KEEPALIVE).
func (c *Conn) SetKeepalive() {
	unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
}
