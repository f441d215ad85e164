// Command gen writes the reference pages of docs from what the modules have
// registered:
//
//	go generate ./docs/gen
//
// A test of this package fails when the pages are not what it would write.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	_ "github.com/perigee-server/perigee/builtins"
	_ "github.com/perigee-server/perigee/lua"
)

//go:generate go run . ..

// pages are the generated files by name.
var pages = map[string]func() string{
	"directives.md": directives,
	"variables.md":  variables,
}

func main() {
	dir := "docs"
	if n := len(os.Args); n > 1 {
		dir = os.Args[n-1]
	}
	for name, page := range pages {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(page()), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
