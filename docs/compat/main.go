// Command compat writes docs/compatibility.md from what a run of the public
// suites against the binary has found: a table with a line for each block, whose
// columns a head line names (suite, file, idx, name, status). Causes of failures
// stand in docs/compat/causes.tsv.
//
//	go run ./docs/compat RESULT.tsv… > docs/compatibility.md
package main

import (
	"bufio"
	_ "embed"
	"fmt"
	"os"
	"path"
	"sort"
	"strings"
)

//go:embed causes.tsv
var causesText string

// cause says why blocks fail: those of a file, whose names have a text in them.
type cause struct{ file, name, why string }

// block is one line of a result.
type block struct{ suite, file, name, status string }

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: compat RESULT.tsv…")
		os.Exit(2)
	}
	var blocks []block
	for _, name := range os.Args[1:] {
		more, err := read(name)
		if err != nil {
			fmt.Fprintln(os.Stderr, "compat:", err)
			os.Exit(1)
		}
		blocks = append(blocks, more...)
	}
	if !write(blocks, causes()) {
		os.Exit(1)
	}
}

func causes() []cause {
	var all []cause
	for _, line := range strings.Split(causesText, "\n") {
		if f := strings.SplitN(line, "\t", 3); len(f) == 3 {
			all = append(all, cause{f[0], f[1], f[2]})
		}
	}
	return all
}

func read(name string) ([]block, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	column := map[string]int{}
	var blocks []block
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		fields := strings.Split(in.Text(), "\t")
		if len(column) == 0 {
			for i, c := range fields {
				column[c] = i
			}
			continue
		}
		at := func(c string) string {
			if i, ok := column[c]; ok && i < len(fields) {
				return fields[i]
			}
			return ""
		}
		blocks = append(blocks, block{at("suite"), at("file"), at("name"), at("status")})
	}
	return blocks, in.Err()
}

// write prints the page and reports whether every failure has a cause.
func write(blocks []block, causes []cause) bool {
	total, passed := map[string]int{}, map[string]int{}
	var failed []block
	for _, b := range blocks {
		total[b.suite]++
		if b.status == "pass" {
			passed[b.suite]++
		} else {
			failed = append(failed, b)
		}
	}
	fmt.Print("# Compatibility\n\nWritten by `go run ./docs/compat` from a run of the public Test::Nginx suites, with the Perl library, against the binary; do\n" +
		"not edit. Only blocks that nginx 1.22.1 with lua-nginx-module and LuaJIT passes are counted, without those that need\n" +
		"LuaJIT's FFI, lines that only C code logs, or the internet.\n\n| suite | blocks | pass | |\n| --- | --- | --- | --- |\n")
	suites := make([]string, 0, len(total))
	for s := range total {
		suites = append(suites, s)
	}
	sort.Strings(suites)
	for _, s := range suites {
		fmt.Printf("| %s | %d | %d | %.1f %% |\n", s, total[s], passed[s], 100*float64(passed[s])/float64(total[s]))
	}
	fmt.Print("\n## What fails\n\n| block | why |\n| --- | --- |\n")
	complete := true
	for _, b := range failed {
		why := "?"
		for _, c := range causes {
			if ok, _ := path.Match(c.file, b.file); ok && strings.Contains(b.name, c.name) {
				why = c.why
				break
			}
		}
		if why == "?" {
			complete = false
			fmt.Fprintf(os.Stderr, "no cause: %s %s\n", b.file, b.name)
		}
		fmt.Printf("| %s `%s` %s | %s |\n", b.suite, b.file, strings.ReplaceAll(b.name, "|", "\\|"), why)
	}
	return complete
}
