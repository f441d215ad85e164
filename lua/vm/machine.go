package vm

import (
	"io"
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/server/event"
)

// Machine is a VM whose coroutines and light threads are tasks of an event
// loop. All of it belongs to the holder of the loop's baton.
type Machine struct {
	// L is the VM's main thread. Scripts run on Threads.
	L    *lua.LState
	Loop *event.Loop

	threads map[*lua.LState]*Thread
	lastL   *lua.LState
	last    *Thread
	idle    []*lua.LState
	explain *lua.LFunction
	budget  *budget
	sampler *Sampler
	resumed func() // see OnResumed
}

// maxIdle is how many Lua states a machine keeps for later threads.
const maxIdle = 256

// The registers that a new thread begins with, and by how many they grow. A
// thread that waits holds them, so they are few.
const (
	threadRegisters = 128
	threadGrowth    = 512
)

// NewMachine makes a VM on a loop, with the standard library and coroutines.
func NewMachine(output io.Writer, loop *event.Loop) *Machine {
	L := New(Options{Output: output})
	L.Options.RegistrySize = threadRegisters
	L.Options.RegistryGrowStep = threadGrowth
	m := &Machine{L: L, Loop: loop, threads: map[*lua.LState]*Thread{}}
	m.explain = L.NewFunction(m.failed)
	p := protectorOf(L)
	p.entered = func(inner, outer *lua.LState) {
		m.threads[inner] = m.Of(outer)
		m.admit(inner)
		m.lastL = nil
	}
	p.left = func(inner, _ *lua.LState) {
		delete(m.threads, inner)
		m.lastL = nil
	}
	m.openCoroutine()
	return m
}

// Of is the thread that runs on a Lua state, nil on the main one.
func (m *Machine) Of(L *lua.LState) *Thread {
	if L == m.lastL {
		return m.last
	}
	t := m.threads[L]
	m.lastL, m.last = L, t
	return t
}

// take gives a thread a Lua state.
func (m *Machine) take(t *Thread) {
	if n := len(m.idle); n > 0 {
		t.L = m.idle[n-1]
		m.idle = m.idle[:n-1]
	} else {
		t.L, _ = m.L.NewThread()
	}
	m.admit(t.L)
	m.threads[t.L] = t
	m.lastL, m.last = t.L, t
}

// give takes the state back from a thread that has ended.
func (m *Machine) give(t *Thread) {
	L := t.L
	t.L = nil
	m.lastL, m.last = nil, nil
	L.SetTop(0)
	if len(m.idle) >= maxIdle {
		delete(m.threads, L)
		return
	}
	m.threads[L] = nil
	m.idle = append(m.idle, L)
}

// failed is the message handler of threads: it keeps the traceback while the
// stack stands.
func (m *Machine) failed(L *lua.LState) int {
	value := explained(L)
	if t := m.Of(L); t != nil && !isUnwind(value) {
		t.traced(value, failureTrace(L))
		t.raised = raisedWith(L)
	}
	closeVariables(L)
	L.Push(value)
	return 1
}

// raisedWith is what LuaJIT leaves on the stack of a Go function that has raised
// an error: its arguments, and the message before it got its position.
func raisedWith(L *lua.LState) []lua.LValue {
	frame, ok := L.GetStack(1)
	if !ok || what(L, 1) != "G" {
		return nil
	}
	var values []lua.LValue
	for i := 1; ; i++ {
		name, v := L.GetLocal(frame, i)
		if name == "" {
			break
		}
		values = append(values, v)
	}
	last := len(values) - 1
	if last < 0 {
		return nil
	}
	at := place(L, 2)
	raised, ok := values[last].(lua.LString)
	text, cut := strings.CutPrefix(string(raised), at)
	switch {
	case !ok || at == "" || !cut:
		return values[:last]
	case last > 0 && values[last-1].String() == text:
		return values[:last]
	}
	values[last] = lua.LString(text)
	return values
}

// Traceback is debug.traceback of a thread, from a level on.
func Traceback(L *lua.LState, message string, level int) string {
	library, _ := L.G.Global.RawGetString("debug").(*lua.LTable)
	if library == nil {
		return message
	}
	L.Push(library.RawGetString("traceback"))
	L.Push(lua.LString(message))
	L.Push(lua.LNumber(level))
	L.Call(2, 1)
	text := L.Get(-1).String()
	L.Pop(1)
	return text
}

// Null is what C knows as a NULL light userdata: ngx.null, cjson.null. There is
// one, so that scripts may compare.
var Null = &lua.LUserData{}

// AppendNumber appends a number as tostring writes it.
func AppendNumber(b []byte, value float64) []byte {
	if whole := int64(value); float64(whole) == value && whole < 1e14 && whole > -1e14 && (whole != 0 || !math.Signbit(value)) {
		return strconv.AppendInt(b, whole, 10)
	}
	return append(b, FormatNumber(value)...)
}
