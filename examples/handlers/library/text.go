// Package library is the handlers of the example in this folder.
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

func init() {
	handler.Sync("toUpper", strings.ToUpper)
	handler.Sync("takeN", takeN)
	handler.Sync("reverse", reverse)
	handler.Sync("matches", matches)
	handler.Sync("firstNotEmpty", firstNotEmpty)
	handler.Sync("isInList", isInList)
	handler.Sync("jSONListOfIntsTakeN", handler.TypedSync(takeInts))
	handler.Sync("urlDecode", url.QueryUnescape)
}

// takeN is the first n characters of a text; n comes as text.
func takeN(text, n string) (string, error) {
	k, err := strconv.Atoi(n)
	if err != nil {
		return "", err
	}
	runes := []rune(text)
	return string(runes[:min(max(k, 0), len(runes))]), nil
}

func reverse(s string) string {
	runes := []rune(s)
	slices.Reverse(runes)
	return string(runes)
}

// matches reports whether a regular expression matches a text.
func matches(text, pattern string) (string, error) {
	rx, err := regexp.Compile(pattern)
	if err != nil {
		return "", err
	}
	if rx.MatchString(text) {
		return "1", nil
	}
	return "0", nil
}

func firstNotEmpty(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

// isInList reports whether the first word is among the others.
func isInList(words ...string) bool { return slices.Contains(words[1:], words[0]) }

// takeInts is a typed handler: its argument is JSON such as
// {"n": 3, "list": [10, 20, 30, 40]}.
func takeInts(a struct {
	N    int
	List []int
}) ([]byte, error) {
	return json.Marshal(a.List[:min(max(a.N, 0), len(a.List))])
}
