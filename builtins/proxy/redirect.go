package proxy

import (
	"bytes"
	"strings"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
)

// redirect is one proxy_redirect: what Location begins with, or matches, and
// what replaces that.
type redirect struct {
	def  bool
	rx   *http.Regex
	from *http.Complex
	to   *http.Complex
}

func setRedirect(c *cycle.Conf) error {
	s := confs.At(c)
	if s.redirectOff {
		return c.Wrong("is duplicate")
	}
	args := c.Args()
	if len(args) == 1 {
		switch args[0] {
		case "off":
			s.redirectOff = true
			s.redirects = nil
			return nil
		case "default":
			if s.pass == nil {
				return c.Errorf("\"proxy_redirect default\" should be placed after the \"proxy_pass\" directive")
			}
			if s.pass.value != nil {
				return c.Errorf("\"proxy_redirect default\" cannot be used with \"proxy_pass\" directive with variables")
			}
			s.redirects = append(s.redirects, redirect{def: true})
			return nil
		}
		return c.Errorf("invalid parameter %q", args[0])
	}
	var d redirect
	var err error
	if p, ok := strings.CutPrefix(args[0], "~"); ok {
		p, caseless := strings.CutPrefix(p, "*")
		d.rx, err = http.CompileRegex(c, p, caseless)
	} else {
		d.from, err = http.CompileComplex(c, args[0])
	}
	if err != nil {
		return err
	}
	d.to, err = http.CompileComplex(c, args[1])
	s.redirects = append(s.redirects, d)
	return err
}

// location changes the value of a Location field.
func (s *settings) location(r *http.Request, t *target, v []byte) []byte {
	if s.redirectOff {
		return v
	}
	list := s.redirects
	if list == nil {
		list = defaultRedirects
	}
	for i := range list {
		if out, ok := list[i].apply(r, t, v); ok {
			return out
		}
	}
	return v
}

var defaultRedirects = []redirect{{def: true}}

func (d *redirect) apply(r *http.Request, t *target, v []byte) ([]byte, bool) {
	switch {
	case d.def:
		loc := r.Location()
		if t.value != nil || loc.Regex != nil || loc.Kind == http.Named || loc.Nameless {
			return v, false
		}
		from := t.url
		if !t.hasURI {
			from += "/"
			if !bytes.HasPrefix(v, []byte(from)) {
				return v, false
			}
			return append([]byte("/"), v[len(from):]...), true
		}
		if !bytes.HasPrefix(v, []byte(from)) {
			return v, false
		}
		return append([]byte(loc.Name), v[len(from):]...), true
	case d.rx != nil:
		if !r.Match(d.rx, v) {
			return v, false
		}
		return append([]byte(nil), d.to.Eval(r)...), true
	}
	from := d.from.Eval(r)
	if !bytes.HasPrefix(v, from) {
		return v, false
	}
	return append(append([]byte(nil), d.to.Eval(r)...), v[len(from):]...), true
}

// cookieRule is one proxy_cookie_domain or proxy_cookie_path.
type cookieRule struct {
	off  bool
	rx   *http.Regex
	from *http.Complex
	to   *http.Complex
}

func setCookie(list func(*settings) *[]cookieRule) cycle.Setter {
	return func(c *cycle.Conf) error {
		l := list(confs.At(c))
		args := c.Args()
		if len(args) == 1 {
			if args[0] != "off" {
				return c.Errorf("invalid parameter %q", args[0])
			}
			*l = append(*l, cookieRule{off: true})
			return nil
		}
		var d cookieRule
		var err error
		if p, ok := strings.CutPrefix(args[0], "~"); ok {
			p, caseless := strings.CutPrefix(p, "*")
			d.rx, err = http.CompileRegex(c, p, caseless || c.Dir.Name == "proxy_cookie_domain")
		} else {
			d.from, err = http.CompileComplex(c, strings.TrimPrefix(args[0], "."))
		}
		if err != nil {
			return err
		}
		d.to, err = http.CompileComplex(c, args[1])
		*l = append(*l, d)
		return err
	}
}

// cookie changes domain and path of a Set-Cookie field.
func (s *settings) cookie(r *http.Request, v []byte) []byte {
	if s.cookieDomains == nil && s.cookiePaths == nil {
		return v
	}
	parts := bytes.Split(v, []byte(";"))
	for i, p := range parts[1:] {
		key, val, ok := bytes.Cut(bytes.TrimLeft(p, " "), []byte("="))
		if !ok {
			continue
		}
		rules := s.cookieDomains
		domain := bytes.EqualFold(key, []byte("domain"))
		if !domain {
			if !bytes.EqualFold(key, []byte("path")) {
				continue
			}
			rules = s.cookiePaths
		}
		for j := range rules {
			out, ok := rules[j].apply(r, val, domain)
			if !ok {
				continue
			}
			parts[i+1] = append(append(append([]byte(" "), key...), '='), out...)
			break
		}
	}
	return bytes.Join(parts, []byte(";"))
}

func (d *cookieRule) apply(r *http.Request, v []byte, domain bool) ([]byte, bool) {
	switch {
	case d.off:
		return nil, false
	case d.rx != nil:
		if !r.Match(d.rx, v) {
			return nil, false
		}
		return append([]byte(nil), d.to.Eval(r)...), true
	}
	from := d.from.Eval(r)
	if domain {
		if !bytes.EqualFold(bytes.TrimPrefix(v, []byte(".")), from) {
			return nil, false
		}
		return append([]byte(nil), d.to.Eval(r)...), true
	}
	if !bytes.HasPrefix(v, from) {
		return nil, false
	}
	return append(append([]byte(nil), d.to.Eval(r)...), v[len(from):]...), true
}
