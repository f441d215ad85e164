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
	"pcall":      `local ok, v = pcall(function() ngx.sleep(0.02) return n * 2 end) ngx.print(ok and v)`,
	"xpcall":     `local _, v = xpcall(function() ngx.sleep(0.02) error({n * 2}) end, function(e) return e[1] end) ngx.print(v)`,
	"metamethod": `local t = setmetatable({}, {__index = function(_, k) ngx.sleep(0.02) return k * 2 end}) ngx.print(t[n])`,
	"arithmetic": `local t = setmetatable({}, {__add = function(_, k) ngx.sleep(0.02) return k * 2 end}) ngx.print(t + n)`,
	"iterator":   `local s = 0 for v in function(_, last) ngx.sleep(0.01) if not last then return n end if last == n then return n, true end end do if s == 0 then s = v * 2 end if s > 0 then break end end ngx.print(s)`,
	"gsub":       `ngx.print((string.gsub("x", "x", function() ngx.sleep(0.02) return tostring(n * 2) end)))`,
	"re_gsub":    `ngx.print((ngx.re.gsub("x", "x", function() ngx.sleep(0.02) return tostring(n * 2) end)))`,
	"sort":       `local t = {3, 1, 2} table.sort(t, function(a, b) ngx.sleep(0.001) return a < b end) ngx.print(t[1] == 1 and t[3] == 3 and n * 2)`,
	"coroutine":  `local co = coroutine.wrap(function(v) ngx.sleep(0.01) local w = coroutine.yield(v) ngx.sleep(0.01) return w + v end) co(n) ngx.print(co(n))`,
	"nested":     `local co = coroutine.wrap(function() return (coroutine.wrap(function() local _, v = pcall(function() ngx.sleep(0.02) return n end) return v end))() * 2 end) ngx.print(co())`,
	"threads":    `local t = ngx.thread.spawn(function() ngx.sleep(0.02) return n end) local _, v = ngx.thread.wait(t) ngx.print(v * 2)`,
	"capture":    `ngx.print(ngx.location.capture("/inner", {args = {n = n}}).body * 2)`,
	"load":       `ngx.print(assert(loadstring("ngx.sleep(0.02) return ... * 2"))(n))`,
	"require":    `package.loaded["m" .. n] = nil package.preload["m" .. n] = function() ngx.sleep(0.02) return {v = n * 2} end ngx.print(require("m" .. n).v)`,
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
