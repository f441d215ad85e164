package vm

import (
	lua "github.com/yuin/gopher-lua"
)

// protector gives each protected call a Lua state of its own. gopher-lua closes
// the variables of all functions on a state's stack when an error is raised,
// or those of none where a message handler is at work: on a state of its own
// all of them belong to the call that fails.
type protector struct {
	idle    []*lua.LState
	outer   map[*lua.LState]*lua.LState // of the states in use, who called
	depth   int
	handler *lua.LFunction
	// entered and left tell the machine of a state that comes into use.
	entered, left func(inner, outer *lua.LState)
}

// maxProtected is how many protected calls may nest; each has a stack in Go.
const maxProtected = 4000

const protectorKey = "perigee.vm.protector"

func openProtector(L *lua.LState) *protector {
	p := &protector{outer: map[*lua.LState]*lua.LState{}}
	p.handler = L.NewFunction(p.failed)
	L.G.Registry.RawSetString(protectorKey, &lua.LUserData{Value: p})
	return p
}

func protectorOf(L *lua.LState) *protector {
	return L.G.Registry.RawGetString(protectorKey).(*lua.LUserData).Value.(*protector)
}

// outerState is the state whose protected call runs on L, nil without.
func outerState(L *lua.LState) *lua.LState { return protectorOf(L).outer[L] }

func (p *protector) enter(outer *lua.LState) *lua.LState {
	var inner *lua.LState
	if n := len(p.idle); n > 0 {
		inner = p.idle[n-1]
		p.idle = p.idle[:n-1]
	} else {
		inner, _ = outer.G.MainThread.NewThread()
	}
	p.outer[inner] = outer
	if p.entered != nil {
		p.entered(inner, outer)
	}
	return inner
}

func (p *protector) leave(inner, outer *lua.LState) {
	delete(p.outer, inner)
	if p.left != nil {
		p.left(inner, outer)
	}
	inner.SetTop(0)
	if len(p.idle) < maxIdle {
		p.idle = append(p.idle, inner)
	}
}

// call runs the function below the n arguments on top of L, which it takes, and
// leaves its results there, or gives the error. handler sees the error first.
func (p *protector) call(L *lua.LState, n int, handler *lua.LFunction) (results int, err error) {
	if p.nesting(L) >= maxProtected {
		return 0, &lua.ApiError{Type: lua.ApiErrorRun, Object: lua.LString("stack overflow")}
	}
	inner := p.enter(L)
	L.XMoveTo(inner, n+1)
	if err = inner.PCall(n, lua.MultRet, handler); err == nil {
		results = inner.GetTop()
		inner.XMoveTo(L, results)
	}
	p.leave(inner, L)
	return results, err
}

// nesting is how many protected calls L is inside of, counted only now and
// then: a chain that long is rare.
func (p *protector) nesting(L *lua.LState) int {
	if len(p.outer) < maxProtected {
		return 0
	}
	depth := 0
	for ; L != nil; L = p.outer[L] {
		depth++
	}
	return depth
}

// failed is the message handler of pcall.
func (p *protector) failed(L *lua.LState) int {
	value := explained(L)
	closeVariables(L)
	L.Push(value)
	return 1
}

// explained is the error that a message handler got, worded as LuaJIT does.
func explained(L *lua.LState) lua.LValue {
	value := L.Get(1)
	if message, ok := value.(lua.LString); ok {
		return lua.LString(Explain(L, unplaced(L, string(message), 1)))
	}
	return value
}

// closeVariables lets closures keep the variables of functions that an error is
// about to end, whose registers go. It must run in a message handler, with all
// functions on the stack about to end: a protected call clears gopher-lua's
// mark of the handler, and an error that is raised without it closes them.
func closeVariables(L *lua.LState) {
	L.Push(L.NewFunction(func(*lua.LState) int { return 0 }))
	L.PCall(0, 0, nil)
	L.Push(L.NewFunction(func(L *lua.LState) int { L.Error(lua.LTrue, 0); return 0 }))
	L.PCall(0, 0, nil)
}
