package spec

import (
	"regexp"
	"strconv"
)

var versionLine = regexp.MustCompile(`(?:nginx|openresty)[^/\n]*/(\d+)\.(\d+)\.(\d+)`)

// referenceVersion is the nginx whose behaviour perigee has.
var referenceVersion = [3]int{1, 22, 1}

// nginxVersion returns the version that the binary introduces itself with, or
// the reference's when it is not under the name of nginx.
func (b *Binary) nginxVersion() [3]int {
	m := versionLine.FindStringSubmatch(b.Build)
	if m == nil {
		return referenceVersion
	}
	return numbers(m[1:])
}

func numbers(text []string) (v [3]int) {
	for i := range v {
		v[i], _ = strconv.Atoi(text[i])
	}
	return v
}

// compareVersion tells whether "have OP want" holds for OP of <, <=, > and >=.
func compareVersion(have [3]int, op string, want []string) bool {
	order := 0
	for i, n := range numbers(want) {
		if have[i] != n {
			order = have[i] - n
			break
		}
	}
	switch op {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}
