package vm

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/server/event"
)

// Status is what coroutine.status tells of a thread.
type Status uint8

// The states of a thread.
const (
	Suspended Status = iota
	Running
	Normal // has resumed another one
	Dead
	Zombie // a light thread that has ended and that its parent may still ask about
)

var statusNames = [...]string{"suspended", "running", "normal", "dead", "zombie"}

func (s Status) String() string { return statusNames[s] }

// Kind is how a thread came to be.
type Kind uint8

// The kinds of threads.
const (
	Entry     Kind = iota // runs a chunk on the task of its caller
	Light                 // ngx.thread.spawn
	Coroutine             // coroutine.create
)

// Thread is one flow of Lua: what a script sees as a coroutine. It is itself
// the Lua value of type "thread"; the Lua state behind it is taken when it
// begins and given back when it has ended.
type Thread struct {
	L     *lua.LState
	Scope *Scope
	Kind  Kind
	// Data belongs to whoever made the thread.
	Data any

	m      *Machine
	fn     *lua.LFunction
	status Status
	task   *event.Task
	place  int          // in Scope.live
	raised []lua.LValue // arguments of the function that raised it
	traces []string     // of the error that ended it, innermost coroutine first
	// carried is an error that a wrapped coroutine has raised in this thread,
	// with its traces.
	carried       lua.LValue
	carriedTraces []string
	wrapped       bool // by coroutine.wrap
	exposed       bool // a script holds it as a value, or a coroutine knows it

	resumer  *event.Task
	above    *Thread     // whose resume is waiting
	below    *Thread     // which it has resumed
	from     *lua.LState // that has called resume
	transfer []lua.LValue
	back     bool // yielded, ended or failed: the resumer goes on
	resumed  bool
	failure  lua.LValue
	unwound  bool
	killed   bool
}

// String and Type make a thread a Lua value.
func (t *Thread) String() string { return fmt.Sprintf("thread: %p", t) }

// Type tells Lua that the value is a thread.
func (t *Thread) Type() lua.LValueType { return lua.LTThread }

// Status is the thread's state.
func (t *Thread) Status() Status { return t.status }

// Bury makes a zombie dead: its parent has asked.
func (t *Thread) Bury() {
	if t.status == Zombie {
		t.status = Dead
	}
}

// Exposed reports whether somebody may still hold the thread once it has ended.
func (t *Thread) Exposed() bool { return t.exposed }

// Function is what the thread runs, nil for an Entry thread.
func (t *Thread) Function() *lua.LFunction { return t.fn }

// Failure is an error that no pcall has caught.
type Failure struct {
	Value lua.LValue
	// Args are the arguments of the function of the API that raised it, error
	// mostly.
	Args      []lua.LValue
	Traceback string
}

func (f *Failure) Error() string {
	if s, ok := f.Value.(lua.LString); ok {
		return string(s)
	}
	return "unknown reason"
}

// ErrUnwound is what running a thread returns when Unwind ended it.
var ErrUnwound = errors.New("unwound")

// errKilled cancels threads whose scope has ended.
var errKilled = errors.New("killed")

// unwind marks the value that passes every pcall.
type unwind struct{}

var unwinding = &lua.LUserData{Value: unwind{}}

func isUnwind(v lua.LValue) bool { return v == unwinding }

// Unwind ends the thread that runs on L: nothing in it catches this.
func Unwind(L *lua.LState) { L.Error(unwinding, 0) }

// Interrupt ends the wait of a thread whose task was cancelled: with the error
// that its scope has for the cause, or else by unwinding.
func (m *Machine) Interrupt(L *lua.LState) {
	if t := m.Of(L); t != nil && t.Scope.Interrupted != nil {
		if v := t.Scope.Interrupted(m.Loop.Current().Cause()); v != nil {
			L.Error(v, 0)
		}
	}
	Unwind(L)
}

// Unwound reports whether an error of PCall is Unwind's, which must be raised
// again.
func Unwound(err error) bool {
	failure, ok := err.(*lua.ApiError)
	return ok && isUnwind(failure.Object)
}

// Scope is what scripts run for: a request, a timer. Its threads end with it.
type Scope struct {
	Data any
	// Waits tells that code may wait: coroutine.yield outside of a coroutine
	// then lets others run.
	Waits bool
	// Interrupted gives the error with which a cancelled wait ends, which pcall
	// can catch, or nil where the wait unwinds. It may be nil.
	Interrupted func(cause error) lua.LValue

	m      *Machine
	live   []*Thread
	waiter *event.Task
}

// maxThreads bounds the coroutines and light threads of one scope.
const maxThreads = 1 << 16

// Init makes a new scope one of the machine m.
func (s *Scope) Init(m *Machine, data any) { s.m, s.Data = m, data }

// Machine is the VM of the scope.
func (s *Scope) Machine() *Machine { return s.m }

// Live is how many threads of the scope have begun and not ended.
func (s *Scope) Live() int { return len(s.live) }

func (s *Scope) join(t *Thread) {
	t.place = len(s.live)
	s.live = append(s.live, t)
}

func (s *Scope) leave(t *Thread) {
	last := len(s.live) - 1
	s.live[t.place] = s.live[last]
	s.live[t.place].place = t.place
	s.live[last] = nil
	s.live = s.live[:last]
	if last == 0 && s.waiter != nil {
		s.m.Loop.Wake(s.waiter)
	}
}

// End kills the threads of the scope and returns when all have unwound. It must
// not be called from one of them.
func (s *Scope) End() {
	if len(s.live) == 0 {
		return
	}
	s.Kill(nil)
	t := s.m.Loop.Current()
	restore := t.Pardon()
	s.waiter = t
	for len(s.live) > 0 {
		s.m.Loop.Park()
	}
	s.waiter = nil
	restore()
}

// Kill cancels the scope's threads on tasks of their own, all but one. They
// unwind later.
func (s *Scope) Kill(but *Thread) {
	for _, t := range s.live {
		if t != but {
			t.Kill()
		}
	}
}

// Enter makes t, which is new, a thread on the present task. Release must
// follow; t is not used again, as scripts may hold it.
func (m *Machine) Enter(t *Thread, s *Scope) {
	t.m, t.Scope, t.status = m, s, Running
	m.take(t)
}

// Release gives the thread's state back.
func (t *Thread) Release() {
	t.status = Dead
	t.m.give(t)
}

// Call calls the function that was pushed onto t.L before its n arguments. The
// results are on the stack, nret of them. An error is *Failure or ErrUnwound.
func (t *Thread) Call(n, nret int) error {
	t.traces, t.raised = nil, nil
	err := t.L.PCall(n, nret, t.m.explain)
	if err == nil {
		return nil
	}
	return t.explained(err)
}

func (t *Thread) explained(err error) error {
	if Unwound(err) {
		return ErrUnwound
	}
	failure := &Failure{Value: lua.LString(err.Error()), Args: t.raised, Traceback: t.traceback()}
	if api, ok := err.(*lua.ApiError); ok && api.Object != nil {
		failure.Value = api.Object
		if api.Object == overflow {
			failure.Value = lua.LString("stack overflow")
		}
	}
	return failure
}

// traced keeps the traceback of an error. One that came out of a wrapped
// coroutine has that one's before it.
func (t *Thread) traced(value lua.LValue, trace string) {
	_, frames, _ := strings.Cut(trace, "stack traceback:")
	t.traces = nil
	if t.carried != nil && t.carried == value {
		t.traces = t.carriedTraces
	}
	t.carried, t.carriedTraces = nil, nil
	t.traces = append(t.traces, frames)
}

// traceback is the traceback of an error as lua-nginx-module logs it: for code
// that may wait with a number for each coroutine.
func (t *Thread) traceback() string {
	if len(t.traces) == 0 {
		return "stack traceback:"
	}
	if !t.Scope.Waits {
		return "stack traceback:" + t.traces[len(t.traces)-1]
	}
	text := "stack traceback:"
	for i, frames := range t.traces {
		text += "\ncoroutine " + strconv.Itoa(i) + ":" + frames
	}
	return text
}

// NewLight makes a light thread that runs fn with arguments; Start begins it.
func (m *Machine) NewLight(s *Scope, fn *lua.LFunction, args []lua.LValue) *Thread {
	return &Thread{m: m, Scope: s, Kind: Light, fn: fn, transfer: args}
}

// Start runs a light thread at once, until it waits or ends; the caller goes on
// behind what is queued. ended is called on the thread's task with its results,
// or with the error as Call has it. The error of Start is the cancellation of
// the caller.
func (t *Thread) Start(ended func(results []lua.LValue, err error)) error {
	m := t.m
	m.take(t)
	t.status = Running
	t.Scope.join(t)
	t.task = m.Loop.New(func() {
		m.Stretch()
		results, err := t.run(m.explain)
		t.finish()
		ended(results, err)
	})
	err := m.Loop.SwitchQueued(t.task)
	m.Stretch()
	return err
}

// run calls the thread's function with what was transferred to it.
func (t *Thread) run(handler *lua.LFunction) ([]lua.LValue, error) {
	L := t.L
	t.traces, t.raised = nil, nil
	L.Push(t.fn)
	for _, v := range t.transfer {
		L.Push(v)
	}
	n := len(t.transfer)
	t.transfer = nil
	if err := L.PCall(n, lua.MultRet, handler); err != nil {
		return nil, t.explained(err)
	}
	results := make([]lua.LValue, L.GetTop())
	for i := range results {
		results[i] = L.Get(i + 1)
	}
	return results, nil
}

// finish ends a thread on a task of its own.
func (t *Thread) finish() {
	t.status = Dead
	if t.Kind == Light && !t.killed {
		t.status = Zombie
	}
	t.m.give(t)
	t.Scope.leave(t)
}

// Kill cancels a thread on a task of its own, with the coroutine that it waits
// for: its present wait unwinds it.
func (t *Thread) Kill() {
	if t.task == nil || t.status >= Dead {
		return
	}
	t.killed = true
	if t.below != nil {
		t.below.resumer = nil
		t.below.Kill()
	}
	t.task.Cancel(errKilled)
}
