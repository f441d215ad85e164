package gzip

import (
	"bytes"
	"io"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/log"
)

// unpack is gunzip, which is ngx_http_gunzip_filter_module: it decompresses
// responses for clients that do not take them compressed.
type unpack struct {
	on   cycle.Opt[bool]
	bufs cycle.Opt[cycle.Bufs]
}

var unpacks = http.NewLocation(func() *unpack { return &unpack{} }, func(_ *cycle.Conf, outer, own *unpack) error {
	own.on.Merge(&outer.on, false)
	own.bufs.Merge(&outer.bufs, cycle.Bufs{Num: 32, Size: 4096})
	return nil
})

// orderGunzip is behind what adds fields, and before what looks into a body.
const orderGunzip = (http.OrderHeaders + http.OrderCharset) / 2

func init() {
	const in = cycle.HTTPAll
	http.Register(&http.Module{Name: "ngx_http_gunzip_filter_module", Directives: []cycle.Directive{
		{Name: "gunzip", In: in, Args: "flag", Set: cycle.SetFlag(unpacks, func(s *unpack) *cycle.Opt[bool] { return &s.on }), Doc: "Whether compressed responses are decompressed for clients that do not accept gzip."},
		{Name: "gunzip_buffers", In: in, Args: "2", Set: cycle.SetBufs(unpacks, func(s *unpack) *cycle.Opt[cycle.Bufs] { return &s.bufs }), Doc: "No effect: a response has one buffer, which goes out whenever it is full."},
	}, Init: func(_ *cycle.Conf, m *http.Main) error {
		on := func(l *http.Location) bool { return unpacks.In(l).on.V }
		m.AddHeaderFilter(orderGunzip, on, unpackHeader)
		m.AddBodyFilter(orderGunzip, on, unpackBody)
		return nil
	}})
}

var expansions = http.NewContext[expansion]()

// unpackHeader decides whether the response is decompressed.
func unpackHeader(r *http.Request) http.Status {
	o, s := &r.Out, confs.Of(r)
	if r.Captured() || !bytes.EqualFold(o.OutHeader("content-encoding"), []byte("gzip")) {
		return http.OK
	}
	o.GzipVary = s.vary.V
	if accepted(r, s) {
		return http.OK
	}
	if !r.HeadOnly() {
		x := newExpansion()
		expansions.Set(r, x)
		r.AtEnd(x.stop)
	}
	o.HideField("content-encoding")
	o.ClearLength()
	r.DenyRanges()
	weaken(o)
	return http.OK
}

// unpackBody decompresses parts of the body.
func unpackBody(r *http.Request, in []http.Buf) ([]http.Buf, error) {
	x := expansions.Of(r)
	if x == nil {
		return in, nil
	}
	if x.busy {
		x.queue.keep(in)
		return nil, nil
	}
	x.busy = true
	defer func() { x.busy = false }()
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
		x.eof = true
		if err := x.feed(r, nil); err != nil {
			return nil, err
		}
		x.stop()
	}
	end.Mem = x.out
	if len(end.Mem) == 0 && !end.Flush && !end.Last {
		return nil, nil
	}
	return []http.Buf{end}, nil
}

// parts decompresses parts and gathers their flags.
func (x *expansion) parts(r *http.Request, in []http.Buf, end *http.Buf) error {
	for i := range in {
		b := &in[i]
		end.Flush = end.Flush || b.Flush
		end.Last = end.Last || b.Last
		if b.File == nil {
			if err := x.feed(r, b.Mem); err != nil {
				return err
			}
			continue
		}
		if err := eachPiece(b, func(data []byte, _ bool) error { return x.feed(r, data) }); err != nil {
			return err
		}
	}
	return nil
}

// feed decompresses data. What comes of it goes on in pieces, no faster than
// the client takes them.
func (x *expansion) feed(r *http.Request, data []byte) error {
	x.in = data
	for {
		out, more := x.pull()
		if !more {
			if x.err != nil {
				r.Logf(log.Error, "inflate() failed: %s", x.err)
			}
			return x.err
		}
		if out == nil { // it needs more input
			return nil
		}
		x.out = append(x.out, out...)
		if len(x.out) < piece {
			continue
		}
		if rc := r.OutputBehind(orderGunzip, []http.Buf{{Mem: x.out}}); rc == http.Error {
			return io.ErrClosedPipe
		}
		x.out = x.out[:0]
		if err := r.WaitDrain(unsent); err != nil {
			return err
		}
	}
}
