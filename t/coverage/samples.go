// Package coverage holds the list of what Perigee offers against what its
// specifications and tests use.
package coverage

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// sample is a piece of the tests that stands for itself: a block of a
// specification, a file of Go, or what one reads: Lua, or recorded cases.
type sample struct {
	path, text string
}

// samples reads the tests below some folders.
func samples(folders ...string) ([]sample, error) {
	var all []sample
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				if err == nil && d.Name() == "coverage" {
					return filepath.SkipDir
				}
				return err
			}
			testdata := strings.Contains(path, "/testdata/") && (filepath.Ext(path) == ".lua" || filepath.Ext(path) == ".txt")
			if filepath.Ext(path) != ".t" && !strings.HasSuffix(path, "_test.go") && !testdata {
				return nil
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			pieces := []string{string(text)}
			if filepath.Ext(path) == ".t" {
				pieces = strings.Split(string(text), "\n=== ")[1:]
			}
			for _, piece := range pieces {
				all = append(all, sample{path, piece})
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// need is what a sample that uses a thing must contain: every pattern.
type need []*regexp.Regexp

func (n need) metBy(all []sample) bool {
	for _, s := range all {
		met := true
		for _, pattern := range n {
			met = met && pattern.MatchString(s.text)
		}
		if met {
			return true
		}
	}
	return false
}

// makers are the expressions that give objects with methods.
var makers = map[string]string{
	"tcpsock":   `ngx\.socket\.(tcp|stream|connect)\b`,
	"udpsock":   `ngx\.socket\.udp\b`,
	"reqsock":   `ngx\.req\.socket\b`,
	"dict":      `ngx\.shared\b`,
	"semaphore": `ngx\.semaphore\b`,
	"proc":      `ngx\.pipe\b`,
	"lrucache":  `resty\.lrucache\b`,
	"buffer":    `string\.buffer\b`,
	"hmac":      `resty\.hmac\b`,
	"aes":       `resty\.aes\b`,
}

// uses gives what a sample must contain to use a name that a script finds.
func uses(kind, owner, name string) need {
	word := regexp.QuoteMeta(name)
	switch kind {
	case "value":
		if status, ok := strings.CutPrefix(name, "HTTP_"); ok {
			return need{regexp.MustCompile(`ngx\.` + word + `\b|"HTTP_" \.\.[\s\S]*"` + status + `"|"` + status + `"[\s\S]*"HTTP_" \.\.`)}
		}
		return need{regexp.MustCompile(`\b` + regexp.QuoteMeta(owner) + `\.` + word + `\b`)}
	case "module":
		return need{regexp.MustCompile(`["'\[]` + regexp.QuoteMeta(owner) + `["'\]]`)}
	case "function":
		return need{uses("module", owner, "")[0], regexp.MustCompile(`[.:"]` + word + `\b`)}
	}
	maker, ok := makers[owner]
	if !ok {
		maker = `resty\.` + owner + `\b`
	}
	return need{regexp.MustCompile(maker), regexp.MustCompile(`[.:"]` + word + `\b`)}
}

// sets gives what a sample must contain to set a directive.
func sets(directive string) need {
	return need{regexp.MustCompile(`(^|[\s;{}"'` + "`" + `])` + regexp.QuoteMeta(directive) + `($|[\s;{])`)}
}
