package conf

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// options reads below testdata; Lua blocks are raw.
func options() Options {
	return Options{
		ReadFile: os.ReadFile,
		Glob:     filepath.Glob,
		Raw:      func(name string) bool { return strings.HasSuffix(name, "_by_lua_block") },
		Dir:      "testdata",
	}
}

func dump(b *strings.Builder, list []*Directive, indent string) {
	for _, d := range list {
		fmt.Fprintf(b, "%s%s:%d %q", indent, strings.TrimPrefix(d.File, "testdata/"), d.Line, d.Name)
		for _, a := range d.Args {
			fmt.Fprintf(b, " %q", a)
		}
		if d.IsRaw {
			fmt.Fprintf(b, " raw:%d %q", d.RawLine, d.Raw)
		}
		if d.IsBlock {
			fmt.Fprintf(b, " close:%d", d.Close)
		}
		b.WriteByte('\n')
		dump(b, d.Block, indent+"  ")
	}
}

func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.conf")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			tree, err := Parse(file, options())
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			dump(&b, tree.Directives, "")
			for _, s := range tree.Sources {
				fmt.Fprintf(&b, "# %s\n", strings.TrimPrefix(s.Name, "testdata/"))
			}
			golden := strings.TrimSuffix(file, ".conf") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if b.String() != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", b.String(), want)
			}
		})
	}
}
