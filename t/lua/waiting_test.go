package lua_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// waits are scripts that wait where LuaJIT's own coroutines could not; each
// answers with a function of its argument.
var waits = map[string]string{
	"pcall":        `local ok, v = pcall(function() ngx.sleep(0.02) return n * 2 end) ngx.print(ok and v)`,
	"xpcall":       `local _, v = xpcall(function() ngx.sleep(0.02) error({n * 2}) end, function(e) return e[1] end) ngx.print(v)`,
	"metamethod":   `local t = setmetatable({}, {__index = function(_, k) ngx.sleep(0.02) return k * 2 end}) ngx.print(t[n])`,
	"arithmetic":   `local t = setmetatable({}, {__add = function(_, k) ngx.sleep(0.02) return k * 2 end}) ngx.print(t + n)`,
	"iterator":     `local s = 0 for v in function(_, last) ngx.sleep(0.01) if not last then return n end if last == n then return n, true end end do if s == 0 then s = v * 2 end if s > 0 then break end end ngx.print(s)`,
	"gsub":         `ngx.print((string.gsub("x", "x", function() ngx.sleep(0.02) return tostring(n * 2) end)))`,
	"re_gsub":      `ngx.print((ngx.re.gsub("x", "x", function() ngx.sleep(0.02) return tostring(n * 2) end)))`,
	"sort":         `local t = {3, 1, 2} table.sort(t, function(a, b) ngx.sleep(0.001) return a < b end) ngx.print(t[1] == 1 and t[3] == 3 and n * 2)`,
	"coroutine":    `local co = coroutine.wrap(function(v) ngx.sleep(0.01) local w = coroutine.yield(v) ngx.sleep(0.01) return w + v end) co(n) ngx.print(co(n))`,
	"nested":       `local co = coroutine.wrap(function() return (coroutine.wrap(function() local _, v = pcall(function() ngx.sleep(0.02) return n end) return v end))() * 2 end) ngx.print(co())`,
	"threads":      `local t = ngx.thread.spawn(function() ngx.sleep(0.02) return n end) local _, v = ngx.thread.wait(t) ngx.print(v * 2)`,
	"capture":      `ngx.print(ngx.location.capture("/inner", {args = {n = n}}).body * 2)`,
	"load":         `ngx.print(assert(loadstring("ngx.sleep(0.02) return ... * 2"))(n))`,
	"call":         `local t = setmetatable({}, {__call = function(_, k) ngx.sleep(0.01) return k * 2 end}) ngx.print(t(n))`,
	"newindex":     `local t = setmetatable({}, {__newindex = function(t, k, v) ngx.sleep(0.01) rawset(t, k, v * 2) end}) t.x = n ngx.print(t.x)`,
	"concat":       `local t = setmetatable({}, {__concat = function(_, k) ngx.sleep(0.01) return k * 2 end}) ngx.print(t .. n)`,
	"compare":      `local m = {__lt = function(a, b) ngx.sleep(0.01) return a.v < b.v end, __eq = function(a, b) ngx.sleep(0.01) return a.v == b.v end} local a, b = setmetatable({v = 1}, m), setmetatable({v = 2}, m) ngx.print(a < b and a ~= b and n * 2)`,
	"tostring":     `local t = setmetatable({}, {__tostring = function() ngx.sleep(0.01) return tostring(n * 2) end}) ngx.print(tostring(t))`,
	"handler":      `local _, v = xpcall(error, function() ngx.sleep(0.01) return n * 2 end) ngx.print(v)`,
	"loadreader":   `local parts = {"return ", "... * 2"} local i = 0 ngx.print(load(function() ngx.sleep(0.01) i = i + 1 return parts[i] end)(n))`,
	"yield_pcall":  `local co = coroutine.wrap(function() local ok, v = pcall(function() return coroutine.yield(1) * 2 end) return v end) co() ngx.print(co(n))`,
	"yield_meta":   `local t = setmetatable({}, {__index = function(_, k) return coroutine.yield(k) * 2 end}) local co = coroutine.wrap(function() return t[1] end) co() ngx.print(co(n))`,
	"yield_gsub":   `local co = coroutine.wrap(function() return (string.gsub("x", "x", function() return tostring(coroutine.yield() * 2) end)) end) co() ngx.print(co(n))`,
	"yield_sort":   `local co = coroutine.wrap(function() local t = {2, 1} table.sort(t, function(a, b) coroutine.yield() return a < b end) return t[1] * n * 2 end) local v repeat v = co() until v ngx.print(v)`,
	"yield_for":    `local co = coroutine.wrap(function() for v in function() return coroutine.yield() end do return v * 2 end end) co() ngx.print(co(n))`,
	"yield_re":     `local co = coroutine.wrap(function() return (ngx.re.gsub("x", "x", function() return tostring(coroutine.yield() * 2) end)) end) co() ngx.print(co(n))`,
	"yield_module": `package.loaded["y" .. n] = nil package.preload["y" .. n] = function() return {v = coroutine.yield() * 2} end local co = coroutine.wrap(function() return require("y" .. n).v end) co() ngx.print(co(n))`,
	"require":      `package.loaded["m" .. n] = nil package.preload["m" .. n] = function() ngx.sleep(0.02) return {v = n * 2} end ngx.print(require("m" .. n).v)`,
}

// TestWaitingEverywhere has 500 requests at once wait inside of protected calls,
// metamethods, iterators, callbacks and coroutines.
func TestWaitingEverywhere(t *testing.T) {
	var conf strings.Builder
	for name, code := range waits {
		fmt.Fprintf(&conf, "location = /%s { content_by_lua_block { local n = tonumber(ngx.var.arg_n)\n%s } }\n", name, code)
	}
	conf.WriteString("location = /inner { content_by_lua_block { ngx.sleep(0.02) ngx.print(ngx.var.arg_n) } }\n")
	s := serve(t, "", conf.String())
	const requests = 500
	names := make([]string, 0, len(waits))
	for name := range waits {
		names = append(names, name)
	}
	var wait sync.WaitGroup
	for i := 1; i <= requests; i++ {
		wait.Go(func() {
			name := names[i%len(names)]
			status, body, err := s.get(fmt.Sprintf("/%s?n=%d", name, i))
			if err != nil || status != 200 || body != fmt.Sprint(i*2) {
				t.Errorf("%s of %d: %d %q %v", name, i, status, body, err)
			}
		})
	}
	wait.Wait()
	if text := s.log(); strings.Contains(text, "[error]") || strings.Contains(text, "[alert]") {
		t.Errorf("the log:\n%s", text)
	}
}
