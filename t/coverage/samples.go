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

// need is what a sample that uses a thing must contain: a word, to look no
// further where it is not, and every pattern.
type need struct {
	word     string
	patterns []*regexp.Regexp
}

func needs(word string, patterns ...string) need {
	n := need{word: word}
	for _, p := range patterns {
		n.patterns = append(n.patterns, regexp.MustCompile(p))
	}
	return n
}

func (n need) metBy(all []sample) bool {
	for _, s := range all {
		met := strings.Contains(s.text, n.word)
		for _, pattern := range n.patterns {
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
	module := `["'\[]` + regexp.QuoteMeta(owner) + `["'\]]`
	member := `[.:"]` + word + `\b`
	switch kind {
	case "value":
		whole := `\b` + regexp.QuoteMeta(owner) + `\.` + word + `\b`
		if status, ok := strings.CutPrefix(name, "HTTP_"); ok { // or ngx["HTTP_" .. one of a list]
			return needs(status, whole+`|"HTTP_" \.\.[\s\S]*"`+status+`"|"`+status+`"[\s\S]*"HTTP_" \.\.`)
		}
		return needs(name, whole)
	case "module":
		return needs(owner, module)
	case "function":
		return needs(name, module, member)
	}
	maker, ok := makers[owner]
	if !ok {
		maker = `resty\.` + owner + `\b`
	}
	return needs(name, maker, member)
}

// sets gives what a sample must contain to set a directive.
func sets(directive string) need {
	return needs(directive, `(^|[\s;{}"'`+"`"+`])`+regexp.QuoteMeta(directive)+`($|[\s;{])`)
}
