package script

import "fmt"

// Complex is text with variables and captures, compiled
// (ngx_http_complex_value_t).
type Complex[R Host] struct {
	t     *Table[R]
	parts []part
	text  []byte // all of it, when there are no variables
	src   string
}

// part is literal text, a variable or a capture.
type part struct {
	text    []byte
	index   int // of a variable; -1: none
	capture int // 0: none; captures are kept as n+1
}

// Compile parses text with $name, ${name} and $1. The errors are nginx's.
func (t *Table[R]) Compile(s string) (*Complex[R], error) {
	c := &Complex[R]{t: t, src: s}
	from := 0
	for i := 0; i < len(s); {
		if s[i] != '$' {
			i++
			continue
		}
		if from < i {
			c.parts = append(c.parts, part{text: []byte(s[from:i]), index: -1})
		}
		i++
		if i == len(s) {
			return nil, fmt.Errorf("invalid variable name")
		}
		if s[i] >= '1' && s[i] <= '9' {
			c.parts = append(c.parts, part{index: -1, capture: int(s[i]-'0') + 1})
			i++
			from = i
			continue
		}
		name := ""
		if s[i] == '{' {
			j := i + 1
			for j < len(s) && isName(s[j]) {
				j++
			}
			if j == len(s) {
				return nil, fmt.Errorf("the closing bracket in \"%s\" variable is missing", s[i+1:j])
			}
			if s[j] != '}' {
				return nil, fmt.Errorf("the closing bracket in \"%s\" variable is missing", s[i+1:j])
			}
			name = s[i+1 : j]
			i = j + 1
		} else {
			j := i
			for j < len(s) && isName(s[j]) {
				j++
			}
			name = s[i:j]
			i = j
		}
		if name == "" {
			return nil, fmt.Errorf("invalid variable name")
		}
		if len(name) == 1 && name[0] >= '1' && name[0] <= '9' {
			c.parts = append(c.parts, part{index: -1, capture: int(name[0]-'0') + 1})
		} else {
			c.parts = append(c.parts, part{index: t.Index(name)})
		}
		from = i
	}
	if len(c.parts) == 0 {
		c.text = []byte(s)
		return c, nil
	}
	if from < len(s) {
		c.parts = append(c.parts, part{text: []byte(s[from:]), index: -1})
	}
	return c, nil
}

func isName(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_'
}

// Static returns the text when there are no variables in it.
func (c *Complex[R]) Static() (string, bool) { return c.src, len(c.parts) == 0 }

// Source is the text as it stood in the configuration.
func (c *Complex[R]) Source() string { return c.src }

// Captures reports whether the text uses captures.
func (c *Complex[R]) Captures() bool {
	for i := range c.parts {
		if c.parts[i].capture != 0 {
			return true
		}
	}
	return false
}

// Eval returns the text for a request; it lives until the request ends and must
// not be changed.
func (c *Complex[R]) Eval(r R) []byte {
	if len(c.parts) == 0 {
		return c.text
	}
	if len(c.parts) == 1 {
		return c.value(r, &c.parts[0])
	}
	for i := range c.parts {
		if p := &c.parts[i]; p.index >= 0 {
			c.t.flush(r, p.index)
		}
	}
	n := 0
	for i := range c.parts {
		n += len(c.cached(r, &c.parts[i]))
	}
	out := r.Scratch(n)[:0]
	for i := range c.parts {
		out = append(out, c.cached(r, &c.parts[i])...)
	}
	return out
}

func (c *Complex[R]) value(r R, p *part) []byte {
	switch {
	case p.index >= 0:
		return c.t.Get(r, p.index).Data
	case p.capture > 0:
		return r.Capture(p.capture - 1)
	}
	return p.text
}

// cached is value without a second evaluation.
func (c *Complex[R]) cached(r R, p *part) []byte {
	if p.index >= 0 {
		return c.t.Cached(r, p.index).Data
	}
	return c.value(r, p)
}

// EvalEscaped is Eval for the target of a rewrite: where escape is set, captures
// and variables that come from the URI are escaped as nginx does for redirects.
func (c *Complex[R]) EvalEscaped(r R, escape bool) []byte {
	if !escape || len(c.parts) == 0 {
		return c.Eval(r)
	}
	var out []byte
	for i := range c.parts {
		p := &c.parts[i]
		v := c.value(r, p)
		if p.capture > 0 {
			v = EscapeArgs(v)
		}
		out = append(out, v...)
	}
	return out
}

// EscapeArgs escapes what must not stand in a URI's path or arguments
// (NGX_ESCAPE_ARGS).
func EscapeArgs(b []byte) []byte {
	const hex = "0123456789ABCDEF"
	var out []byte
	for i, ch := range b {
		if ch > ' ' && ch < 0x7f && ch != '%' && ch != '&' && ch != '+' && ch != '"' && ch != '#' && ch != '?' && ch != '<' && ch != '>' && ch != ';' && ch != '\\' {
			if out != nil {
				out = append(out, ch)
			}
			continue
		}
		if out == nil {
			out = append(make([]byte, 0, len(b)+8), b[:i]...)
		}
		out = append(out, '%', hex[ch>>4], hex[ch&15])
	}
	if out == nil {
		return b
	}
	return out
}
