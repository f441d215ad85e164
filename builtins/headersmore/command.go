package headersmore

import (
	"strings"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
)

// kind is what a directive allows and does.
type kind struct {
	clear   bool
	status  bool // -s
	add     bool // -a
	replace bool // -r
}

// command is one directive.
type command struct {
	types    []string // empty: any
	statuses []int
	fields   []field
	add      bool // beside fields of the same name
	replace  bool // only fields that are there
}

// field is one name with its new value.
type field struct {
	name     string
	lower    string // without the "*" of a wildcard
	wildcard bool
	value    *http.Complex // nil: clear
}

// set reads a directive.
func set(k kind, list func(*settings) *[]*command) cycle.Setter {
	return func(c *cycle.Conf) error {
		x := &command{}
		args := c.Args()
		for i := 0; i < len(args); i++ {
			a := args[i]
			switch {
			case a == "":
			case a[0] != '-':
				f, err := parseField(c, a, k.clear)
				if err != nil {
					return err
				}
				x.fields = append(x.fields, f)
			case a == "-t" || a == "-s" && k.status:
				if i++; i == len(args) {
					return c.Errorf("%s: option %s takes an argument.", c.Dir.Name, a)
				}
				if err := x.criterion(c, a, args[i]); err != nil {
					return err
				}
			case a == "-a" && k.add && !k.clear:
				x.add = true
			case a == "-r" && k.replace:
				x.replace = true
			default:
				return c.Errorf("%s: invalid option name: %q", c.Dir.Name, a)
			}
		}
		if len(x.fields) == 0 {
			return nil
		}
		for i := range x.fields {
			if f := &x.fields[i]; x.add && single[f.lower] {
				return c.Errorf("%s: can not append builtin headers %q", c.Dir.Name, f.name)
			}
		}
		l := list(confs.At(c))
		*l = append(*l, x)
		return nil
	}
}

// single are the fields of responses that the server knows, which are there
// once.
var single = map[string]bool{
	"server": true, "date": true, "content-encoding": true, "location": true, "refresh": true, "last-modified": true,
	"content-range": true, "accept-ranges": true, "www-authenticate": true, "expires": true, "e-tag": true,
	"content-length": true, "content-type": true, "cache-control": true,
}

// criterion reads the list behind -t or -s.
func (x *command) criterion(c *cycle.Conf, option, list string) error {
	if option == "-t" {
		x.types = append(x.types, strings.FieldsFunc(list, func(r rune) bool { return r == ';' || isSpace(r) })...)
		return nil
	}
	for _, word := range strings.FieldsFunc(list, isSpace) {
		n := 0
		for _, r := range word {
			if r < '0' || r > '9' {
				return c.Errorf("%s: invalid digit \"%c\" found in the status code list %q", c.Dir.Name, r, list)
			}
			n = min(n*10+int(r-'0'), 1e6)
		}
		x.statuses = append(x.statuses, n)
	}
	return nil
}

func isSpace(r rune) bool { return strings.ContainsRune(" \t\n\v\f\r", r) }

// parseField reads "Name: value", "Name:" or "Name".
func parseField(c *cycle.Conf, text string, clear bool) (field, error) {
	name := strings.TrimLeftFunc(text, isSpace)
	if name == "" {
		return field{}, c.Errorf("%s: no key found in the header argument: %s", c.Dir.Name, text)
	}
	value := ""
	ends := func(r rune) bool { return r == ':' || isSpace(r) }
	// The first byte belongs to the name, whatever it is.
	if i := strings.IndexFunc(name[1:], ends); i >= 0 {
		name, value = name[:i+1], strings.TrimLeftFunc(name[i+1:], ends)
	}
	f := field{name: name, lower: strings.ToLower(name)}
	if f.lower, f.wildcard = strings.CutSuffix(f.lower, "*"); f.wildcard && f.lower == "" {
		return field{}, c.Errorf("%s: wildcard key too short: %s", c.Dir.Name, text)
	}
	if clear || value == "" {
		return f, nil
	}
	v, err := http.CompileComplex(c, value)
	f.value = v
	return f, err
}

// matches tells whether the command is for a media type and a status.
func (x *command) matches(ctype []byte, status int) bool {
	return x.hasType(ctype) && x.hasStatus(status)
}

func (x *command) hasType(ctype []byte) bool {
	for _, t := range x.types {
		if t == string(ctype) {
			return true
		}
	}
	return len(x.types) == 0
}

func (x *command) hasStatus(status int) bool {
	for _, s := range x.statuses {
		if s == status {
			return true
		}
	}
	return len(x.statuses) == 0
}

// is tells whether a field has the name, or begins with it.
func (f *field) is(name []byte) bool {
	if len(name) < len(f.lower) || len(name) > len(f.lower) && !f.wildcard {
		return false
	}
	return strings.EqualFold(string(name[:len(f.lower)]), f.lower)
}

// eval is the new value, empty to clear the field.
func (f *field) eval(r *http.Request) []byte {
	if f.value == nil {
		return nil
	}
	return f.value.Eval(r)
}
