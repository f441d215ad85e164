package vm

import (
	"io"

	lua "github.com/yuin/gopher-lua"
)

// Options say how a VM is made.
type Options struct {
	// Output is where print writes. It must not be nil when scripts print.
	Output io.Writer
	// CallDepth is how many calls may nest before "stack overflow"; 0 means
	// 7,000.
	CallDepth int
}

func init() {
	// LuaJIT has no local variable arg in functions with "...".
	lua.CompatVarArg = false
	lua.MaxArrayIndex = maxArray
}

// maxArray is from which index on elements are kept by hash. Below, gopher-lua
// fills the array up to an index that is set: t[user_id] = true would cost 16
// bytes for each number below the largest one. The length operator counts no
// element beyond it.
const maxArray = 1 << 22

// maxRegisters bounds the values on one thread's stack. It leaves room for
// unpack of some hundred thousand elements.
const maxRegisters = 1 << 20

// New makes a VM with the standard library as LuaJIT has it. The caller owns
// it and closes it with its Close method. A VM serves one goroutine at a time.
func New(o Options) *lua.LState {
	depth := o.CallDepth
	if depth == 0 {
		depth = 7000
	}
	L := lua.NewState(lua.Options{
		CallStackSize:       depth,
		MinimizeStackMemory: true,
		RegistrySize:        1024,
		RegistryMaxSize:     maxRegisters,
		RegistryGrowStep:    1024,
	})
	openBase(L, o.Output)
	openProtector(L)
	openProtected(L)
	openString(L)
	openPattern(L)
	openTable(L)
	openMath(L)
	openList(L)
	openText(L)
	openEnvironment(L)
	openTime(L)
	openOS(L)
	openIO(L)
	openBit(L)
	openPackage(L)
	openJIT(L)
	openDebug(L)
	return L
}

// register puts functions into a table of the VM.
func register(L *lua.LState, into *lua.LTable, functions map[string]lua.LGFunction) {
	for name, fn := range functions {
		into.RawSetString(name, L.NewFunction(fn))
	}
}

// library gives the global table of that name, made when it is missing, and
// known to require.
func library(L *lua.LState, name string) *lua.LTable {
	if table, ok := L.G.Global.RawGetString(name).(*lua.LTable); ok {
		return table
	}
	table := L.NewTable()
	L.G.Global.RawSetString(name, table)
	preload(L, name, table)
	return table
}

func preload(L *lua.LState, name string, module *lua.LTable) {
	loaded, ok := L.GetField(L.G.Registry, "_LOADED").(*lua.LTable)
	if ok {
		loaded.RawSetString(name, module)
	}
}
