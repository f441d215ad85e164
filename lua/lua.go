// Package lua is ngx_http_lua_module: directives that run Lua in the phases of
// a request. What scripts find in ngx is package api, the language package vm.
package lua

import (
	"path/filepath"
	"strconv"
	"strings"

	"github.com/perigee-server/perigee/lua/api"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
)

func init() {
	cycle.RegisterSubcommand(cycle.Subcommand{Name: "lua", Doc: "run Lua outside of a server", Run: runCommand})
	http.Register(&http.Module{Name: "ngx_http_lua_module", Directives: directives(), Init: initialise, Start: start})
}

// row is a kind of directives that run a script: NAME_by_lua, _block and _file.
type row struct {
	name string // of the phase, "content"
	in   cycle.Context
	// place is where the script is kept, in the level that is being configured.
	place func(c *cycle.Conf) **api.Code
	// text says that there is the deprecated form with a string.
	text bool
	// late scripts may name their file with variables.
	late bool
	doc  string
}

const inLocation = cycle.HTTPLocation | cycle.HTTPLocationIf

func atMain(f func(*api.Main) **api.Code) func(*cycle.Conf) **api.Code {
	return func(c *cycle.Conf) **api.Code { return f(api.Mains.At(c)) }
}

func atLocation(f func(*api.Location) **api.Code) func(*cycle.Conf) **api.Code {
	return func(c *cycle.Conf) **api.Code { return f(api.Locations.At(c)) }
}

var rows = []row{
	{"init", cycle.HTTP, atMain(func(m *api.Main) **api.Code { return &m.Init }), true, false, "when the configuration is loaded"},
	{"init_worker", cycle.HTTP, atMain(func(m *api.Main) **api.Code { return &m.InitWorker }), true, false, "in every worker when it starts"},
	{"exit_worker", cycle.HTTP, atMain(func(m *api.Main) **api.Code { return &m.ExitWorker }), false, false, "in every worker before it ends"},
	{"server_rewrite", cycle.HTTP | cycle.HTTPServer, func(c *cycle.Conf) **api.Code { return &api.Servers.At(c).Rewrite }, false, true, "in the server rewrite phase"},
	{"rewrite", cycle.HTTPAllIf, atLocation(func(l *api.Location) **api.Code { return &l.Rewrite }), true, true, "at the end of the rewrite phase"},
	{"access", cycle.HTTPAllIf, atLocation(func(l *api.Location) **api.Code { return &l.Access }), true, true, "at the end of the access phase"},
	{"precontent", cycle.HTTPAllIf, atLocation(func(l *api.Location) **api.Code { return &l.PreContent }), false, true, "at the end of the precontent phase"},
	{"content", inLocation, atLocation(func(l *api.Location) **api.Code { return &l.Content }), true, true, "as the location's content handler"},
	{"header_filter", cycle.HTTPAllIf, atLocation(func(l *api.Location) **api.Code { return &l.HeaderFilter }), true, true, "before the response's head is sent"},
	{"body_filter", cycle.HTTPAllIf, atLocation(func(l *api.Location) **api.Code { return &l.BodyFilter }), true, true, "for each part of the response's body"},
	{"log", cycle.HTTPAllIf, atLocation(func(l *api.Location) **api.Code { return &l.Log }), true, true, "in the log phase"},
}

func directives() []cycle.Directive {
	var all []cycle.Directive
	for _, r := range append(rows[:len(rows):len(rows)], handshakeRows...) {
		if r.text {
			all = append(all, cycle.Directive{Name: r.name + "_by_lua", In: r.in, Args: "1", Set: r.set(fromText), Doc: "Runs a text as Lua " + r.doc + "."})
		}
		all = append(all,
			cycle.Directive{Name: r.name + "_by_lua_block", In: r.in, Args: "0 raw", Set: r.set(fromBlock), Doc: "Runs Lua " + r.doc + "."},
			cycle.Directive{Name: r.name + "_by_lua_file", In: r.in, Args: "1", Set: r.set(r.fromFile), Doc: "Runs a file of Lua " + r.doc + "."})
	}
	return append(append(append(append(all, switches()...), setters()...), balancing()...), inspecting()...)
}

// set makes the setter of a directive.
func (r *row) set(read func(c *cycle.Conf, phase string) (*api.Code, error)) cycle.Setter {
	return func(c *cycle.Conf) error {
		at := r.place(c)
		if *at != nil {
			return c.Wrong("is duplicate")
		}
		code, err := read(c, r.name+"_by_lua")
		if err != nil {
			return err
		}
		*at = code
		use(c, code)
		if r.name == "content" {
			http.ScopeOf(c).Location.Handler = content
		}
		return nil
	}
}

// use notes a script of the configuration.
func use(c *cycle.Conf, code *api.Code) {
	m := api.Mains.In(http.ScopeOf(c).Main)
	m.Used = true
	code.ConfFile, code.ConfLine = c.Dir.File, c.Dir.Line
	m.Codes = append(m.Codes, code)
}

// nameRoom is how long a chunk's name may be besides its punctuation.
const nameRoom = 56

// chunkName is how errors name the script of a directive: the file relative to
// the configuration's folder, and cut in front where it is long.
func chunkName(c *cycle.Conf, directive string) string {
	line := strconv.Itoa(c.Dir.Line)
	file := strings.TrimPrefix(c.Dir.File, filepath.Dir(c.Cycle.ConfPath)+"/")
	if filepath.Base(c.Dir.File) == "nginx.conf" {
		file = "nginx.conf"
	}
	if room := nameRoom - len(directive) - len(line); len(file) > room {
		file = "..." + file[len(file)-max(room-3, 0):]
	}
	return "=" + directive + "(" + file + ":" + line + ")"
}

func fromText(c *cycle.Conf, directive string) (*api.Code, error) {
	if c.Arg(0) == "" {
		return nil, c.Errorf("invalid location config: no runnable Lua code")
	}
	return &api.Code{Name: chunkName(c, directive), Source: c.Arg(0)}, nil
}

func fromBlock(c *cycle.Conf, directive string) (*api.Code, error) {
	return &api.Code{Name: chunkName(c, directive), Source: c.Dir.Raw}, nil
}

func (r *row) fromFile(c *cycle.Conf, _ string) (*api.Code, error) {
	if c.Arg(0) == "" {
		return nil, c.Errorf("invalid location config: no runnable Lua code")
	}
	if !r.late {
		return &api.Code{Path: c.Arg(0)}, nil
	}
	v, err := http.CompileComplex(c, c.Arg(0))
	if err != nil {
		return nil, err
	}
	return &api.Code{File: v}, nil
}
