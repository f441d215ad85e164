package library

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/perigee-server/perigee/server/handler"
)

// The functions of text that the specifications of nginx-haskell-module use, in
// each of its shapes.
func init() { handler.Library("text", registerText) }

func registerText() {
	handler.Sync("toUpper", strings.ToUpper)
	handler.Sync("takeN", func(n, s string) string { return s[:min(atLeast0(n), len(s))] })
	handler.Sync("reverse", func(s string) string {
		r := []rune(s)
		slices.Reverse(r)
		return string(r)
	})
	handler.Sync("matches", func(pattern, s string) bool {
		p, err1 := url.QueryUnescape(pattern)
		q, err2 := url.QueryUnescape(s)
		if err1 != nil || err2 != nil || p == "" || q == "" {
			return false
		}
		re, err := regexp.Compile(q)
		return err == nil && re.MatchString(p)
	})
	handler.Sync("firstNotEmpty", func(list ...string) string {
		i := slices.IndexFunc(list, func(s string) bool { return s != "" })
		if i < 0 {
			return ""
		}
		return list[i]
	})
	handler.Sync("isInList", func(list ...string) bool { return slices.Contains(list[1:], list[0]) })
	handler.Sync("isJSONListOfInts", func(b []byte) bool { _, ok := ints(string(b)); return ok })
	handler.Sync("jSONListOfIntsTakeN", func(b []byte) []byte {
		n, text, _ := strings.Cut(string(b), "|")
		list, _ := ints(text)
		out, _ := json.Marshal(append([]int{}, list[:min(atLeast0(n), len(list))]...))
		return out
	})
	handler.Sync("urlDecode", func(s string) string { d, _ := url.QueryUnescape(s); return d })
}

func atLeast0(s string) int {
	n, _ := strconv.Atoi(s)
	return max(n, 0)
}

// ints reads a list of integers as JSON, escaped for a query.
func ints(s string) (list []int, ok bool) {
	text, err := url.QueryUnescape(s)
	return list, err == nil && json.Unmarshal([]byte(text), &list) == nil
}
