package vm

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// frame is a Lua function that runs, seen from an error: gopher-lua tells its
// line but not its instruction, so that the instructions of the line are
// compared with what the registers hold.
type frame struct {
	L     *lua.LState
	debug *lua.Debug
	proto *lua.FunctionProto
}

// candidates gives the registers that an instruction could have failed on.
type candidates func(f frame, pc int) []int

// find describes the value that an operation failed on: "local 'x' (a nil
// value)" or, where it has no name, "a nil value". Any kind is admitted when
// kind is empty.
func find(L *lua.LState, kind string, on candidates) string {
	f, ok := luaFrame(L)
	if !ok {
		return unnamed(kind)
	}
	for pc := range f.proto.Code {
		if f.proto.DbgSourcePositions[pc] != f.debug.CurrentLine {
			continue
		}
		for _, register := range on(f, pc) {
			held := f.held(register)
			if kind != "" && held != kind || kind == "" && held == "function" {
				continue
			}
			if name := f.name(register, pc); name != "" {
				return name + " (a " + held + " value)"
			}
			return unnamed(held)
		}
	}
	return unnamed(kind)
}

func unnamed(kind string) string {
	if kind == "" {
		kind = "nil"
	}
	return "a " + kind + " value"
}

// luaFrame finds the innermost Lua function below the handler.
func luaFrame(L *lua.LState) (frame, bool) {
	for level := 1; ; level++ {
		debug, ok := L.GetStack(level)
		if !ok {
			return frame{}, false
		}
		v, err := L.GetInfo("fSl", debug, nil)
		if err != nil {
			return frame{}, false
		}
		if fn, ok := v.(*lua.LFunction); ok && !fn.IsG {
			return frame{L: L, debug: debug, proto: fn.Proto}, true
		}
	}
}

// held gives the type of what a register, or a constant, holds now.
func (f frame) held(register int) string {
	if register >= constantBit {
		return f.constant(register).Type().String()
	}
	_, v := f.L.GetLocal(f.debug, register+1)
	return v.Type().String()
}

// constantBit marks an operand that is a constant (opBitRk of gopher-lua).
const constantBit = 1 << 8

func (f frame) constant(operand int) lua.LValue {
	index := operand &^ constantBit
	if index < len(f.proto.Constants) {
		return f.proto.Constants[index]
	}
	return lua.LNil
}

// The parts of an instruction, as gopher-lua's compiler packs them.
func opcode(code uint32) int { return int(code >> 26) }
func argA(code uint32) int   { return int(code>>18) & 0xff }
func argB(code uint32) int   { return int(code & 0x1ff) }
func argC(code uint32) int   { return int(code>>9) & 0x1ff }
func argBx(code uint32) int  { return int(code & 0x3ffff) }

// local gives the name of the local variable that lives in a register.
func (f frame) local(register, pc int) string {
	for _, l := range f.proto.DbgLocals {
		if l.StartPc > pc || pc >= l.EndPc {
			continue
		}
		if register == 0 {
			if strings.HasPrefix(l.Name, "(") {
				return "" // of a for loop
			}
			return l.Name
		}
		register--
	}
	return ""
}

// name describes where the value of a register came from, by the last
// instruction before pc that wrote it.
func (f frame) name(register, pc int) string {
	if register >= constantBit {
		return ""
	}
	if name := f.local(register, pc); name != "" {
		return "local '" + name + "'"
	}
	for at := pc - 1; at >= 0; at-- {
		code := f.proto.Code[at]
		if argA(code) == register && writes(opcode(code)) && !f.binds(at) {
			return f.origin(code, at)
		}
	}
	return ""
}

// binds tells whether the instruction at pc only tells which upvalue a closure
// gets; such ones follow the instruction that makes the closure.
func (f frame) binds(pc int) bool {
	for at := pc - 1; at >= 0; at-- {
		switch code := f.proto.Code[at]; opcode(code) {
		case lua.OP_MOVE, lua.OP_GETUPVAL:
		case lua.OP_CLOSURE:
			index := argBx(code)
			return index < len(f.proto.FunctionPrototypes) && pc-at <= int(f.proto.FunctionPrototypes[index].NumUpvalues)
		default:
			return false
		}
	}
	return false
}

// writes tells whether an instruction sets its register A.
func writes(op int) bool {
	switch op {
	case lua.OP_SETGLOBAL, lua.OP_SETUPVAL, lua.OP_SETTABLE, lua.OP_SETTABLEKS, lua.OP_JMP, lua.OP_EQ, lua.OP_LT,
		lua.OP_LE, lua.OP_TEST, lua.OP_RETURN, lua.OP_SETLIST, lua.OP_CLOSE, lua.OP_NOP, lua.OP_TAILCALL:
		return false
	}
	return true
}

func (f frame) origin(code uint32, pc int) string {
	switch opcode(code) {
	case lua.OP_MOVE:
		return f.name(argB(code), pc)
	case lua.OP_GETGLOBAL:
		return "global '" + f.proto.Constants[argBx(code)].String() + "'"
	case lua.OP_GETUPVAL:
		return "upvalue '" + f.upvalue(argB(code)) + "'"
	case lua.OP_GETTABLE, lua.OP_GETTABLEKS:
		return f.key("field", argC(code))
	case lua.OP_SELF:
		return f.key("method", argC(code))
	}
	return ""
}

func (f frame) upvalue(index int) string {
	if index < len(f.proto.DbgUpvalues) {
		return f.proto.DbgUpvalues[index]
	}
	return "?"
}

// key names a field whose key is constant text.
func (f frame) key(what string, operand int) string {
	if operand < constantBit {
		return ""
	}
	text, ok := f.constant(operand).(lua.LString)
	if !ok {
		return ""
	}
	return what + " '" + string(text) + "'"
}

// indexed finds the tables of accesses whose key is that of the error.
func indexed(key string) candidates {
	return func(f frame, pc int) []int {
		code := f.proto.Code[pc]
		table, operand := argB(code), argC(code)
		switch opcode(code) {
		case lua.OP_SETTABLE, lua.OP_SETTABLEKS:
			table, operand = argA(code), argB(code)
		case lua.OP_GETTABLE, lua.OP_GETTABLEKS, lua.OP_SELF:
		default:
			return nil
		}
		if operand >= constantBit && f.constant(operand).String() != key {
			return nil
		}
		return []int{table}
	}
}

func called(f frame, pc int) []int {
	switch code := f.proto.Code[pc]; opcode(code) {
	case lua.OP_CALL, lua.OP_TAILCALL:
		return []int{argA(code)}
	case lua.OP_TFORLOOP:
		return []int{argA(code)}
	}
	return nil
}

func computed(f frame, pc int) []int {
	code := f.proto.Code[pc]
	if op := opcode(code); op < lua.OP_ADD || op > lua.OP_POW {
		return nil
	}
	return []int{argB(code), argC(code)}
}

func operand(op int) candidates {
	return func(f frame, pc int) []int {
		code := f.proto.Code[pc]
		if opcode(code) != op {
			return nil
		}
		return []int{argB(code)}
	}
}

// concatenated describes an argument of our running concatenation.
func concatenated(L *lua.LState, culprit lua.LValue, index int) string {
	kind := culprit.Type().String()
	f, ok := luaFrame(L)
	if !ok || index == 0 {
		return unnamed(kind)
	}
	for pc, code := range f.proto.Code {
		if f.proto.DbgSourcePositions[pc] != f.debug.CurrentLine || argB(code)-1 != L.GetTop() {
			continue
		}
		if op := opcode(code); op != lua.OP_CALL && op != lua.OP_TAILCALL {
			continue
		}
		if f.name(argA(code), pc) != "upvalue '"+concatName+"'" {
			continue
		}
		if name := f.name(argA(code)+index, pc); name != "" {
			return name + " (a " + kind + " value)"
		}
	}
	return unnamed(kind)
}

// callsMethod tells whether the current line calls a method of that name.
func (f frame) callsMethod(name string) bool {
	for pc, code := range f.proto.Code {
		if f.proto.DbgSourcePositions[pc] != f.debug.CurrentLine || opcode(code) != lua.OP_SELF {
			continue
		}
		if key := argC(code); key >= constantBit && f.constant(key) == lua.LString(name) {
			return true
		}
	}
	return false
}
