package log

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/http"
	elog "github.com/perigee-server/perigee/server/log"
)

// writerOptions are those of access_log that belong to the file.
type writerOptions struct {
	buffer int
	flush  time.Duration
	gzip   int
}

// writer writes lines to one log, buffered where asked for.
type writer struct {
	sink  io.Writer
	o     writerOptions
	buf   []byte
	timer *event.Timer
}

// writers are those of the cycle's files, so that several access_log of one
// file share a buffer.
type writers map[*cycle.File]*writer

const writersKey = "access log writers"

func all(c *cycle.Cycle) writers {
	w, _ := c.Protocol(writersKey).(writers)
	if w == nil {
		w = writers{}
		c.SetProtocol(writersKey, w)
	}
	return w
}

func shared(c *cycle.Cycle, f *cycle.File) *writer { return all(c)[f] }

func newWriter(c *cycle.Cycle, f *cycle.File, o writerOptions) *writer {
	w := &writer{sink: f, o: o}
	all(c)[f] = w
	if o.buffer > 0 {
		f.OnFlush(w.flush)
	}
	return w
}

// line writes one whole line.
func (w *writer) line(b []byte) error {
	if w.o.buffer == 0 {
		_, err := w.sink.Write(b)
		return err
	}
	if len(w.buf)+len(b) > w.o.buffer {
		w.flush()
	}
	if len(b) > w.o.buffer {
		w.buf = append(w.buf, b...)
		w.flush()
		return nil
	}
	w.buf = append(w.buf, b...)
	if w.timer != nil && !w.timer.Active() {
		w.timer.Reset(w.o.flush)
	}
	return nil
}

// flush writes the buffer.
func (w *writer) flush() {
	if len(w.buf) == 0 {
		return
	}
	out := w.buf
	if w.o.gzip > 0 {
		var z bytes.Buffer
		zw, _ := gzip.NewWriterLevel(&z, w.o.gzip)
		zw.Write(w.buf)
		zw.Close()
		out = z.Bytes()
	}
	w.sink.Write(out)
	w.buf = w.buf[:0]
}

// start gives buffered logs the timers of flush=.
func start(w *cycle.Work, _ *http.Main) error {
	for _, wr := range all(w.Cycle) {
		if wr.o.flush > 0 {
			wr.timer = w.Loop.NewTimer(wr.flush)
		}
	}
	w.OnExit(func() {
		for _, o := range open {
			o.f.Close()
		}
	})
	return nil
}

// openLog is a log file whose name has variables in it.
type openLog struct {
	f    *os.File
	used time.Time
}

// open are such files of this worker, by name.
var open = map[string]*openLog{}

var scratch []byte

// write writes the line for a request.
func (t *target) write(r *http.Request) {
	b := append(t.format.append(scratch[:0], r), '\n')
	scratch = b
	if t.path == nil {
		t.out.line(b)
		return
	}
	name := r.HTTP().Cycle.FullName(string(t.path.Eval(r)))
	f := opened(name, r)
	if f != nil {
		f.Write(b)
	}
}

// opened returns the open file of a name; files unused for a minute are closed.
func opened(name string, r *http.Request) *os.File {
	now := r.Loop().Now()
	if o := open[name]; o != nil {
		if now.Sub(o.used) < openFor {
			o.used = now
			return o.f
		}
		o.f.Close()
		delete(open, name)
	}
	if len(open) >= 64 {
		for n, o := range open {
			if now.Sub(o.used) >= openFor || len(open) >= 64 {
				o.f.Close()
				delete(open, n)
			}
		}
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		r.Logf(elog.Crit, "%s", elog.Errno(fmt.Sprintf("open() %q failed", name), err)+" while logging request")
		return nil
	}
	open[name] = &openLog{f, now}
	return f
}
