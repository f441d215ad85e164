package api

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	lua "github.com/yuin/gopher-lua"
	"golang.org/x/sys/unix"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/log"
	"github.com/perigee-server/perigee/server/resolver"
)

// bindAddr is the local address that bind has set.
type bindAddr struct {
	set  bool
	addr netip.Addr
	port int
	text string // as the script has it
}

func init() {
	tcpMethods["connect"] = connect
	tcpMethods["bind"] = bindTCP
}

// poolOptions are those of connect's table.
type poolOptions struct {
	name    string
	named   bool
	size    int
	backlog int // -1: not given
}

func connect(e *Engine, c *Ctx, L *lua.LState) int {
	n := L.GetTop()
	if n < 2 || n > 4 {
		L.RaiseError("ngx.socket connect: expecting 2, 3, or 4 arguments (including the object), but seen %d", n)
	}
	s := socketOf(L)
	host := vm.CheckText(L, 2)
	o := poolOptions{backlog: -1}
	if t, ok := L.Get(n).(*lua.LTable); ok {
		o.read(c, L, t, n)
		n--
	}
	port := 0
	number, isNumber := toInt(L.Get(3))
	switch {
	case n >= 3 && isNumber:
		port = number
		if port < 0 || port > 65535 {
			return fail(L, "bad port number: "+strconv.Itoa(port))
		}
		if !o.named {
			o.name = host + ":" + strconv.Itoa(port)
		}
	case len(host) >= 5 && strings.EqualFold(host[:5], "unix:"):
		if !o.named {
			o.name = host
		}
	default:
		return fail(L, "missing the port number")
	}
	if s == nil {
		s = &tcpSocket{}
		L.Get(1).(*lua.LTable).RawSetInt(1, &lua.LUserData{Value: s})
	}
	if s.made {
		if s.wire != nil && s.own != c {
			L.RaiseError("bad request")
		}
		if busy := s.busy(true, true); busy != "" {
			return fail(L, busy)
		}
		if s.kind != upstreamSocket {
			L.RaiseError("attempt to re-connect a request socket")
		}
		if s.wire != nil {
			s.finalize()
		}
	}
	s.made = true
	s.key = o.name
	s.conf = c.settings()
	s.readClosed, s.writeClosed, s.eof = false, false, false
	s.until = nil
	s.pool = e.shared.pool(o.name)
	if s.pool == nil && o.size > 0 {
		s.pool = e.shared.newPool(o.name, o.size, o.backlog)
	}
	return s.connect(c, L, host, port)
}

func (o *poolOptions) read(c *Ctx, L *lua.LState, t *lua.LTable, n int) {
	v := t.RawGetString("pool_size")
	if size, ok := toInt(v); ok {
		if size <= 0 {
			L.ArgError(n, "bad \"pool_size\" option value: "+strconv.Itoa(size))
		}
		o.size = size
	} else if v != lua.LNil {
		L.ArgError(n, "bad \"pool_size\" option type: "+v.Type().String())
	}
	if backlog, ok := toInt(t.RawGetString("backlog")); ok {
		if backlog < 0 {
			L.ArgError(n, "bad \"backlog\" option value: "+strconv.Itoa(backlog))
		}
		o.backlog = backlog
		if o.size == 0 {
			o.size = c.settings().PoolSize.V
		}
	}
	switch v := t.RawGetString("pool").(type) {
	case lua.LString:
		o.name, o.named = string(v), true
	case lua.LNumber:
		o.name, o.named = vm.FormatNumber(float64(v)), true
	case *lua.LNilType:
	default:
		L.ArgError(n, "bad \"pool\" option type: "+v.Type().String())
	}
}

// connect takes a connection from the pool or makes one.
func (s *tcpSocket) connect(c *Ctx, L *lua.LState, host string, port int) int {
	if p := s.pool; p != nil {
		if s.reuse(c) {
			return one(L)
		}
		p.connections++
		if p.backlog >= 0 && p.connections > p.size {
			if p.connections > p.size+p.backlog {
				p.connections--
				s.pool = nil
				return fail(L, "too many waiting connect operations")
			}
			c.mayWait(L)
			s.own, s.pool = c, nil // wait counts the connection itself
			me := s.waits(c, &s.connecting)
			err := p.wait(s)
			s.waited(L, &s.connecting, me)
			switch {
			case err == event.ErrTimeout:
				c.complain(fmt.Sprintf("lua tcp socket queued connect timed out, when trying to connect to %s:%d", host, port))
				return fail(L, "timeout")
			case err != nil:
				s.cancelled(L)
			}
			s.pool = p
			p.connections--
			if s.reuse(c) {
				return one(L)
			}
			p.connections++
		}
	}
	s.keep(c)
	conn, text := s.dial(c, L, host, port)
	if conn == nil {
		s.finalize()
		return fail(L, text)
	}
	s.peer, s.wire = conn, conn
	s.hold()
	return one(L)
}

// reuse takes a connection from the pool.
func (s *tcpSocket) reuse(c *Ctx) bool {
	conn := s.pool.take()
	if conn == nil {
		return false
	}
	s.peer, s.wire = conn, conn
	s.keep(c)
	s.hold()
	return true
}

// dial makes a connection; the text says why it could not.
func (s *tcpSocket) dial(c *Ctx, L *lua.LState, host string, port int) (*peerConn, string) {
	sa, name, text := s.address(c, L, host, port)
	if sa == nil {
		return nil, text
	}
	_, isUnix := sa.(*unix.SockaddrUnix)
	ev, err := c.E.Loop.StartDial(sa, s.bind.sockaddr())
	if err != nil {
		level := log.Crit
		var e syscall.Errno
		if errors.As(err, &e) {
			switch e {
			case syscall.ECONNREFUSED, syscall.EAGAIN, syscall.ECONNRESET, syscall.ENETDOWN, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.EHOSTUNREACH:
				level = log.Error
			}
		}
		what := "connect() to " + name
		var call *os.SyscallError
		if errors.As(err, &call) && call.Syscall == "bind" {
			level, what = log.Crit, "bind("+s.bind.text+")"
		}
		c.logLine(level, log.Errno(what+" failed", err))
		return nil, reason(err)
	}
	c.mayWait(L)
	me := s.waits(c, &s.connecting)
	err = ev.WaitWrite(s.connectTimeout())
	if err != nil {
		ev.Close()
	}
	s.waited(L, &s.connecting, me)
	if err != nil {
		if !isFault(err) {
			s.cancelled(L)
		}
		if err == event.ErrTimeout {
			c.complain(fmt.Sprintf("lua tcp socket connect timed out, when connecting to %s", name))
		}
		return nil, reason(err)
	}
	if err := ev.SocketError(); err != nil {
		ev.Close()
		if s.conf.LogSocketErrors.V {
			c.connectionError("connect()", err)
		}
		return nil, reason(err)
	}
	return &peerConn{ev: ev, addr: name, unix: isUnix}, ""
}

// address finds where to connect to, and its name for the log; the text says
// why it could not.
func (s *tcpSocket) address(c *Ctx, L *lua.LState, host string, port int) (unix.Sockaddr, string, string) {
	name, port, bad := parseHost(host, port)
	if bad != "" {
		return nil, "", fmt.Sprintf("failed to parse host name \"%s\": %s", host, bad)
	}
	if path, ok := strings.CutPrefix(name, "unix:"); ok {
		return &unix.SockaddrUnix{Name: path}, name, ""
	}
	if addr, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		sa := sockaddr(addr, port)
		return sa, netip.AddrPortFrom(addr, uint16(port)).String(), ""
	}
	me := s.waits(c, &s.connecting)
	addr, err := c.resolve(L, name)
	s.waited(L, &s.connecting, me)
	if err != nil {
		var failed *resolver.Error
		if errors.As(err, &failed) || errors.Is(err, errNoResolver) {
			return nil, "", resolveText(name, err)
		}
		s.cancelled(L)
	}
	return sockaddr(addr, port), netip.AddrPortFrom(addr, uint16(port)).String(), ""
}

var errNoResolver = errors.New("no resolver defined")

// resolveText says why a name has no address.
func resolveText(name string, err error) string {
	if err == errNoResolver {
		return "no resolver defined to resolve \"" + name + "\""
	}
	return err.Error()
}

// resolve asks the location's resolver for an address of a name. Other errors
// than errNoResolver and *resolver.Error are the task's cancellation.
func (c *Ctx) resolve(L *lua.LState, name string) (netip.Addr, error) {
	rs, timeout := c.location().Resolver(c.E.HTTP)
	if rs == nil {
		if c.E.Conf.Compat.V == CompatRelaxed {
			return c.askSystem(L, name)
		}
		return netip.Addr{}, errNoResolver
	}
	c.mayWait(L)
	addrs, err := rs.Resolve(name, timeout)
	if err != nil {
		return netip.Addr{}, err
	}
	if len(addrs) == 0 {
		return netip.Addr{}, &resolver.Error{Name: name, Code: resolver.HostNotFound}
	}
	return addrs[rand.IntN(len(addrs))], nil
}

// parseHost takes a host apart as ngx_parse_url does: a port in it goes before
// the one that was given.
func parseHost(host string, port int) (name string, at int, bad string) {
	if len(host) >= 5 && strings.EqualFold(host[:5], "unix:") {
		switch path := host[5:]; {
		case path == "":
			return "", 0, "no path in the unix domain socket"
		case len(path) > 107:
			return "", 0, "too long path in the unix domain socket"
		default:
			return "unix:" + path, 0, ""
		}
	}
	rest := ""
	if strings.HasPrefix(host, "[") {
		i := strings.IndexByte(host, ']')
		if i < 0 {
			return "", 0, "invalid host"
		}
		if _, err := netip.ParseAddr(host[1:i]); err != nil {
			return "", 0, "invalid IPv6 address"
		}
		name, rest = host[:i+1], host[i+1:]
	} else if i := strings.IndexByte(host, ':'); i >= 0 {
		name, rest = host[:i], host[i:]
	} else {
		name = host
	}
	if i := strings.IndexAny(name, "/?"); i >= 0 {
		return "", 0, "invalid host"
	}
	if rest != "" {
		p, err := strconv.ParseUint(rest[1:], 10, 16)
		if rest[0] != ':' || err != nil || p == 0 {
			return "", 0, "invalid port"
		}
		port = int(p)
	}
	if name == "" {
		return "", 0, "no host"
	}
	return name, port, ""
}

func sockaddr(a netip.Addr, port int) unix.Sockaddr {
	a = a.Unmap()
	if a.Is4() {
		return &unix.SockaddrInet4{Port: port, Addr: a.As4()}
	}
	return &unix.SockaddrInet6{Port: port, Addr: a.As16()}
}

// sockaddr is the bound address, nil without.
func (b *bindAddr) sockaddr() unix.Sockaddr {
	if !b.set {
		return nil
	}
	return sockaddr(b.addr, b.port)
}

func bindTCP(e *Engine, c *Ctx, L *lua.LState) int {
	n := L.GetTop()
	if n != 2 && n != 3 {
		L.RaiseError("expecting 2 or 3 arguments, but got %d", n)
	}
	s := socketOf(L)
	port := 0
	if n == 3 {
		p, ok := toInt(L.Get(3))
		if !ok {
			return fail(L, "expecting port to be anumber but got type: "+L.Get(3).Type().String())
		}
		if p < 0 || p > 65535 {
			return fail(L, "bad port number: "+strconv.Itoa(p))
		}
		port = p
	}
	text := vm.CheckText(L, 2)
	addr, err := netip.ParseAddr(text)
	if err != nil || s == nil {
		return fail(L, "bad address")
	}
	s.bind = bindAddr{true, addr, port, text}
	L.Push(lua.LTrue)
	return 1
}

// milliseconds is a number of them as a duration.
func milliseconds(ms float64) time.Duration { return time.Duration(ms) * time.Millisecond }
