package regex

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
)

// template is a replacement text in pieces: a literal, then the number of a
// group, and so on; the last piece has no group.
type template []piece

type piece struct {
	literal string
	group   int // -1: none
}

// maxTemplates bounds the replacement texts that one pattern remembers.
const maxTemplates = 64

// template compiles a replacement text: $0 is the match, $1 and ${1} are
// groups, $$ is a dollar sign.
func (p *pattern) template(text string) (template, bool) {
	if t, ok := p.templates[text]; ok {
		return t, true
	}
	t, ok := parseTemplate(text)
	if !ok {
		return nil, false
	}
	if p.templates == nil || len(p.templates) >= maxTemplates {
		p.templates = map[string]template{}
	}
	p.templates[text] = t
	return t, true
}

func parseTemplate(text string) (template, bool) {
	var t template
	literal := ""
	for {
		before, rest, found := strings.Cut(text, "$")
		literal += before
		if !found {
			return append(t, piece{literal, -1}), true
		}
		if strings.HasPrefix(rest, "$") {
			literal, text = literal+"$", rest[1:]
			continue
		}
		group, after, ok := parseGroup(rest)
		if !ok {
			return nil, false
		}
		t = append(t, piece{literal, group})
		literal, text = "", after
	}
}

// wrongTemplate says what is wrong with a template that does not parse.
func wrongTemplate(text string) string {
	for rest := text; ; {
		_, after, found := strings.Cut(rest, "$")
		if !found {
			break
		}
		if strings.HasPrefix(after, "$") {
			rest = after[1:]
			continue
		}
		if _, next, ok := parseGroup(after); ok {
			rest = next
			continue
		}
		inner, braced := strings.CutPrefix(after, "{")
		digits := inner != "" && isDigit(inner[0])
		end := 0
		for end < len(inner) && (isDigit(inner[end]) || !digits && isNameByte(inner[end])) {
			end++
		}
		name := inner[:end]
		switch {
		case braced && inner == "":
		case braced && (end == len(inner) || inner[end] != '}'):
			return "the closing bracket in \"" + name + "\" variable is missing"
		case name != "":
			return "attempt to use named capturing variable \"" + name + "\" (named captures not supported yet)"
		}
		break
	}
	return "lua script: invalid capturing variable name found in \"" + text + "\""
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isNameByte(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' }

// parseGroup reads digits, perhaps in braces. Numbers that no pattern has are
// all the same.
func parseGroup(text string) (group int, rest string, ok bool) {
	inner, braced := strings.CutPrefix(text, "{")
	i := 0
	for i < len(inner) && inner[i] >= '0' && inner[i] <= '9' {
		group = min(group*10+int(inner[i]-'0'), 1<<20)
		i++
	}
	if i == 0 {
		return 0, "", false
	}
	inner = inner[i:]
	if !braced {
		return group, inner, true
	}
	inner, ok = strings.CutPrefix(inner, "}")
	return group, inner, ok
}

func (t template) expand(out []byte, subject string, offsets []int) []byte {
	for _, piece := range t {
		out = append(out, piece.literal...)
		at := 2 * piece.group
		if piece.group >= 0 && at < len(offsets) && offsets[at] >= 0 {
			out = append(out, subject[offsets[at]:offsets[at+1]]...)
		}
	}
	return out
}

// substitute is ngx.re.sub and gsub(subject, regex, replace, options?). The
// flags stand behind the replacement.
func (lib *library) substitute(L *lua.LState, all bool) int {
	by, flags := L.Get(3), L.Get(4)
	L.SetTop(2)
	L.Push(flags)
	p, failure := lib.compile(L, 2)
	if p == nil {
		return refuseFind(L, failure)
	}
	subject := textOf(L, 1)
	fn, isFunction := by.(*lua.LFunction)
	var t template
	if !isFunction {
		var ok bool
		if t, ok = p.template(vm.ToText(L, by)); !ok {
			if lib.Fail != nil {
				lib.Fail(L, wrongTemplate(vm.ToText(L, by)))
			}
			return refuseFind(L, "failed to compile the replacement template")
		}
	}
	var out []byte
	copied, at, count := 0, 0, 0
	for at <= len(subject) {
		offsets, failure := lib.run(p, subject, at)
		if failure != "" {
			return refuseFind(L, failure)
		}
		if offsets == nil {
			break
		}
		count++
		start, end := offsets[0], offsets[1]
		out = append(out, subject[copied:start]...)
		if isFunction {
			out = append(out, replacement(L, fn, p.captures(L, subject, offsets, nil))...)
		} else {
			out = t.expand(out, subject, offsets)
		}
		copied, at = end, end
		if start == end {
			at = p.after(subject, at)
		}
		if !all {
			break
		}
	}
	if count == 0 {
		L.Push(lua.LString(subject))
		L.Push(lua.LNumber(0))
		return 2
	}
	L.Push(lua.LString(append(out, subject[copied:]...)))
	L.Push(lua.LNumber(count))
	return 2
}

// replacement calls a function, which may yield.
func replacement(L *lua.LState, fn *lua.LFunction, match *lua.LTable) string {
	L.Push(fn)
	L.Push(match)
	L.Call(1, 1)
	result := vm.ToText(L, L.Get(-1))
	L.Pop(1)
	return result
}
