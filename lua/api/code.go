package api

import (
	"os"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/http"
)

// Code is the script of a directive: text, or the file that a value names.
type Code struct {
	Name   string // "=content_by_lua(nginx.conf:5)"
	Source string
	File   *http.Complex
	// Path is the file of the directives that know no request.
	Path string
	// Where the directive stands.
	ConfFile string
	ConfLine int

	// Of an inline script: its function in the engine that outlives requests.
	owner *Engine
	fn    *lua.LFunction
}

// loaded is a script in a VM.
type loaded struct {
	fn     *lua.LFunction
	source source // of a file
}

// Load gives the function of a script. The error is to be logged at level err
// as it is. r is needed when the file's name has variables.
func (e *Engine) Load(code *Code, r *http.Request) (*lua.LFunction, *LoadError) {
	if code.owner == e {
		return code.fn, nil
	}
	if l := e.chunks[code]; l != nil {
		return l.fn, nil
	}
	if code.File == nil && code.Path == "" {
		fn, err := e.compile(code.Source, code.Name)
		if err != nil {
			return nil, &LoadError{Inline: true, Text: err.Error(), Reason: err.Error()}
		}
		e.chunks[code] = &loaded{fn: fn}
		if !e.fresh {
			code.owner, code.fn = e, fn
		}
		return fn, nil
	}
	path := code.Path
	if code.File != nil {
		path = string(code.File.Eval(r))
	}
	return e.loadFile(e.Work.Cycle.FullName(path))
}

// LoadError is why a script does not run.
type LoadError struct {
	Inline bool
	Lost   bool // the file is missing
	Text   string
	Reason string // of it: what is wrong, without the file in quotes
}

// Error is the line that lua-nginx-module logs.
func (e *LoadError) Error() string {
	if e.Inline {
		return "failed to load inlined Lua code: " + e.Text
	}
	return "failed to load external Lua file " + e.Text
}

func (e *Engine) loadFile(path string) (*lua.LFunction, *LoadError) {
	if l := e.files[path]; l != nil {
		return l.fn, nil
	}
	source, err := os.ReadFile(path)
	if err != nil {
		reason := err.Error()
		if i := strings.LastIndex(reason, ": "); i >= 0 {
			reason = reason[i+2:]
		}
		if reason == "no such file or directory" {
			reason = "No such file or directory"
		}
		return nil, &LoadError{Lost: os.IsNotExist(err), Text: `"` + path + `": cannot open ` + path + ": " + reason, Reason: "cannot open " + path + ": " + reason}
	}
	text := string(source)
	if strings.HasPrefix(text, "#") { // a line for the shell
		if i := strings.IndexByte(text, '\n'); i >= 0 {
			text = text[i:]
		} else {
			text = ""
		}
	}
	fn, err := e.compile(text, "@"+path)
	if err != nil {
		return nil, &LoadError{Text: `"` + path + `": ` + err.Error(), Reason: err.Error()}
	}
	e.files[path] = &loaded{fn, sourceOf(path, source)}
	return fn, nil
}

func (e *Engine) compile(source, name string) (*lua.LFunction, error) {
	chunk, err := vm.Compile(source, name)
	if err != nil {
		return nil, err
	}
	fn := chunk.Load(e.L)
	fn.Env = e.L.G.Global
	return fn, nil
}
