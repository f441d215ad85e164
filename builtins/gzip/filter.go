package gzip

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/perigee-server/perigee/server/http"
)

// stream is a response that is being compressed.
type stream struct {
	w   *gzip.Writer
	out []byte // compressed, not yet passed on
	// in and total are bytes before and after.
	in, total int64
	level     int
	busy      bool    // a file is being read, and parts of the body may come
	queue     backlog // those parts
}

var streams = http.NewContext[stream]()

// writers are the compressors that nobody uses, by level: each has close to a
// megabyte of tables.
var writers [10]sync.Pool

// Write takes the compressor's output.
func (x *stream) Write(p []byte) (int, error) {
	x.out = append(x.out, p...)
	x.total += int64(len(p))
	return len(p), nil
}

// header decides whether the response is compressed.
func header(r *http.Request) http.Status {
	o := &r.Out
	s := confs.Of(r)
	switch o.Status {
	case 200, 403, 404:
	default:
		return http.OK
	}
	if len(o.OutHeader("content-encoding")) > 0 || o.ContentLength >= 0 && o.ContentLength < s.min.V || !r.TypeIn(&s.types) {
		return http.OK
	}
	o.GzipVary = s.vary.V
	if !accepted(r, s) {
		return http.OK
	}
	if !r.HeadOnly() { // a response to HEAD has the head alone
		x := &stream{level: s.level.V}
		x.w = takeWriter(x.level, x)
		streams.Set(r, x)
		r.AtEnd(x.free)
	}
	o.Add([]byte("Content-Encoding"), []byte("gzip"))
	o.ClearLength()
	r.DenyRanges()
	weaken(o)
	return http.OK
}

// weaken makes the entity tag a weak one; what is no tag goes.
func weaken(o *http.Response) {
	switch {
	case len(o.ETag) == 0 || bytes.HasPrefix(o.ETag, []byte("W/")):
	case o.ETag[0] != '"':
		o.ETag = nil
	default:
		o.ETag = append([]byte("W/"), o.ETag...)
	}
}

func takeWriter(level int, to io.Writer) *gzip.Writer {
	if w, ok := writers[level].Get().(*gzip.Writer); ok {
		w.Reset(to)
		return w
	}
	w, err := gzip.NewWriterLevel(to, level)
	if err != nil {
		panic(err) // the directive's setter has checked the level
	}
	return w
}

// free gives the compressor back.
func (x *stream) free() {
	if x.w == nil {
		return
	}
	x.w.Reset(nil)
	writers[x.level].Put(x.w)
	x.w, x.out = nil, nil
}

// body compresses parts of the body.
func body(r *http.Request, in []http.Buf) ([]http.Buf, error) {
	x := streams.Of(r)
	if x == nil || x.w == nil {
		return in, nil
	}
	if x.busy {
		x.queue.keep(in)
		return nil, nil
	}
	x.out = x.out[:0]
	var end http.Buf
	for {
		if err := x.parts(r, in, &end); err != nil {
			return nil, err
		}
		if len(x.queue) == 0 {
			break
		}
		in, x.queue = x.queue, nil
	}
	if end.Last {
		if err := x.w.Close(); err != nil {
			return nil, err
		}
		end.Mem = x.out
		x.free()
	} else if end.Flush || confs.Of(r).noBuffer.V {
		if err := x.w.Flush(); err != nil {
			return nil, err
		}
	}
	if !end.Last {
		end.Mem = x.out
	}
	if len(end.Mem) == 0 && !end.Flush && !end.Last {
		return nil, nil
	}
	return []http.Buf{end}, nil
}

// parts compresses parts and gathers their flags.
func (x *stream) parts(r *http.Request, in []http.Buf, end *http.Buf) error {
	for i := range in {
		b := &in[i]
		end.Flush = end.Flush || b.Flush
		end.Last = end.Last || b.Last
		x.in += b.Size()
		if b.File == nil {
			if _, err := x.w.Write(b.Mem); err != nil {
				return err
			}
			continue
		}
		if err := x.file(r, b); err != nil {
			return err
		}
	}
	return nil
}

// file compresses a part of a file, no faster than the client takes it.
func (x *stream) file(r *http.Request, b *http.Buf) error {
	x.busy = true
	defer func() { x.busy = false }()
	return eachPiece(b, func(data []byte, last bool) error {
		if _, err := x.w.Write(data); err != nil {
			return err
		}
		if len(x.out) < piece || last {
			return nil
		}
		if rc := r.OutputBehind(http.OrderGzip, []http.Buf{{Mem: x.out}}); rc == http.Error {
			return io.ErrClosedPipe
		}
		x.out = x.out[:0]
		if err := r.WaitDrain(unsent); err != nil {
			return err
		}
		if err := r.Loop().Yield(); err != nil {
			return err
		}
		if x.w == nil {
			return io.ErrClosedPipe // the request ended meanwhile
		}
		return nil
	})
}

// ratio is $gzip_ratio.
func ratio(r *http.Request) ([]byte, bool) {
	x := streams.Of(r.Main)
	if x == nil || x.total == 0 {
		return nil, false
	}
	hundredths := (x.in*1000/x.total + 5) / 10
	return fmt.Appendf(nil, "%d.%02d", hundredths/100, hundredths%100), true
}
