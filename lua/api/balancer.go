package api

import (
	"math"
	"net/netip"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/upstream"
	"golang.org/x/sys/unix"
)

// What enable_keepalive takes where the script does not say.
const (
	balancerIdle = 60 // seconds
	balancerUses = 100
)

// Balance runs balancer_by_lua before an attempt.
func (c *Ctx) Balance(code *Code, a *upstream.Attempts) http.Status {
	fn, failed := c.load(code)
	if failed != 0 {
		return failed
	}
	a.Connect, a.Send, a.Read, a.Local = 0, 0, 0, nil
	outer := c.attempts
	c.attempts = a
	result, err := c.execute(PhaseBalancer, fn)
	c.attempts = outer
	if err != nil {
		c.report("failed to run balancer_by_lua*: ", err)
		return 500
	}
	if result.end != exited || result.code == http.OK {
		return http.OK
	}
	if result.code >= 300 {
		return result.code
	}
	return 500
}

func init() {
	family(func(e *Engine) {
		module := e.L.NewTable()
		for name, f := range map[string]balancerFunction{
			"set_current_peer":   setCurrentPeer,
			"set_more_tries":     setMoreTries,
			"get_last_failure":   lastFailure,
			"set_timeouts":       setUpstreamTimeouts,
			"recreate_request":   recreateRequest,
			"enable_keepalive":   enableKeepalive,
			"bind_to_local_addr": bindToLocal,
			"set_upstream_tls":   setUpstreamTLS,
		} {
			module.RawSetString(name, e.bind(anyPhase, f.call))
		}
		module.RawSetString("version", lua.LString("0.1.25"))
		e.preloaded("ngx.balancer", module)
	})
}

// balancerFunction is a function of ngx.balancer.
type balancerFunction func(c *Ctx, a *upstream.Attempts, L *lua.LState) int

func (f balancerFunction) call(e *Engine, c *Ctx, L *lua.LState) int {
	switch {
	case c.R == nil:
		L.RaiseError("no request found")
	case c.attempts == nil:
		return fail(L, "no upstream found")
	case c.Phase != PhaseBalancer:
		return fail(L, "API disabled in the current context")
	}
	return f(c, c.attempts, L)
}

func yes(L *lua.LState) int {
	L.Push(lua.LTrue)
	return 1
}

func setCurrentPeer(c *Ctx, a *upstream.Attempts, L *lua.LState) int {
	text := vm.CheckText(L, 1)
	port, _ := toInt(L.Get(2))
	host, port, bad := parseHost(text, port)
	if bad != "" {
		return fail(L, bad)
	}
	key := text
	if given, ok := L.Get(3).(lua.LString); ok {
		key += "|" + string(given)
	}
	if len(host) > 5 && host[:5] == "unix:" {
		a.Peer = upstream.NewPeer(upstream.Addr{Name: host, Addr: &unix.SockaddrUnix{Name: host[5:]}}, key)
		return yes(L)
	}
	addr, err := netip.ParseAddr(trimBrackets(host))
	if err != nil {
		return fail(L, "no host allowed")
	}
	at := upstream.FromIP(addr, port)
	a.Peer = upstream.NewPeer(at, at.Name+"|"+key)
	return yes(L)
}

func trimBrackets(host string) string {
	if len(host) > 2 && host[0] == '[' {
		return host[1 : len(host)-1]
	}
	return host
}

func setMoreTries(c *Ctx, a *upstream.Attempts, L *lua.LState) int {
	n := int(vm.CheckNumber(L, 1))
	warning := ""
	if total := a.Total + a.Left; a.Limit > 0 && total+n > a.Limit {
		n = a.Limit - total
		warning = "reduced tries due to limit"
	}
	a.More = n
	L.Push(lua.LTrue)
	if warning == "" {
		return 1
	}
	L.Push(lua.LString(warning))
	return 2
}

func lastFailure(c *Ctx, a *upstream.Attempts, L *lua.LState) int {
	if a.Failure == "" {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(lua.LString(a.Failure))
	L.Push(lua.LNumber(a.Status))
	return 2
}

func setUpstreamTimeouts(c *Ctx, a *upstream.Attempts, L *lua.LState) int {
	for i, t := range []struct {
		name string
		to   *time.Duration
	}{{"connect", &a.Connect}, {"send", &a.Send}, {"read", &a.Read}} {
		v := L.Get(i + 1)
		if !lua.LVAsBool(v) {
			continue
		}
		seconds, ok := v.(lua.LNumber)
		if !ok || seconds <= 0 {
			vm.Raise(L, 1, "bad "+t.name+" timeout")
		}
		*t.to = time.Duration(math.Min(float64(seconds)*1000, math.MaxInt32)) * time.Millisecond
	}
	return yes(L)
}

// recreateRequest has nothing to do: the request is made anew for each attempt.
func recreateRequest(c *Ctx, a *upstream.Attempts, L *lua.LState) int { return yes(L) }

func enableKeepalive(c *Ctx, a *upstream.Attempts, L *lua.LState) int {
	idle, uses := float64(balancerIdle), balancerUses
	if v := L.Get(1); lua.LVAsBool(v) {
		n, ok := v.(lua.LNumber)
		if !ok || n < 0 {
			vm.Raise(L, 1, "bad idle_timeout")
		}
		idle = float64(n)
	}
	if v := L.Get(2); lua.LVAsBool(v) {
		n, ok := toInt(v)
		if !ok || n < 0 {
			vm.Raise(L, 1, "bad max_requests")
		}
		uses = n
	}
	if a.Peer == nil {
		return fail(L, "no current peer set")
	}
	a.Idle, a.Uses = time.Duration(idle*1000)*time.Millisecond, uses
	if idle == 0 {
		a.Idle = math.MaxInt32 * time.Millisecond
	}
	if uses == 0 {
		a.Uses = math.MaxInt
	}
	return yes(L)
}

func bindToLocal(c *Ctx, a *upstream.Attempts, L *lua.LState) int {
	text := vm.CheckText(L, 1)
	host, port, bad := parseHost(text, 0)
	addr, err := netip.ParseAddr(trimBrackets(host))
	if bad != "" || err != nil {
		return fail(L, "invalid addr "+text)
	}
	a.Local = sockaddr(addr, port)
	return yes(L)
}

func setUpstreamTLS(c *Ctx, a *upstream.Attempts, L *lua.LState) int {
	if on, ok := toInt(L.Get(1)); ok && on == 0 || !lua.LVAsBool(L.Get(1)) {
		return yes(L)
	}
	return fail(L, "TLS to upstreams is not supported by this server")
}
