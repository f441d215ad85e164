package vm

import (
	lua "github.com/yuin/gopher-lua"
)

// Frame is one call on a thread's stack.
type Frame struct {
	// Name is the name by which the function was called, empty when it is not
	// known.
	Name string
	// Source is the chunk as errors name it, empty for a function in Go.
	Source string
	// Line is where the function stands, 0 when it is not known; Defined is where
	// it begins, 0 for a main chunk.
	Line, Defined int
	Fn            *lua.LFunction

	text string
}

// String is the frame's line in a traceback.
func (f Frame) String() string { return f.text }

func (c call) frame() Frame {
	f := Frame{Name: c.name(), Fn: c.fn, text: c.describe()}
	if !c.fn.IsG {
		f.Source, f.Line, f.Defined = c.debug.Source, c.debug.CurrentLine, c.debug.LineDefined
	}
	return f
}

// Stacks looks at the stacks of threads that do not run. It is good until the
// next one does.
type Stacks struct {
	inner map[*lua.LState]*lua.LState // the state of the protected call that each is in
}

// Stacks begins a look at the machine's threads.
func (m *Machine) Stacks() *Stacks {
	s := &Stacks{inner: map[*lua.LState]*lua.LState{}}
	for inner, outer := range protectorOf(m.L).outer {
		s.inner[outer] = inner
	}
	return s
}

// Of is the stack of a thread, the innermost call first; protected calls are
// seen through. A thread that has not begun or has ended has none.
func (s *Stacks) Of(t *Thread) []Frame {
	L := t.L
	if L == nil {
		return nil
	}
	for s.inner[L] != nil {
		L = s.inner[L]
	}
	var frames []Frame
	for ; L != nil; L = outerState(L) {
		for _, c := range visible(L) {
			frames = append(frames, c.frame())
		}
	}
	return frames
}

// Threads are the scope's threads that have begun on tasks of their own and not
// ended: light threads and coroutines.
func (s *Scope) Threads() []*Thread { return s.live }

// Resumed is the coroutine that the thread has resumed and waits for, nil
// without.
func (t *Thread) Resumed() *Thread { return t.below }

// String is the kind in words.
func (k Kind) String() string { return [...]string{"entry thread", "light thread", "coroutine"}[k] }
