package api

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
	"golang.org/x/sys/unix"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/log"
	"github.com/perigee-server/perigee/server/resolver"
)

// maxDatagram is the longest datagram that a cosocket takes.
const maxDatagram = 65536

// udpSocket is a datagram cosocket (ngx_http_lua_socket_udp_upstream_t).
type udpSocket struct {
	own     *Ctx
	ev      *event.Conn
	timeout time.Duration
	bind    bindAddr
	waiting *event.Task
	made    bool
	hooked  *Ctx // whose end closes the socket
}

func init() {
	family(func(e *Engine) {
		methods := e.L.NewTable()
		methods.RawSetString("__index", methods)
		e.set(methods, Waiting, map[string]function{"setpeername": setPeerName, "bind": bindUDP})
		e.set(methods, anyPhase, map[string]function{"send": sendUDP, "receive": receiveUDP, "settimeout": setTimeoutUDP, "close": closeUDP})
		e.udpMethods = methods
		e.sub("socket").RawSetString("udp", e.bind(Waiting, newUDP))
	})
}

func newUDP(e *Engine, c *Ctx, L *lua.LState) int {
	if n := L.GetTop(); n != 0 {
		L.RaiseError("expecting zero arguments, but got %d", n)
	}
	L.Push(e.socketObject(&udpSocket{}, e.udpMethods))
	return 1
}

// udpOf is the datagram cosocket that is the first argument; for a table that
// is none, one that is closed.
func udpOf(L *lua.LState) *udpSocket {
	if s, ok := socketIn(vm.CheckTable(L, 1)).(*udpSocket); ok {
		if s.waiting != nil && s.waiting.Cause() != nil { // killed while it waited
			s.finalize()
		}
		return s
	}
	return &udpSocket{}
}

func (s *udpSocket) finalize() {
	s.waiting = nil
	if s.ev != nil {
		s.ev.Close()
		s.ev = nil
	}
}

// waited ends a wait of the task me, which unwinds if the socket was closed
// under it.
func (s *udpSocket) waited(L *lua.LState, me *event.Task) {
	if s.waiting != me {
		vm.Unwind(L)
	}
	s.waiting = nil
}

// usable says why the socket can not be used now; "" when it can.
func (s *udpSocket) usable(c *Ctx, L *lua.LState, doing string) string {
	if s.ev == nil {
		var u uintptr
		if s.made {
			u = reflect.ValueOf(s).Pointer()
		}
		c.complain(fmt.Sprintf("attempt to %s data on a closed socket: u:%016X, c:%016X", doing, u, 0))
		return "closed"
	}
	if s.own != c {
		L.RaiseError("bad request")
	}
	if s.waiting != nil {
		return "socket busy"
	}
	return ""
}

func setPeerName(e *Engine, c *Ctx, L *lua.LState) int {
	n := L.GetTop()
	if n != 2 && n != 3 {
		L.RaiseError("ngx.socket.udp setpeername: expecting 2 or 3 arguments (including the object), but seen %d", n)
	}
	s := udpOf(L)
	host := vm.CheckText(L, 2)
	port := 0
	if n == 3 {
		port = int(vm.CheckNumber(L, 3))
		if port < 0 || port > 65535 {
			return fail(L, "bad port number: "+strconv.Itoa(port))
		}
	}
	if s.ev != nil && s.own != c {
		L.RaiseError("bad request")
	}
	if s.waiting != nil {
		return fail(L, "socket busy")
	}
	s.finalize()
	s.own, s.made = c, true
	if s.hooked != c {
		s.hooked = c
		c.atEnd(func() {
			if s.own == c {
				s.finalize()
			}
		})
	}
	sa, name, why := s.address(c, L, host, port)
	if sa == nil {
		return fail(L, why)
	}
	ev, err := e.Loop.DialDatagram(sa, s.bind.sockaddr())
	if err != nil {
		c.logLine(log.Crit, log.Errno("connect() to "+name+" failed", err))
		return fail(L, reason(err))
	}
	s.ev = ev
	return one(L)
}

// address finds where datagrams go; the text says why it could not.
func (s *udpSocket) address(c *Ctx, L *lua.LState, host string, port int) (unix.Sockaddr, string, string) {
	name, port, bad := parseHost(host, port)
	if bad != "" {
		return nil, "", fmt.Sprintf("failed to parse host name \"%s\": %s", host, bad)
	}
	if path, ok := strings.CutPrefix(name, "unix:"); ok {
		return &unix.SockaddrUnix{Name: path}, name, ""
	}
	addr, err := netip.ParseAddr(strings.Trim(name, "[]"))
	if err != nil {
		me := c.E.Loop.Current()
		s.waiting = me
		addr, err = c.resolve(L, name)
		s.waited(L, me)
		if err != nil {
			var failed *resolver.Error
			if errors.As(err, &failed) || errors.Is(err, errNoResolver) {
				return nil, "", resolveText(name, err)
			}
			s.finalize()
			c.E.Interrupt(L)
		}
	}
	return sockaddr(addr, port), netip.AddrPortFrom(addr, uint16(port)).String(), ""
}

func bindUDP(e *Engine, c *Ctx, L *lua.LState) int {
	if n := L.GetTop(); n != 2 {
		L.RaiseError("expecting 2 arguments, but got %d", n)
	}
	s := udpOf(L)
	addr, err := netip.ParseAddr(vm.CheckText(L, 2))
	if err != nil {
		return fail(L, "bad address")
	}
	s.bind = bindAddr{true, addr, 0, addr.String()}
	return one(L)
}

func sendUDP(e *Engine, c *Ctx, L *lua.LState) int {
	if n := L.GetTop(); n != 2 {
		L.RaiseError("expecting 2 arguments (including the object), but got %d", n)
	}
	s := udpOf(L)
	if why := s.usable(c, L, "send"); why != "" {
		return fail(L, why)
	}
	text := e.sendText(L, L.Get(2))
	n, err := s.ev.TryWrite(text)
	switch {
	case n < len(text) && (err == nil || err == event.ErrAgain && n > 0):
		return fail(L, "partial write")
	case err == event.ErrAgain:
		return fail(L, "resource temporarily unavailable")
	case err != nil:
		c.connectionError("send()", err)
		return fail(L, reason(err))
	}
	return one(L)
}

func receiveUDP(e *Engine, c *Ctx, L *lua.LState) int {
	n := L.GetTop()
	if n != 1 && n != 2 {
		L.RaiseError("expecting 1 or 2 arguments (including the object), but got %d", n)
	}
	s := udpOf(L)
	if why := s.usable(c, L, "receive"); why != "" {
		return fail(L, why)
	}
	size := maxDatagram
	if n == 2 && L.Get(2) != lua.LNil {
		size = min(max(int(vm.CheckNumber(L, 2)), 0), maxDatagram)
	}
	text, err := s.read(e, c, L, size)
	if err != nil {
		return fail(L, reason(err))
	}
	L.Push(text)
	return 1
}

// read takes one datagram, waiting for it.
func (s *udpSocket) read(e *Engine, c *Ctx, L *lua.LState, size int) (lua.LString, error) {
	for {
		buf := e.shared.scratch()[:max(size, 1)]
		n, err := s.ev.TryRead(buf)
		switch {
		case err == nil || err == io.EOF: // a datagram without content looks like the end
			return lua.LString(buf[:min(n, size)]), nil
		case err != event.ErrAgain:
			c.connectionError("recv()", err)
			return "", err
		}
		c.mayWait(L)
		limit := s.timeout
		if limit <= 0 {
			limit = c.settings().ReadTimeout.V
		}
		me := e.Loop.Current()
		s.waiting = me
		err = s.ev.WaitRead(limit)
		s.waited(L, me)
		switch {
		case err == nil:
			continue
		case err == event.ErrTimeout:
			c.complain("lua udp socket read timed out")
		case !isFault(err):
			s.finalize()
			s.own.E.Interrupt(L)
		}
		return "", err
	}
}

func setTimeoutUDP(e *Engine, c *Ctx, L *lua.LState) int {
	if n := L.GetTop(); n < 2 {
		L.RaiseError("ngx.socket settimeout: expecting at least 2 arguments (including the object) but seen %d", n)
	}
	udpOf(L).timeout = timeoutArg(L, 2)
	return 0
}

func closeUDP(e *Engine, c *Ctx, L *lua.LState) int {
	if n := L.GetTop(); n != 1 {
		L.RaiseError("expecting 1 argument (including the object) but seen %d", n)
	}
	s := udpOf(L)
	if s.ev == nil {
		return fail(L, "closed")
	}
	if s.own != c {
		L.RaiseError("bad request")
	}
	if s.waiting != nil {
		return fail(L, "socket busy")
	}
	s.finalize()
	return one(L)
}
