package api

import (
	"errors"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/http"
)

// streamRoom is how much of a body is kept for the script; the subrequest waits
// when it has made more.
const streamRoom = 64 << 10

// errUnread cancels a subrequest whose body nobody will read.
var errUnread = errors.New("the response is not read any more")

// bodyStream is the body of ngx.location.capture(uri, {stream = true}): the
// subrequest runs on a task of its own and puts its output here, the script
// takes it. It ends with the run of the script that made it.
type bodyStream struct {
	q       *captured
	run     *run
	loop    *event.Loop
	task    *event.Task // the subrequest's
	data    []byte
	head    bool // the response's header is there
	started bool
	over    bool // the subrequest has ended
	closed  bool // nobody reads any more
	waiting []*event.Task
	result  *lua.LTable
}

// newStream has the output of a subrequest that is about to be made go to a
// stream.
func (c *Ctx) newStream(q *captured, o *http.Subrequest) *bodyStream {
	s := &bodyStream{q: q, run: c.run, loop: c.E.Loop}
	o.Head = func(*http.Request) { s.head = true; s.wake() }
	o.Capture = func(_ *http.Request, b []byte) { s.put(b) }
	o.Live = true
	return s
}

// stream starts a subrequest and returns its response once the header is there.
func (c *Ctx) stream(L *lua.LState, q *captured) int {
	s := q.stream
	s.run.streams = append(s.run.streams, s)
	s.task = s.loop.Go(s.serve)
	for !s.head && !s.over {
		c.wait(L, s.wait())
	}
	if s.over && q.rc == http.Error && !q.sub.HeaderSent() { // ends the whole request, as in nginx
		c.finish(L, aborted, http.Error)
	}
	s.result = c.response(q)
	s.result.RawSetString("truncated", lua.LFalse)
	s.result.RawSetString("read", c.E.L.NewFunction(func(L *lua.LState) int {
		most := streamRoom
		if L.Get(2) != lua.LNil {
			if most = L.CheckInt(2); most <= 0 {
				L.ArgError(2, "positive number expected")
			}
		}
		return s.read(c, L, most)
	}))
	// an iterator for a loop, which calls it with what it has given before
	s.result.RawSetString("reader", c.E.L.NewFunction(func(L *lua.LState) int { return s.read(c, L, streamRoom) }))
	s.result.RawSetString("close", c.E.L.NewFunction(func(L *lua.LState) int {
		if s.closed {
			return fail(L, "closed")
		}
		s.end(c)
		return one(L)
	}))
	L.Push(s.result)
	return 1
}

// serve runs the subrequest on a task of its own.
func (s *bodyStream) serve() {
	if !s.closed {
		s.started = true
		s.q.sub.Run()
	}
	s.over = true
	s.wake()
}

// wait parks until something has changed.
func (s *bodyStream) wait() error {
	task := s.loop.Current()
	s.waiting = append(s.waiting, task)
	err := s.loop.Park()
	if i := slices.Index(s.waiting, task); i >= 0 {
		s.waiting = slices.Delete(s.waiting, i, i+1)
	}
	return err
}

func (s *bodyStream) wake() {
	for _, task := range s.waiting {
		s.loop.Wake(task)
	}
	s.waiting = s.waiting[:0]
}

// put takes a part of the body from the subrequest, which waits while there is
// no room for it.
func (s *bodyStream) put(b []byte) {
	for len(b) > 0 && !s.closed {
		if len(s.data) >= streamRoom {
			if s.wait() != nil {
				return
			}
			continue
		}
		n := min(len(b), streamRoom-len(s.data))
		s.data = append(s.data, b[:n]...)
		b = b[n:]
		s.wake()
	}
}

// read gives the next part of the body, of no more than most bytes; nil at the
// end.
func (s *bodyStream) read(c *Ctx, L *lua.LState, most int) int {
	for {
		switch {
		case s.closed:
			return fail(L, "closed")
		case len(s.data) > 0:
			n := min(most, len(s.data))
			L.Push(lua.LString(s.data[:n]))
			s.data = append(s.data[:0], s.data[n:]...)
			s.wake()
			return 1
		case s.over:
			if s.q.rc == http.Error || s.q.sub.Truncated() {
				s.result.RawSetString("truncated", lua.LTrue)
				return fail(L, "truncated")
			}
			L.Push(lua.LNil)
			return 1
		}
		c.wait(L, s.wait())
	}
}

// end forgets the stream and ends its subrequest, if that has not ended; it
// returns when it has.
func (s *bodyStream) end(c *Ctx) {
	s.closed, s.data = true, nil
	if i := slices.Index(s.run.streams, s); i >= 0 {
		s.run.streams = slices.Delete(s.run.streams, i, i+1)
	}
	if s.over {
		return
	}
	if s.started {
		s.q.sub.RefuseOutput()
		s.task.Cancel(errUnread)
	}
	s.wake()
	restore := s.loop.Current().Pardon()
	for !s.over {
		if s.wait() != nil {
			s.loop.Current().Pardon()
		}
	}
	restore()
}
