// Package regex has the regular expressions of scripts: the table ngx.re and
// the module "ngx.re", on server/re. It needs no request.
package regex

import (
	"errors"
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/re"
)

// Options are the settings of the http block.
type Options struct {
	// MaxEntries bounds the patterns that flag "o" keeps for ever
	// (lua_regex_cache_max_entries); 0 means none.
	MaxEntries int
	// MatchLimit bounds the steps of one match (lua_regex_match_limit); 0 is
	// PCRE's default.
	MatchLimit uint32
	// Fail logs a message at level error; nil drops it.
	Fail func(L *lua.LState, message string)
	// Warn logs a message at level warn; nil drops it.
	Warn func(L *lua.LState, message string)
}

// library serves one VM. A VM runs one goroutine at a time, so that matches
// share the memory of their offsets; nobody may hold it while Lua code runs.
type library struct {
	Options
	kept    map[source]*pattern // of flag "o"
	recent  map[source]*pattern // of others
	warned  bool
	offsets []int
}

// source is what a pattern is compiled from.
type source struct{ text, flags string }

// pattern is a compiled regular expression with what its flags say beside.
type pattern struct {
	*re.Regex
	source
	utf       bool
	dup       bool // flag D: a group's name stands for a list
	dfa       bool // flag d: there are no groups
	templates map[string]template
}

// Open makes the table ngx.re: match, find, gmatch, sub and gsub; and the
// module "ngx.re": split and opt.
func Open(L *lua.LState, o Options) (ngxRe, module *lua.LTable) {
	lib := &library{Options: o, kept: map[source]*pattern{}, recent: map[source]*pattern{}}
	ngxRe = L.NewTable()
	for name, fn := range map[string]lua.LGFunction{
		"match":  lib.match,
		"find":   lib.find,
		"gmatch": lib.gmatch,
		"sub":    func(L *lua.LState) int { return lib.substitute(L, false) },
		"gsub":   func(L *lua.LState) int { return lib.substitute(L, true) },
	} {
		ngxRe.RawSetString(name, L.NewFunction(fn))
	}
	module = L.NewTable()
	module.RawSetString("split", L.NewFunction(lib.split))
	module.RawSetString("opt", L.NewFunction(lib.opt))
	return ngxRe, module
}

// maxRecent is how many patterns without flag "o" are remembered, all of which
// are forgotten when there are more.
const maxRecent = 256

// compile gives the pattern of the arguments index and index+1. A pattern that
// is no regular expression gives the text of the error; other arguments raise
// one.
func (lib *library) compile(L *lua.LState, index int) (*pattern, string) {
	var from source
	switch v := L.Get(index).(type) {
	case lua.LString:
		from.text = string(v)
	default:
		L.RaiseError("attempt to get length of local 'regex' (a %s value)", v.Type().String())
	}
	switch v := L.Get(index + 1).(type) {
	case lua.LString:
		from.flags = string(v)
	case *lua.LNilType:
	default:
		L.RaiseError("attempt to get length of local 'opts' (a %s value)", v.Type().String())
	}
	if p := lib.kept[from]; p != nil {
		return p, ""
	}
	if p := lib.recent[from]; p != nil {
		return p, ""
	}
	return lib.compileNew(L, from)
}

func (lib *library) compileNew(L *lua.LState, from source) (*pattern, string) {
	options := re.Options{MatchLimit: lib.MatchLimit}
	keep := false
	for _, flag := range []byte(from.flags) {
		switch flag {
		case 'a':
			options.Anchored = true
		case 'd':
			options.DFA = true
		case 'D':
			options.DupNames = true
		case 'i':
			options.Caseless = true
		case 'j': // there is no compiler to machine code
		case 'J':
			options.JavascriptCompat = true
		case 'm':
			options.Multiline = true
		case 'o':
			keep = true
		case 's':
			options.DotAll = true
		case 'u':
			options.UTF = true
		case 'U':
			options.UTF, options.NoUTFCheck = true, true
		case 'x':
			options.Extended = true
		default:
			L.RaiseError("unknown flag %q (flags %q)", string(rune(flag)), from.flags)
		}
	}
	compiled, err := re.Compile(from.text, options)
	if err != nil {
		return nil, compileError(err)
	}
	p := &pattern{Regex: compiled, source: from, utf: options.UTF, dup: options.DupNames, dfa: options.DFA}
	lib.remember(L, p, keep)
	return p, ""
}

func (lib *library) remember(L *lua.LState, p *pattern, keep bool) {
	if keep && len(lib.kept) < lib.MaxEntries {
		lib.kept[p.source] = p
		return
	}
	if keep && !lib.warned {
		lib.warned = true
		if lib.Warn != nil {
			lib.Warn(L, "lua exceeding regex cache max entries ("+strconv.Itoa(lib.MaxEntries)+")")
		}
	}
	if len(lib.recent) >= maxRecent {
		clear(lib.recent)
	}
	lib.recent[p.source] = p
}

// run matches from an offset on. The offsets are valid until the next match.
func (lib *library) run(p *pattern, subject string, from int) ([]int, string) {
	if from > len(subject) {
		return nil, "pcre_exec() failed: -24"
	}
	offsets, err := p.MatchString(subject, from, lib.offsets)
	if err != nil {
		return nil, matchError(err)
	}
	if offsets != nil {
		lib.offsets = offsets
	}
	return offsets, ""
}

func matchError(err error) string {
	var failure *re.MatchError
	if !errors.As(err, &failure) {
		return err.Error()
	}
	return "pcre_exec() failed: " + strconv.Itoa(oldCode(failure.Code))
}

// after gives where the search goes on behind an empty match at an offset.
func (p *pattern) after(subject string, at int) int {
	at++
	for p.utf && at < len(subject) && subject[at]&0xc0 == 0x80 {
		at++
	}
	return at
}

// textOf gives the text of an argument of any type, as tostring does.
func textOf(L *lua.LState, index int) string {
	if s, ok := L.Get(index).(lua.LString); ok {
		return string(s)
	}
	return vm.ToText(L, L.Get(index))
}
