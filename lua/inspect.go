package lua

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/perigee-server/perigee/lua/api"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/head"
)

// inspecting are the directives that show what Lua does.
func inspecting() []cycle.Directive {
	return []cycle.Directive{
		{Name: "lua_dump", In: cycle.HTTPLocation, Args: "0", Set: setInspector(dump), Doc: "Answers with where each script of the worker stands: request, phase, age, what it waits for, traceback; as text, or as JSON where the client accepts that or asks with format=json."},
		{Name: "lua_profiler", In: cycle.HTTPLocation, Args: "0", Set: setInspector(profiler), Doc: "Starts and stops the sampling profiler of the worker's Lua, and answers with the profile as folded stacks, as a flame graph or for pprof."},
	}
}

func setInspector(handle func(*http.Request) http.Status) cycle.Setter {
	return func(c *cycle.Conf) error {
		api.Mains.In(http.ScopeOf(c).Main).Used = true
		http.ScopeOf(c).Location.Handler = handle
		return nil
	}
}

// dump is the content handler of lua_dump.
func dump(r *http.Request) http.Status {
	if r.Method&(head.MethodGet|head.MethodHead) == 0 {
		return 405
	}
	d := engines.Of(r).e.Dump()
	args := arguments(r)
	if args.Get("format") == "json" || args.Get("format") == "" && strings.Contains(string(r.Header("accept")), "application/json") {
		text, err := json.MarshalIndent(d, "", "  ")
		if err != nil {
			return 500
		}
		return answer(r, "application/json", append(text, '\n'))
	}
	return answer(r, "text/plain; charset=utf-8", []byte(d.Text()))
}

// arguments are those of the request; ones that are malformed are left out.
func arguments(r *http.Request) url.Values {
	values, _ := url.ParseQuery(string(r.Args))
	return values
}

// answer sends a whole response that must not be cached.
func answer(r *http.Request, kind string, body []byte) http.Status {
	if rc := r.DiscardBody(); rc != http.OK {
		return rc
	}
	r.Out.Status = 200
	r.Out.ContentType = []byte(kind)
	r.Out.ContentLength = int64(len(body))
	r.Out.Add([]byte("Cache-Control"), []byte("no-store"))
	if rc := r.SendHeader(); rc != http.OK || r.HeadOnly() {
		return rc
	}
	return r.Send(body)
}
