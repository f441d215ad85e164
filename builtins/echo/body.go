package echo

import (
	"bytes"
	"io"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/log"
)

func runReadBody(r *http.Request, _ *state, _ *command) http.Status { return r.ReadBody() }

func runRequestBody(r *http.Request, s *state, _ *command) http.Status {
	b := r.Body()
	if !b.Read() {
		return sendHead(r, s)
	}
	if f := b.File(); f != nil {
		if rc := sendHead(r, s); rc != http.OK || r.HeadOnly() {
			return rc
		}
		return r.Output([]http.Buf{{File: f, N: b.Size()}})
	}
	return output(r, s, b.Bytes())
}

// each is a loop of echo_foreach_split.
type each struct {
	begin int // the command behind echo_foreach_split
	rest  [][]byte
	item  []byte
}

func runForeach(r *http.Request, s *state, c *command) http.Status {
	if c.wrong != "" {
		r.Logf(log.Error, `echo_foreach should take at least two arguments. (if your delimiter starts with "-", preceding it with a "--".)`)
		return 500
	}
	sep, text := c.args[0].Eval(r), c.args[1].Eval(r)
	if len(sep) == 0 || s.each != nil {
		if s.each != nil {
			r.Logf(log.Error, "Nested echo_foreach_split not supported yet.")
		} else {
			r.Logf(log.Error, "echo_foreach_split: the delimiter is empty")
		}
		return 500
	}
	e := &each{begin: s.at}
	for _, p := range bytes.Split(text, sep) {
		if len(p) > 0 {
			e.rest = append(e.rest, p)
		}
	}
	if len(e.rest) == 0 {
		list := confs.Of(r).commands
		for s.at < len(list) {
			s.at++
			if list[s.at-1].name == "echo_end" {
				break
			}
		}
		return http.OK
	}
	e.item, e.rest = e.rest[0], e.rest[1:]
	s.each = e
	return http.OK
}

func runEnd(r *http.Request, s *state, _ *command) http.Status {
	e := s.each
	if e == nil {
		r.Logf(log.Error, "echo_end: no corresponding echo_foreach_split")
		return 500
	}
	if len(e.rest) == 0 {
		s.each = nil
		return http.OK
	}
	e.item, e.rest = e.rest[0], e.rest[1:]
	s.at = e.begin
	return http.OK
}

// initFilters adds echo_before_body and echo_after_body.
func initFilters(_ *cycle.Conf, m *http.Main) error {
	around := func(l *http.Location) bool { s := confs.In(l); return len(s.before)+len(s.after) > 0 }
	m.AddHeaderFilter(http.OrderUser, around, func(r *http.Request) http.Status {
		r.Out.ClearLength()
		r.DenyRanges()
		r.Out.ClearModified()
		r.Out.ETag = nil
		return http.OK
	})
	m.AddHeadSent(func(l *http.Location) bool { return len(confs.In(l).before) > 0 }, before)
	m.AddBodyFilter(http.OrderUser, func(l *http.Location) bool { return len(confs.In(l).after) > 0 }, after)
	return nil
}

// before sends the texts of echo_before_body.
func before(r *http.Request) {
	if r.HeadOnly() {
		return
	}
	list := confs.Of(r).before
	for i := range list {
		if text := list[i].text(r); len(text) > 0 {
			r.Write(text)
		}
	}
}

// after puts the texts of echo_after_body behind the body.
func after(r *http.Request, in []http.Buf) ([]http.Buf, error) {
	s := stateOf(r)
	var out []http.Buf
	for _, b := range in {
		if !b.Last || s.after {
			out = append(out, b)
			continue
		}
		s.after = true
		b.Last = false
		if b.Size() > 0 {
			out = append(out, b)
		}
		list := confs.Of(r).after
		for i := range list {
			out = append(out, http.Buf{Mem: list[i].text(r), Stable: true})
		}
		out = append(out, http.Buf{Last: true})
	}
	return out, nil
}

// bodyOf reads a body that is in a file.
func bodyOf(b *http.Body) []byte {
	if b.File() == nil {
		return b.Bytes()
	}
	data := make([]byte, b.Size())
	n, _ := io.ReadFull(io.NewSectionReader(b.File(), 0, b.Size()), data)
	return data[:n]
}
