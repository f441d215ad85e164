package autoindex

import (
	"bytes"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/perigee-server/perigee/server/http"
)

// write makes the listing.
func write(r *http.Request, s *settings, form format, callback []byte, list []entry) []byte {
	switch form {
	case json:
		return writeJSON(nil, list)
	case jsonp:
		out := append([]byte("/* callback */\r\n"), callback...)
		return append(writeJSON(append(out, '('), list), ");"...)
	case xml:
		return writeXML(list)
	}
	p := &page{exact: s.exactSize.V, zone: time.UTC, utf8: bytes.EqualFold(r.Out.Charset, []byte("utf-8"))}
	if s.localTime.V {
		_, offset := r.Loop().Now().Local().Zone()
		p.zone = time.FixedZone("", offset)
	}
	return p.write(r.URI, list)
}

// page is a listing in HTML.
type page struct {
	exact bool
	utf8  bool // names are cut between characters
	zone  *time.Location
}

func (p *page) write(uri []byte, list []entry) []byte {
	title := http.EscapeHTML(uri)
	out := make([]byte, 0, 256+160*len(list))
	out = append(append(out, "<html>\r\n<head><title>Index of "...), title...)
	out = append(append(out, "</title></head>\r\n<body>\r\n<h1>Index of "...), title...)
	out = append(out, "</h1><hr><pre><a href=\"../\">../</a>\r\n"...)
	for i := range list {
		out = p.line(out, &list[i])
	}
	return append(out, "</pre><hr></body>\r\n</html>\r\n"...)
}

// nameWidth is the width of the column of names.
const nameWidth = 50

// line appends the line of an entry.
func (p *page) line(out []byte, e *entry) []byte {
	out = append(out, "<a href=\""...)
	out = escapeComponent(out, e.name)
	if e.dir {
		out = append(out, '/')
	}
	out = append(out, "\">"...)
	width := p.width(e.name)
	if width > nameWidth {
		out = append(out, http.EscapeHTML(p.cut(e.name, nameWidth-3))...)
		out = append(out, "..&gt;</a>"...)
	} else {
		out = append(out, http.EscapeHTML([]byte(e.name))...)
		if e.dir && width < nameWidth {
			out = append(out, '/')
			width++
		}
		out = append(out, "</a>"...)
		for ; width < nameWidth; width++ {
			out = append(out, ' ')
		}
	}
	out = e.modified.In(p.zone).AppendFormat(append(out, ' '), "02-Jan-2006 15:04 ")
	return append(p.size(out, e), "\r\n"...)
}

func (p *page) width(name string) int {
	if p.utf8 && utf8.ValidString(name) {
		return utf8.RuneCountInString(name)
	}
	return len(name)
}

// cut is the first n characters, or bytes.
func (p *page) cut(name string, n int) []byte {
	if !p.utf8 || !utf8.ValidString(name) {
		return []byte(name[:n])
	}
	for i := range name {
		if n == 0 {
			return []byte(name[:i])
		}
		n--
	}
	return []byte(name)
}

func (p *page) size(out []byte, e *entry) []byte {
	switch {
	case p.exact && e.dir:
		return fmt.Appendf(out, "%19s", "-")
	case p.exact:
		return fmt.Appendf(out, "%19d", e.size)
	case e.dir:
		return fmt.Appendf(out, "%7s", "-")
	case e.size >= 1<<30:
		return fmt.Appendf(out, "%6dG", rounded(e.size, 1<<30))
	case e.size >= 1<<20:
		return fmt.Appendf(out, "%6dM", rounded(e.size, 1<<20))
	case e.size > 9999:
		return fmt.Appendf(out, "%6dK", rounded(e.size, 1<<10))
	}
	return fmt.Appendf(out, "%7d", e.size)
}

// rounded is n in a unit, halves up.
func rounded(n, unit int64) int64 { return (n + unit/2) / unit }

// escapeComponent escapes all but what is unreserved in a URI.
func escapeComponent(out []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		c := s[i]
		low := c | 0x20
		if low >= 'a' && low <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~' {
			out = append(out, c)
			continue
		}
		out = append(out, '%', hex[c>>4], hex[c&15])
	}
	return out
}

func writeJSON(out []byte, list []entry) []byte {
	out = append(out, '[')
	for i := range list {
		e := &list[i]
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, "\r\n{ \"name\":\""...)
		out = escapeJSON(out, e.name)
		out = append(append(append(out, "\", \"type\":\""...), e.kind()...), "\", \"mtime\":\""...)
		out = append(e.modified.UTC().AppendFormat(out, http.HTTPTime), '"')
		if e.regular {
			out = fmt.Appendf(out, ", \"size\":%d", e.size)
		}
		out = append(out, " }"...)
	}
	return append(out, "\r\n]"...)
}

func escapeJSON(out []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '\n':
			out = append(out, `\n`...)
		case c == '\r':
			out = append(out, `\r`...)
		case c == '\t':
			out = append(out, `\t`...)
		case c == '\b':
			out = append(out, `\b`...)
		case c == '\f':
			out = append(out, `\f`...)
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c < 0x20:
			out = fmt.Appendf(out, "\\u%04X", c)
		default:
			out = append(out, c)
		}
	}
	return out
}

func writeXML(list []entry) []byte {
	out := []byte("<?xml version=\"1.0\"?>\r\n<list>\r\n")
	for i := range list {
		e := &list[i]
		out = fmt.Appendf(out, "<%s mtime=\"%s\"", e.kind(), e.modified.UTC().Format("2006-01-02T15:04:05Z"))
		if e.regular {
			out = fmt.Appendf(out, " size=\"%d\"", e.size)
		}
		out = fmt.Appendf(out, ">%s</%s>\r\n", http.EscapeHTML([]byte(e.name)), e.kind())
	}
	return append(out, "</list>\r\n"...)
}
