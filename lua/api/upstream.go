package api

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/upstream"
)

func init() {
	family(func(e *Engine) {
		module := e.L.NewTable()
		e.set(module, anyPhase, map[string]function{
			"get_upstreams":         upstreamNames,
			"get_servers":           upstreamServers,
			"get_primary_peers":     func(e *Engine, _ *Ctx, L *lua.LState) int { return upstreamPeers(e, L, false) },
			"get_backup_peers":      func(e *Engine, _ *Ctx, L *lua.LState) int { return upstreamPeers(e, L, true) },
			"set_peer_down":         setPeerDown,
			"current_upstream_name": currentUpstream,
		})
		e.preloaded("ngx.upstream", module)
	})
}

// groups are the upstream blocks of the configuration, in its order.
func (e *Engine) groups() []*upstream.Group { return upstream.Groups(e.HTTP) }

func (e *Engine) group(name string) *upstream.Group {
	for _, g := range e.groups() {
		if g.Name == name {
			return g
		}
	}
	return nil
}

func upstreamNames(e *Engine, _ *Ctx, L *lua.LState) int {
	names := L.NewTable()
	for _, g := range e.groups() {
		names.Append(lua.LString(g.Name))
	}
	L.Push(names)
	return 1
}

// upstreamServers gives a table for each server directive; a name with several
// addresses has a list of them.
func upstreamServers(e *Engine, _ *Ctx, L *lua.LState) int {
	g := e.group(vm.CheckText(L, 1))
	if g == nil {
		return fail(L, "upstream not found")
	}
	servers := L.NewTable()
	for i := 0; i < len(g.Peers); {
		p := g.Peers[i]
		addrs := []string{p.Name}
		for i++; i < len(g.Peers) && p.SameServer(g.Peers[i]); i++ {
			addrs = append(addrs, g.Peers[i].Name)
		}
		server := L.NewTable()
		server.RawSetString("name", lua.LString(p.Server))
		if len(addrs) == 1 {
			server.RawSetString("addr", lua.LString(addrs[0]))
		} else {
			list := L.NewTable()
			for _, a := range addrs {
				list.Append(lua.LString(a))
			}
			server.RawSetString("addr", list)
		}
		describe(server, p)
		if p.Down {
			server.RawSetString("down", lua.LTrue)
		}
		if p.Backup {
			server.RawSetString("backup", lua.LTrue)
		}
		servers.Append(server)
	}
	L.Push(servers)
	return 1
}

// describe sets what a server and a peer have in common.
func describe(t *lua.LTable, p *upstream.Peer) {
	t.RawSetString("weight", lua.LNumber(p.Weight))
	t.RawSetString("max_conns", lua.LNumber(p.MaxConns))
	t.RawSetString("max_fails", lua.LNumber(p.MaxFails))
	t.RawSetString("fail_timeout", lua.LNumber(p.FailTimeout.Seconds()))
}

// upstreamPeers describes the peers of a group, as this worker sees them.
func upstreamPeers(e *Engine, L *lua.LState, backup bool) int {
	g := e.group(vm.CheckText(L, 1))
	if g == nil {
		return fail(L, "upstream not found")
	}
	peers := L.NewTable()
	for i, p := range g.Kind(backup) {
		state := p.State()
		peer := L.NewTable()
		peer.RawSetString("id", lua.LNumber(i))
		peer.RawSetString("name", lua.LString(p.Name))
		describe(peer, p)
		peer.RawSetString("current_weight", lua.LNumber(state.Current))
		peer.RawSetString("effective_weight", lua.LNumber(state.Effective))
		peer.RawSetString("conns", lua.LNumber(state.Conns))
		peer.RawSetString("fails", lua.LNumber(state.Fails))
		if !state.Accessed.IsZero() {
			peer.RawSetString("accessed", lua.LNumber(state.Accessed.Unix()))
		}
		if !state.Checked.IsZero() {
			peer.RawSetString("checked", lua.LNumber(state.Checked.Unix()))
		}
		if p.Down {
			peer.RawSetString("down", lua.LTrue)
		}
		peers.Append(peer)
	}
	L.Push(peers)
	return 1
}

// setPeerDown is set_peer_down(upstream, is_backup, id, down): for this worker,
// until it ends.
func setPeerDown(e *Engine, _ *Ctx, L *lua.LState) int {
	if L.GetTop() != 4 {
		L.RaiseError("exactly 4 arguments expected")
	}
	g := e.group(vm.CheckText(L, 1))
	if g == nil {
		return fail(L, "upstream not found")
	}
	backup, id := lua.LVAsBool(L.Get(2)), L.CheckInt(3)
	peers := g.Kind(backup)
	if id < 0 || id >= len(peers) {
		return fail(L, "bad peer id")
	}
	peers[id].Down = lua.LVAsBool(L.Get(4))
	return yes(L)
}

// currentUpstream names the group that the request was passed to last.
func currentUpstream(_ *Engine, c *Ctx, L *lua.LState) int {
	if c.R == nil {
		L.RaiseError("no request found")
	}
	if c.attempts != nil {
		L.Push(lua.LString(c.attempts.Group.Name))
		return 1
	}
	if g := upstream.Of(c.R); g != nil {
		L.Push(lua.LString(g.Name))
		return 1
	}
	L.Push(lua.LNil)
	return 1
}
