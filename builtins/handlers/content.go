package handlers

import (
	"context"
	"errors"
	"fmt"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/handler"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/log"
)

// contentMode is which of the content directives it is.
type contentMode uint8

const (
	contentPlain contentMode = iota
	contentStatic
	contentUnsafe
	contentAsync
	contentOnBody
)

// content is the content handler of a location.
type content struct {
	use  *use
	arg  *http.Complex // nil without
	mode contentMode
	// static is the response of handler_static_content once it is made.
	static *handler.Response
}

// setContent is handler_content and its kin.
func setContent(mode contentMode) cycle.Setter {
	return func(c *cycle.Conf) error {
		l := locations.At(c)
		if l.content != nil || l.hook != nil {
			return c.Errorf("handler content handler was already set")
		}
		kind := handler.KindContent
		switch mode {
		case contentAsync:
			kind = handler.KindAsyncContent
		case contentOnBody:
			kind = handler.KindAsyncContentOnBody
		}
		x := &content{mode: mode, use: mains.At(c).mentionOf(c, c.Arg(0), 1, kind)}
		if len(c.Args()) > 1 {
			v, err := http.CompileComplex(c, c.Arg(1))
			if err != nil {
				return err
			}
			x.arg = v
		}
		l.content = x
		http.ScopeOf(c).Location.Handler = serve
		return nil
	}
}

// serve makes the response of a location with a content handler.
func serve(r *http.Request) http.Status {
	x := locations.Of(r).content
	switch x.mode {
	case contentAsync, contentOnBody:
		return x.await(r)
	}
	if rc := r.DiscardBody(); rc != http.OK {
		return rc
	}
	if x.static != nil {
		return send(r, x.static)
	}
	resp, err := x.call(r)
	if err != nil {
		return x.failed(r, err)
	}
	if x.mode == contentStatic {
		kept := resp
		x.static = &kept
	}
	return send(r, &resp)
}

// call runs a synchronous handler and catches its panic.
func (x *content) call(r *http.Request) (resp handler.Response, err error) {
	var arg []byte
	if x.arg != nil {
		arg = x.arg.Eval(r)
	}
	h := x.use.h
	if x.use.pointer && !h.WantsRequest {
		arg = withToken(r, arg)
	}
	done := false
	defer func() {
		if !done {
			err = recovered(recover())
		}
	}()
	var req *handler.Request
	if h.WantsRequest {
		req = inline(r)
		defer req.Release()
	}
	resp, err = h.RunContent(context.Background(), req, nil, arg)
	done = true
	return resp, err
}

// await runs an asynchronous handler and sends its response.
func (x *content) await(r *http.Request) http.Status {
	job := job{h: x.use.h, arg: argument(r, x.use, x.arg)}
	if x.mode == contentOnBody {
		var rc http.Status
		if job.body, rc = readBody(r); rc != http.OK {
			return rc
		}
	} else if rc := r.DiscardBody(); rc != http.OK {
		return rc
	}
	resp, err, abandoned := await(r, x.use, job.content(r))
	job.release()
	if abandoned != nil {
		return gone(abandoned)
	}
	if err != nil {
		return x.failed(r, err)
	}
	return send(r, &resp)
}

// failed logs the failure of a content handler.
func (x *content) failed(r *http.Request, err error) http.Status {
	what := "has failed"
	var p *panicked
	if errors.As(err, &p) {
		what = "has panicked"
	}
	r.LogLine(log.Error, fmt.Sprintf("content handler %q %s: \"%s\"", x.use.name, what, oneLine(err.Error())))
	return 500
}

// send sends a handler's response.
func send(r *http.Request, resp *handler.Response) http.Status {
	status := resp.Status
	if status == 0 {
		status = 200
	}
	if status < 100 || status > 999 {
		r.LogLine(log.Error, fmt.Sprintf("invalid HTTP status %d", status))
		return 500
	}
	size := resp.Size()
	styled := addFields(r, resp.Header, size == 0)
	o := &r.Out
	if styled && status >= 300 {
		return http.Status(status)
	}
	o.Status = status
	o.ContentLength = size
	if size == 0 {
		o.ContentType = nil
	} else if resp.ContentType != "" || len(o.ContentType) == 0 {
		o.ContentType = mediaType(resp.ContentType)
		o.SetCharsetOfType()
	}
	if rc := r.SendHeader(); rc != http.OK || r.HeadOnly() {
		return rc
	}
	if size == 0 {
		return r.SendLast()
	}
	return sendBody(r, resp)
}

var plainText = []byte("text/plain")

// mediaType is a type as bytes, without a copy for the usual one.
func mediaType(s string) []byte {
	if s == "text/plain" {
		return plainText
	}
	return []byte(s)
}

// sendBody sends the chunks without joining them.
func sendBody(r *http.Request, resp *handler.Response) http.Status {
	if b, ok := resp.Only(); ok {
		return r.Send(b)
	}
	chunks := resp.Chunks(nil)
	bufs := make([]http.Buf, 0, len(chunks)+1)
	for _, c := range chunks {
		if len(c) > 0 {
			bufs = append(bufs, http.Buf{Mem: c, Stable: true})
		}
	}
	bufs[len(bufs)-1].Last = true
	return r.Output(bufs)
}

// addFields adds a handler's header fields to the response. It returns true
// when they ask for a response as the server makes it: empty is whether there is
// no body.
func addFields(r *http.Request, fields []handler.Field, empty bool) (styled bool) {
	for _, f := range fields {
		switch {
		case f.Name == "" && f.Value == "" && empty:
			styled = true
		case f.Name == "":
			r.LogLine(log.Error, "ignored empty name for a custom response header")
		case !handler.ValidField(f.Name, f.Value):
			r.LogLine(log.Error, fmt.Sprintf("ignored invalid custom response header \"%s: %s\"", oneLine(f.Name), oneLine(f.Value)))
		case !setSpecial(r, f.Name, f.Value):
			r.Out.Add([]byte(f.Name), []byte(f.Value))
		}
	}
	return styled
}
