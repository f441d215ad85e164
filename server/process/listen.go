package process

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/log"
	"golang.org/x/sys/unix"
)

// defaultBacklog is nginx's NGX_LISTEN_BACKLOG on Linux.
const defaultBacklog = 511

// sockets are the open listening sockets of the process by address; a
// reuseport group has several.
type sockets map[string][]int

// open makes sure that every Listening of the cycle has its sockets, taking
// those that have (from the generation before or from an upgraded binary).
// What it opened itself is closed again when it fails.
func open(c *cycle.Cycle, have sockets) error {
	var fresh []int
	for _, ln := range c.Listening {
		n := 1
		if ln.ReusePort && c.Role == cycle.Master {
			n = c.Core.Workers
			if ln.Steer != cycle.SteerKernel {
				n = max(n, len(have[ln.Addr])) // see steering
			}
		}
		ln.FDs = nil
		for i := range n {
			if old := have[ln.Addr]; i < len(old) {
				ln.FDs = append(ln.FDs, old[i])
				continue
			}
			fd, err := bind(c, ln)
			if err != nil {
				for _, fd := range fresh {
					unix.Close(fd)
				}
				return err
			}
			fresh = append(fresh, fd)
			ln.FDs = append(ln.FDs, fd)
		}
		for _, fd := range ln.FDs {
			if err := configure(c, ln, fd); err != nil {
				return err
			}
		}
	}
	return nil
}

// socketsOf lists the sockets of a cycle.
func socketsOf(c *cycle.Cycle) sockets {
	s := sockets{}
	for _, ln := range c.Listening {
		s[ln.Addr] = append([]int(nil), ln.FDs...)
	}
	return s
}

// closeUnused closes what the cycle before had and the present one has not.
func closeUnused(before sockets, now sockets) {
	keep := map[int]bool{}
	for _, fds := range now {
		for _, fd := range fds {
			keep[fd] = true
		}
	}
	for addr, fds := range before {
		closed := false
		for _, fd := range fds {
			if !keep[fd] {
				unix.Close(fd)
				closed = true
			}
		}
		if _, still := now[addr]; closed && !still {
			removeUnix(addr)
		}
	}
}

func removeUnix(addr string) {
	if path, ok := strings.CutPrefix(addr, "unix:"); ok && !strings.HasPrefix(path, "@") {
		os.Remove(path)
	}
}

// sockaddr is the kernel's form of a canonical address.
func sockaddr(addr string) (unix.Sockaddr, int, error) {
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		return &unix.SockaddrUnix{Name: path}, unix.AF_UNIX, nil
	}
	ap, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, 0, err
	}
	if ap.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(ap.Port()), Addr: ap.Addr().As4()}, unix.AF_INET, nil
	}
	return &unix.SockaddrInet6{Port: int(ap.Port()), Addr: ap.Addr().As16()}, unix.AF_INET6, nil
}

// bind opens one socket; while the address is in use it tries five times, as
// nginx does, for a server that is just ending.
func bind(c *cycle.Cycle, ln *cycle.Listening) (int, error) {
	sa, family, err := sockaddr(ln.Addr)
	if err != nil {
		return -1, err
	}
	for try := 1; ; try++ {
		fd, err := bindOnce(ln, sa, family)
		if err == nil {
			return fd, nil
		}
		c.Log.Print(log.Emerg, 0, err.Error(), "")
		if !errors.Is(err, syscall.EADDRINUSE) {
			return -1, errQuiet
		}
		if try == 5 {
			c.Log.Print(log.Emerg, 0, "still could not bind()", "")
			return -1, errQuiet
		}
		time.Sleep(500 * time.Millisecond)
	}
}

// errQuiet is an error whose lines have been logged already.
var errQuiet = errors.New("")

// opError words a failed system call as nginx does and keeps the errno.
type opError struct {
	text string
	err  error
}

func (e *opError) Error() string { return log.Errno(e.text, e.err) }
func (e *opError) Unwrap() error { return e.err }

func bindOnce(ln *cycle.Listening, sa unix.Sockaddr, family int) (int, error) {
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, &opError{fmt.Sprintf("socket() %s failed", ln.Addr), err}
	}
	fail := func(call string, err error) (int, error) {
		unix.Close(fd)
		return -1, &opError{fmt.Sprintf("%s to %s failed", call, ln.Addr), err}
	}
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	if ln.ReusePort {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
			return fail("setsockopt(SO_REUSEPORT)", err)
		}
	}
	if family == unix.AF_INET6 {
		only := 0
		if ln.IPv6Only {
			only = 1
		}
		unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only)
	}
	if err := unix.Bind(fd, sa); err != nil {
		return fail("bind()", err)
	}
	if family == unix.AF_UNIX && !strings.HasPrefix(ln.Addr, "unix:@") {
		if err := os.Chmod(strings.TrimPrefix(ln.Addr, "unix:"), 0o666); err != nil {
			return fail("chmod()", err)
		}
	}
	if err := unix.Listen(fd, backlog(ln)); err != nil {
		return fail("listen()", err)
	}
	return fd, nil
}

func backlog(ln *cycle.Listening) int {
	if ln.Backlog > 0 {
		return ln.Backlog
	}
	return defaultBacklog
}

// configure sets the options that may change with a reload; a failure is told
// and ignored, as in nginx.
func configure(c *cycle.Cycle, ln *cycle.Listening, fd int) error {
	warn := func(name string, err error) {
		if err != nil {
			c.Log.Print(log.Alert, 0, log.Errno(fmt.Sprintf("setsockopt(%s) %s failed, ignored", name, ln.Addr), err), "")
		}
	}
	set := func(level, opt, v int, name string) {
		warn(name, unix.SetsockoptInt(fd, level, opt, v))
	}
	if ln.Rcvbuf > 0 {
		set(unix.SOL_SOCKET, unix.SO_RCVBUF, ln.Rcvbuf, "SO_RCVBUF")
	}
	if ln.Sndbuf > 0 {
		set(unix.SOL_SOCKET, unix.SO_SNDBUF, ln.Sndbuf, "SO_SNDBUF")
	}
	if strings.HasPrefix(ln.Addr, "unix:") {
		return unix.Listen(fd, backlog(ln))
	}
	switch ln.KeepAlive {
	case 1:
		set(unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1, "SO_KEEPALIVE")
	case -1:
		set(unix.SOL_SOCKET, unix.SO_KEEPALIVE, 0, "SO_KEEPALIVE")
	}
	if ln.KeepIdle > 0 {
		set(unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, int(ln.KeepIdle/time.Second), "TCP_KEEPIDLE")
	}
	if ln.KeepIntvl > 0 {
		set(unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, int(ln.KeepIntvl/time.Second), "TCP_KEEPINTVL")
	}
	if ln.KeepCount > 0 {
		set(unix.IPPROTO_TCP, unix.TCP_KEEPCNT, ln.KeepCount, "TCP_KEEPCNT")
	}
	if ln.FastOpen > 0 {
		set(unix.IPPROTO_TCP, unix.TCP_FASTOPEN, ln.FastOpen, "TCP_FASTOPEN")
	}
	deferred := 0
	if ln.Deferred {
		deferred = 1
	}
	if was, err := unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT); err == nil && (was > 0) != ln.Deferred {
		set(unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, deferred, "TCP_DEFER_ACCEPT")
	}
	return unix.Listen(fd, backlog(ln)) // takes a changed backlog
}

// Check tries what a start would do with sockets without keeping them (-t): it
// binds nothing that is in use by a running server, as nginx's -t.
func Check(c *cycle.Cycle) error {
	for _, ln := range c.Listening {
		sa, family, err := sockaddr(ln.Addr)
		if err != nil {
			return err
		}
		if family == unix.AF_UNIX {
			continue
		}
		fd, err := bindOnce(ln, sa, family)
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			return err
		}
		unix.Close(fd)
	}
	return nil
}
