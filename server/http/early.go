package http

import (
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http/head"
)

// predicates are the values of directives that hold when any of their
// arguments is neither empty nor "0".
type predicates []*Complex

// hold reports whether any of them does.
func (p predicates) hold(r *Request) bool {
	for _, v := range p {
		if b := v.Eval(r); len(b) > 0 && string(b) != "0" {
			return true
		}
	}
	return false
}

// setPredicates reads a list of conditions.
func setPredicates[T any](p cycle.Place[T], field func(*T) *predicates) cycle.Setter {
	return func(c *cycle.Conf) error {
		l := field(p.At(c))
		if *l != nil {
			return c.Wrong("is duplicate")
		}
		for _, a := range c.Args() {
			v, err := CompileComplex(c, a)
			if err != nil {
				return err
			}
			*l = append(*l, v)
		}
		return nil
	}
}

// EarlyHints passes an upstream's interim response with status 103 on, where
// early_hints allows it.
func (r *Request) EarlyHints(fields []Header) {
	if r != r.Main || r.headerSent || r.Version < 1001 || !r.loc.core.earlyHints.hold(r) {
		return
	}
	b := []byte("HTTP/1.1 103 Early Hints\r\n")
	for i := range fields {
		f := &fields[i]
		if head.EqualFold(f.Name, "connection") || head.EqualFold(f.Name, "keep-alive") || head.EqualFold(f.Name, "transfer-encoding") || head.EqualFold(f.Name, "content-length") {
			continue
		}
		b = append(append(b, f.Name...), ": "...)
		b = append(appendFieldValue(b, f.Value), "\r\n"...)
	}
	b = append(b, "\r\n"...)
	r.headerSize += int64(len(b))
	r.conn.out.add(b, true, r.conn.work)
	r.conn.write()
}

// readEarly reads the body before the phases run, where client_body_early_read
// asks for it.
func (r *Request) readEarly() Status {
	if !r.HasBody() || !r.server.core.bodyEarly.hold(r) {
		return OK
	}
	return r.ReadBody()
}
