package api

import (
	"errors"
	"syscall"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/log"
)

var socketOptions = map[string]event.Option{
	"keepalive":   event.Keepalive,
	"reuseaddr":   event.ReuseAddr,
	"tcp-nodelay": event.TCPNoDelay,
	"sndbuf":      event.SendBuffer,
	"rcvbuf":      event.ReceiveBuffer,
}

func init() {
	tcpMethods["setoption"] = setOption
	tcpMethods["getoption"] = getOption
	tcpMethods["getfd"] = getFD
}

// checkOption names what is wrong with the option that is argument 2.
func checkOption(L *lua.LState) (event.Option, string) {
	if L.Get(2) == lua.LNil {
		return 0, "missing the \"option\" argument"
	}
	name, _ := L.Get(2).(lua.LString)
	o, ok := socketOptions[string(name)]
	if !ok {
		return 0, "unsupported option " + vm.ToText(L, L.Get(2))
	}
	return o, ""
}

func (s *tcpSocket) closed() bool { return s.peer == nil || s.readClosed && s.writeClosed }

func getOption(e *Engine, c *Ctx, L *lua.LState) int {
	s := usedSocket(L)
	o, bad := checkOption(L)
	if bad != "" {
		return fail(L, bad)
	}
	if s.closed() {
		return fail(L, "closed")
	}
	v, err := s.peer.ev.Option(o)
	if err != nil {
		return fail(L, errnoText(err))
	}
	L.Push(lua.LNumber(v))
	return 1
}

func setOption(e *Engine, c *Ctx, L *lua.LState) int {
	s := usedSocket(L)
	if L.Get(2) == lua.LNil {
		return fail(L, "missing the \"option\" argument")
	}
	value := 0
	switch v := L.Get(3).(type) {
	case *lua.LNilType:
		return fail(L, "missing the \"value\" argument")
	case lua.LBool:
		if v {
			value = 1
		}
	default:
		value = int(vm.CheckNumber(L, 3))
	}
	o, bad := checkOption(L)
	if bad != "" {
		return fail(L, bad)
	}
	if s.closed() {
		return fail(L, "closed")
	}
	if err := s.peer.ev.SetOption(o, value); err != nil {
		return fail(L, errnoText(err))
	}
	if o == event.TCPNoDelay {
		s.peer.delay = true
	}
	L.Push(lua.LTrue)
	return 1
}

// usedSocket is the socket that is the first argument and has been connected.
func usedSocket(L *lua.LState) *tcpSocket {
	s := socketOf(L)
	if s == nil || !s.made {
		L.RaiseError("socket is never created nor connected")
	}
	return s
}

// errnoText is strerror of an error.
func errnoText(err error) string {
	var e syscall.Errno
	if !errors.As(err, &e) {
		return err.Error()
	}
	text := log.Cause(e)
	for i := range text {
		if text[i] == ' ' {
			return text[i+1:]
		}
	}
	return text
}

func getFD(e *Engine, c *Ctx, L *lua.LState) int {
	s := socketOf(L)
	if s == nil || s.closed() {
		return fail(L, "closed")
	}
	L.Push(lua.LNumber(s.peer.ev.FD()))
	return 1
}
