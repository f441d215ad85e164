// Package pcretools is the library "pcre" of native handlers: regular expressions
// of PCRE for handler_run. `handler load pcre;`
package pcretools

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/perigee-server/perigee/server/handler"
	"github.com/perigee-server/perigee/server/re"
)

func init() { handler.Library("pcre", register) }

// A pattern is written as it is, or /PATTERN/FLAGS with the flags i, m, s, x and u.
func register() {
	handler.Sync("pcreTest", func(pattern, text string) (string, error) {
		m, _, err := find(pattern, text)
		if err != nil || m == nil {
			return "0", err
		}
		return "1", nil
	})
	handler.Sync("pcreMatch", match)
	handler.Sync("pcreSub", func(list ...string) (string, error) { return substitute(false, list) })
	handler.Sync("pcreGsub", func(list ...string) (string, error) { return substitute(true, list) })
}

// patterns are compiled once; patterns out of requests must not fill the memory.
var patterns = struct {
	sync.Mutex
	m map[string]*re.Regex
}{m: map[string]*re.Regex{}}

// maxPatterns is how many patterns are kept; then all are forgotten.
const maxPatterns = 1024

func compile(text string) (*re.Regex, error) {
	patterns.Lock()
	defer patterns.Unlock()
	if r := patterns.m[text]; r != nil {
		return r, nil
	}
	pattern, o, err := options(text)
	if err != nil {
		return nil, err
	}
	r, err := re.Compile(pattern, o)
	if err != nil {
		return nil, err
	}
	if len(patterns.m) >= maxPatterns {
		clear(patterns.m) // memory outside of Go's heap goes with the regexes
	}
	patterns.m[text] = r
	return r, nil
}

// options takes the flags off a pattern.
func options(text string) (pattern string, o re.Options, err error) {
	end := strings.LastIndexByte(text, '/')
	if end < 1 || text[0] != '/' {
		return text, o, nil
	}
	for _, f := range text[end+1:] {
		switch f {
		case 'i':
			o.Caseless = true
		case 'm':
			o.Multiline = true
		case 's':
			o.DotAll = true
		case 'x':
			o.Extended = true
		case 'u':
			o.UTF = true
		default:
			return "", o, fmt.Errorf("unknown flag %q of a pattern", f)
		}
	}
	return text[1:end], o, nil
}

// find finds the first match; m is nil without one.
func find(pattern, text string) (m []int, r *re.Regex, err error) {
	if r, err = compile(pattern); err != nil {
		return nil, nil, err
	}
	m, err = r.MatchString(text, 0, nil)
	return m, r, err
}

// match is pcreMatch PATTERN TEXT [GROUP]: the group, by number or name, of the
// first match. Without a group it is the first one, or the whole match where the
// pattern has none.
func match(list ...string) (string, error) {
	if len(list) < 2 || len(list) > 3 {
		return "", fmt.Errorf("a pattern, a text and perhaps a group are expected")
	}
	m, r, err := find(list[0], list[1])
	if err != nil {
		return "", err
	}
	n := min(r.NumSubexp(), 1)
	if len(list) == 3 {
		var ok bool
		if n, ok = group(r, m, list[2]); !ok {
			return "", fmt.Errorf("the pattern has no group %q", list[2])
		}
	}
	return part(list[1], m, n), nil
}

// group finds a group by number or name; of several with one name it is the one
// that has matched.
func group(r *re.Regex, m []int, s string) (n int, ok bool) {
	if n, err := strconv.Atoi(s); err == nil {
		return n, n >= 0 && n <= r.NumSubexp()
	}
	for _, name := range r.Names() {
		if name.Name == s && (!ok || m != nil && m[2*name.Group] >= 0) {
			n, ok = name.Group, true
		}
	}
	return n, ok
}

func part(text string, m []int, n int) string {
	if m == nil || m[2*n] < 0 {
		return ""
	}
	return text[m[2*n]:m[2*n+1]]
}

// substitute is pcreSub and pcreGsub PATTERN REPLACEMENT TEXT. In the replacement
// \0 to \9 and \{NAME} stand for groups, \\ for a backslash.
func substitute(all bool, list []string) (string, error) {
	if len(list) != 3 {
		return "", fmt.Errorf("a pattern, a replacement and a text are expected")
	}
	replacement, text := list[1], list[2]
	r, err := compile(list[0])
	if err != nil {
		return "", err
	}
	var b strings.Builder
	done, from := 0, 0
	for from <= len(text) {
		m, err := r.MatchString(text, from, nil)
		if err != nil {
			return "", err
		}
		if m == nil {
			break
		}
		b.WriteString(text[done:m[0]])
		if err := expand(&b, r, replacement, text, m); err != nil {
			return "", err
		}
		done, from = m[1], m[1]
		if m[0] == m[1] { // an empty match: go on behind the next byte
			from++
		}
		if !all {
			break
		}
	}
	b.WriteString(text[done:])
	return b.String(), nil
}

// expand writes a replacement.
func expand(b *strings.Builder, r *re.Regex, replacement, text string, m []int) error {
	for {
		i := strings.IndexByte(replacement, '\\')
		if i < 0 || i == len(replacement)-1 {
			b.WriteString(replacement)
			return nil
		}
		b.WriteString(replacement[:i])
		c := replacement[i+1]
		replacement = replacement[i+2:]
		switch {
		case c >= '0' && c <= '9':
			n := int(c - '0')
			if n > r.NumSubexp() {
				return fmt.Errorf("the pattern has no group %d", n)
			}
			b.WriteString(part(text, m, n))
		case c == '{':
			name, rest, ok := strings.Cut(replacement, "}")
			n, known := group(r, m, name)
			if !ok || !known {
				return fmt.Errorf("the pattern has no group %q", name)
			}
			b.WriteString(part(text, m, n))
			replacement = rest
		default:
			b.WriteByte(c)
		}
	}
}
