package api

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/perigee-server/perigee/lua/vm"
)

// Dump tells where every script of a worker stands.
type Dump struct {
	PID     int          `json:"pid"`
	Time    time.Time    `json:"time"`
	Scripts []DumpScript `json:"scripts"`
}

// DumpScript is a script that runs or waits: one phase of a request, a timer.
type DumpScript struct {
	// Request is the request line, URI what it is worked on as; both are empty
	// outside of requests.
	Request    string `json:"request,omitempty"`
	URI        string `json:"uri,omitempty"`
	Client     string `json:"client,omitempty"`
	Subrequest bool   `json:"subrequest,omitempty"`
	Timer      string `json:"timer,omitempty"` // where its function stands
	Phase      string `json:"phase"`
	// Age is how long ago the client's request began, or the script when there is
	// none; Running how long ago the script did. Both in seconds.
	Age     float64      `json:"age"`
	Running float64      `json:"running"`
	Threads []DumpThread `json:"threads"`
}

// DumpThread is a thread of a script: its entry, a light thread, a coroutine.
type DumpThread struct {
	Kind string `json:"kind"`
	// Status is running, waiting, suspended (a coroutine that has yielded),
	// resuming (of one that waits for a coroutine), or queued.
	Status string `json:"status"`
	// Waits is the function that the thread waits in.
	Waits     string   `json:"waits,omitempty"`
	Traceback []string `json:"traceback"`
}

// Dump looks at all scripts of the worker. It disturbs none.
func (e *Engine) Dump() *Dump {
	now := e.Loop.Now()
	d := &Dump{PID: os.Getpid(), Time: now, Scripts: []DumpScript{}}
	looks := map[*Engine]*look{}
	for r := e.shared.runs.oldest; r != nil; r = r.newer {
		c := r.scope.Data.(*Ctx)
		if looks[c.E] == nil {
			looks[c.E] = &look{c.E.Stacks(), c.E.functionNames()}
		}
		d.Scripts = append(d.Scripts, looks[c.E].script(c, r, now))
	}
	return d
}

// look is what a dump needs to know of an engine.
type look struct {
	stacks *vm.Stacks
	names  functionNames
}

func (l *look) script(c *Ctx, r *run, now time.Time) DumpScript {
	s := DumpScript{Phase: r.phase.String(), Running: now.Sub(r.since).Seconds()}
	s.Age = s.Running
	if c.R != nil {
		s.Request, s.URI, s.Subrequest = string(c.R.Main.Line), string(c.R.URI), c.R.IsSub()
		s.Client = string(c.R.Conn().RemoteAddr())
		s.Age = now.Sub(c.R.Main.Start).Seconds()
	}
	if c.timer != nil && c.timer.fn != nil {
		s.Timer = place(c.timer.fn)[1:]
	}
	if r.inner(c) != nil {
		// it has called something that runs another script
		s.Threads = append(s.Threads, l.thread(&r.entry, "running"))
	} else {
		s.Threads = append(s.Threads, l.thread(&r.entry, "waiting"))
	}
	for _, t := range r.scope.Threads() {
		s.Threads = append(s.Threads, l.thread(t, "waiting"))
	}
	return s
}

// inner is the run that was begun inside of r for the same request.
func (r *run) inner(c *Ctx) *run {
	for inner := c.run; inner != nil; inner = inner.outer {
		if inner.outer == r {
			return inner
		}
	}
	return nil
}

func (l *look) thread(t *vm.Thread, status string) DumpThread {
	d := DumpThread{Kind: t.Kind.String(), Status: status, Traceback: []string{}}
	frames := l.stacks.Of(t)
	switch {
	case t.Status() == vm.Suspended:
		d.Status = "suspended"
	case t.Resumed() != nil:
		d.Status = "resuming"
	case len(frames) == 0 && t.Kind == vm.Entry:
		d.Waits = "light threads"
	case len(frames) > 0 && frames[0].Fn.IsG:
		d.Waits = l.names.of(frames[0])
	}
	for _, f := range frames {
		text := f.String()
		if name, known := l.names[f.Fn]; known && f.Fn.IsG {
			text = "[Go]: in function '" + name + "'"
		}
		d.Traceback = append(d.Traceback, text)
	}
	return d
}

// Text is the dump for people.
func (d *Dump) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "worker process %d, %s: %d scripts\n", d.PID, d.Time.Format(time.RFC3339Nano), len(d.Scripts))
	for i := range d.Scripts {
		s := &d.Scripts[i]
		b.WriteString("\n")
		switch {
		case s.Request != "":
			fmt.Fprintf(&b, "%q, client: %s", s.Request, s.Client)
			if s.Subrequest {
				fmt.Fprintf(&b, ", subrequest: %q", s.URI)
			}
		case s.Timer != "":
			fmt.Fprintf(&b, "timer at %s", s.Timer)
		default:
			b.WriteString("worker")
		}
		fmt.Fprintf(&b, ", phase: %s, age: %.3fs, running: %.3fs\n", s.Phase, s.Age, s.Running)
		for _, t := range s.Threads {
			fmt.Fprintf(&b, "    %s, %s", t.Kind, t.Status)
			if t.Waits != "" {
				fmt.Fprintf(&b, " in %s", t.Waits)
			}
			b.WriteString("\n")
			for _, line := range t.Traceback {
				fmt.Fprintf(&b, "        %s\n", line)
			}
		}
	}
	return b.String()
}
