package vm

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/yuin/gopher-lua/ast"
)

// spelling writes names with bytes from 128 up, which LuaJIT admits and
// gopher-lua's scanner does not, in letters that it reads, and gives the tree
// its names back.
type spelling struct {
	mark string // stands before the two hexadecimal digits of a byte; "" until one was met
}

// spell gives a name as the scanner reads it. The source tells which mark is
// free.
func (s *spelling) spell(name, source string) string {
	if isPlain(name) {
		return name
	}
	for i := 0; s.mark == ""; i++ {
		if mark := "_x" + strconv.Itoa(i) + "_"; !strings.Contains(source, mark) {
			s.mark = mark
		}
	}
	var b strings.Builder
	for i := range len(name) {
		if name[i] < 0x80 {
			b.WriteByte(name[i])
			continue
		}
		b.WriteString(s.mark)
		b.WriteByte("0123456789abcdef"[name[i]>>4])
		b.WriteByte("0123456789abcdef"[name[i]&15])
	}
	return b.String()
}

func isPlain(name string) bool {
	for i := range len(name) {
		if name[i] >= 0x80 {
			return false
		}
	}
	return true
}

// restore puts the names of a tree back in place.
func (s *spelling) restore(block []ast.Stmt) {
	if s.mark != "" {
		s.walk(reflect.ValueOf(block))
	}
}

func (s *spelling) walk(v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if !v.IsNil() {
			s.walk(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			s.walk(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				s.walk(v.Field(i))
			}
		}
	case reflect.String:
		if strings.Contains(v.String(), s.mark) {
			v.SetString(s.read(v.String()))
		}
	}
}

// read is the reverse of spell.
func (s *spelling) read(text string) string {
	parts := strings.Split(text, s.mark)
	for i, part := range parts[1:] {
		if len(part) >= 2 && hexValue(part[0]) >= 0 && hexValue(part[1]) >= 0 {
			parts[i+1] = string([]byte{byte(hexValue(part[0])<<4 | hexValue(part[1]))}) + part[2:]
		}
	}
	return strings.Join(parts, "")
}
