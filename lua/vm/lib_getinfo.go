package vm

import (
	"strings"
	"sync"

	lua "github.com/yuin/gopher-lua"
)

// fileChunks holds the display names of chunks that were named "@file", which
// debug.getinfo must tell from others. There are as many as files, and no more
// are kept than maxFileChunks.
var fileChunks struct {
	sync.RWMutex
	names map[string]string
}

const maxFileChunks = 4096

func rememberFile(chunk, display string) {
	if !strings.HasPrefix(chunk, "@") {
		return
	}
	fileChunks.Lock()
	defer fileChunks.Unlock()
	if fileChunks.names == nil {
		fileChunks.names = map[string]string{}
	}
	if len(fileChunks.names) < maxFileChunks {
		fileChunks.names[display] = chunk
	}
}

// SourceOf gives the name of a chunk as load got it, as far as its display
// name tells.
func SourceOf(display string) string {
	fileChunks.RLock()
	chunk, isFile := fileChunks.names[display]
	fileChunks.RUnlock()
	if isFile {
		return chunk
	}
	if text, ok := strings.CutPrefix(display, `[string "`); ok {
		return strings.TrimSuffix(text, `"]`)
	}
	return "=" + display
}

// getInfo is debug.getinfo([thread,] function or level [, what]).
func getInfo(L *lua.LState) int {
	of, index := L, 1
	switch thread := L.Get(1).(type) {
	case *lua.LState:
		of, index = thread, 2
	case *Thread:
		of, index = thread.L, 2
	}
	what := "flnSu"
	if L.Get(index+1) != lua.LNil {
		what = CheckText(L, index+1)
	}
	if strings.Trim(what, "flnSuL") != "" {
		L.ArgError(index+1, "invalid option")
	}
	result := L.CreateTable(0, 12)
	if fn, ok := L.Get(index).(*lua.LFunction); ok {
		call{fn, &lua.Debug{CurrentLine: -1}}.info(L, result, what)
		L.Push(result)
		return 1
	}
	number, ok := L.Get(index).(lua.LNumber)
	if !ok {
		L.ArgError(index, "function or level expected")
	}
	if of == nil || number < 0 {
		L.Push(lua.LNil)
		return 1
	}
	all := visible(of)
	if int(number) >= len(all) {
		L.Push(lua.LNil)
		return 1
	}
	c := all[int(number)]
	c.info(L, result, what)
	if strings.Contains(what, "n") && int(number)+1 < len(all) {
		result.RawSetString("namewhat", lua.LString(c.nameKind(of, all[int(number)+1])))
	}
	L.Push(result)
	return 1
}

// visible gives the calls that a script may see.
func visible(L *lua.LState) []call {
	all := calls(L)
	kept := all[:0]
	for _, c := range all {
		if !isPlumbing(c.fn) {
			kept = append(kept, c)
		}
	}
	return kept
}

// info fills the fields that the letters of what ask for.
func (c call) info(L *lua.LState, result *lua.LTable, what string) {
	for _, letter := range what {
		switch letter {
		case 'f':
			result.RawSetString("func", c.fn)
		case 'l':
			line := c.debug.CurrentLine
			if c.fn.IsG {
				line = -1
			}
			result.RawSetString("currentline", lua.LNumber(line))
		case 'n':
			if name := c.name(); name != "" {
				result.RawSetString("name", lua.LString(name))
			}
			result.RawSetString("namewhat", lua.LString(""))
		case 'S':
			c.infoSource(result)
		case 'u':
			c.infoSizes(result)
		case 'L':
			c.infoLines(L, result)
		}
	}
}

func (c call) infoSource(result *lua.LTable) {
	set := func(what, source, short string, first, last int) {
		result.RawSetString("what", lua.LString(what))
		result.RawSetString("source", lua.LString(source))
		result.RawSetString("short_src", lua.LString(short))
		result.RawSetString("linedefined", lua.LNumber(first))
		result.RawSetString("lastlinedefined", lua.LNumber(last))
	}
	if c.fn.IsG {
		set("C", "=[C]", "[C]", -1, -1)
		return
	}
	p := c.fn.Proto
	what := "Lua"
	if p.LineDefined == 0 {
		what = "main"
	}
	set(what, SourceOf(p.SourceName), p.SourceName, p.LineDefined, p.LastLineDefined)
}

// infoSizes leaves our concatenation out of the count of upvalues.
func (c call) infoSizes(result *lua.LTable) {
	upvalues, parameters, vararg := len(c.fn.Upvalues), 0, true
	if !c.fn.IsG {
		p := c.fn.Proto
		upvalues, parameters, vararg = 0, int(p.NumParameters), p.IsVarArg != 0
		for _, name := range p.DbgUpvalues {
			if name != concatName {
				upvalues++
			}
		}
	}
	result.RawSetString("nups", lua.LNumber(upvalues))
	result.RawSetString("nparams", lua.LNumber(parameters))
	result.RawSetString("isvararg", lua.LBool(vararg))
}

func (c call) infoLines(L *lua.LState, result *lua.LTable) {
	if c.fn.IsG {
		return
	}
	lines := L.NewTable()
	for _, line := range c.fn.Proto.DbgSourcePositions {
		if line > 0 {
			lines.RawSet(lua.LNumber(line), lua.LTrue)
		}
	}
	result.RawSetString("activelines", lines)
}

// nameKind tells what the caller knows the function as: "global", "local",
// "method", "field" or "upvalue".
func (c call) nameKind(L *lua.LState, caller call) string {
	name := c.name()
	if name == "" || caller.fn.IsG {
		return ""
	}
	f := frame{L: L, debug: caller.debug, proto: caller.fn.Proto}
	for pc, code := range f.proto.Code {
		if f.proto.DbgSourcePositions[pc] != caller.debug.CurrentLine {
			continue
		}
		if op := opcode(code); op != lua.OP_CALL && op != lua.OP_TAILCALL {
			continue
		}
		kind, known, ok := strings.Cut(f.name(argA(code), pc), " ")
		if ok && known == "'"+name+"'" {
			return kind
		}
	}
	return ""
}
