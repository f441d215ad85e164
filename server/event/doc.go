// Package event is a worker's event loop: one epoll descriptor, one run queue,
// one heap of timers, and one baton.
//
// The baton is the right to run request code. Exactly one goroutine of a loop
// holds it, so code that runs under the loop needs no locks against other code
// of the same loop, and nothing runs between two points at which it waits.
//
// The goroutine that polls runs a handler inline, to its end. Only when the
// handler waits does another goroutine take over polling, with the rest of the
// batch of events that was being served. The goroutines are coroutines
// (iter.Pull): the baton passes from stack to stack without the scheduler.
//
// What the package promises, each a test in this package:
//
//  1. Exactly one holder: no two functions run under the loop at once.
//  2. Deterministic order: tasks that were woken run in the order in which they
//     were woken, after the batch of events that woke them.
//  3. No lost wake-up: an event that arrives while nobody waits is remembered
//     in the connection's flags, and a Post from any goroutine is run.
//  4. Cancelling a task makes its present wait and every later one return the
//     cause, so that it unwinds once, whatever it was waiting for.
//  5. A task that waits never stops others.
//
// # Waiting
//
// Switch hands the baton to a named task; Park waits until somebody calls Wake;
// Block runs foreign blocking code without the baton. Timers, sockets and
// everything built on them use Park.
//
// Methods of Loop, Task, Timer and Conn must be called by the holder of the
// baton, with the exception of Loop.Post and Loop.Stop, which any goroutine may
// call.
package event
