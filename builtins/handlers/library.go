package handlers

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/handler"
	"github.com/perigee-server/perigee/server/handler/build"
)

// libraries is what the handler directives say.
type libraries struct {
	list           []library
	buildOptions   []string
	runtimeOptions []string
	programOptions []programOption

	buildSet, runtimeSet, programSet bool
}

// library is one `handler load` or `handler compile` directive.
type library struct {
	kind libraryKind
	path string
	text []byte // of compile
	dir  *conf.Directive
}

type libraryKind uint8

const (
	byName   libraryKind = iota // linked into this program
	linked                      // a folder or a file, linked into the workers' executable
	plugged                     // a Go plugin
	scripted                    // of another language, by the name's extension
)

func (l *libraries) any() bool { return len(l.list) > 0 }

// setLibrary is `handler WORD …`.
func setLibrary(c *cycle.Conf) error {
	l := &mains.At(c).libraries
	word, args := c.Arg(0), c.Args()[1:]
	if len(args) == 0 {
		return c.Errorf("invalid number of arguments in \"handler %s\" directive", word)
	}
	switch word {
	case "load":
		return l.addLoad(c, args)
	case "compile":
		return l.addCompile(c, args)
	case "build_options":
		if l.any() {
			return c.Errorf("directive \"handler build_options\" must precede directives \"handler compile\" and \"handler load\"")
		}
		return once(c, &l.buildSet, func() error { l.buildOptions = args; return nil })
	case "runtime_options":
		return once(c, &l.runtimeSet, func() error { l.runtimeOptions = args; return checkRuntime(c, args) })
	case "program_options":
		return once(c, &l.programSet, func() error { return l.addProgramOptions(c, args) })
	}
	return c.Errorf("unknown handler directive %q", word)
}

// once refuses a second directive of the kind.
func once(c *cycle.Conf, set *bool, f func() error) error {
	if *set {
		return c.Errorf("directive \"handler %s\" was already set", c.Arg(0))
	}
	*set = true
	return f()
}

func (l *libraries) addLoad(c *cycle.Conf, args []string) error {
	if len(args) != 1 {
		return c.Errorf("invalid number of arguments in \"handler load\" directive")
	}
	x := library{path: args[0], dir: c.Dir}
	ext := filepath.Ext(x.path)
	switch {
	case ext == ".so":
		x.kind, x.path = plugged, c.Cycle.ConfName(x.path)
	case ext != "" && handler.LoaderOf(ext) != nil:
		x.kind, x.path = scripted, c.Cycle.ConfName(x.path)
	case !strings.Contains(x.path, "/"):
		x.kind = byName
	default:
		x.kind, x.path = linked, c.Cycle.ConfName(x.path)
	}
	l.list = append(l.list, x)
	return l.want(c)
}

// addCompile is `handler compile [go|lua] PATH 'SOURCE' …`.
func (l *libraries) addCompile(c *cycle.Conf, args []string) error {
	language := "go"
	if args[0] == "go" || args[0] == "lua" {
		language, args = args[0], args[1:]
	}
	if len(args) < 2 {
		return c.Errorf("invalid number of arguments in \"handler compile\" directive")
	}
	x := library{kind: linked, path: args[0], text: []byte(strings.Join(args[1:], "")), dir: c.Dir}
	ext := "." + language
	switch {
	case !filepath.IsAbs(x.path):
		return c.Errorf("handler source code file path must be absolute")
	case filepath.Ext(x.path) != ext:
		return c.Errorf("handler source code file path must have extension %q", ext)
	}
	if language == "lua" {
		if x.kind = scripted; handler.LoaderOf(ext) == nil {
			return c.Errorf("this program has no Lua")
		}
	}
	l.list = append(l.list, x)
	if c.Cycle.Role == cycle.Worker || c.Cycle.Told {
		return nil
	}
	if err := writeSource(x.path, x.text); err != nil {
		return c.Errorf("failed to write handler source code file: %s", err)
	}
	return l.want(c)
}

// writeSource writes a source file, unless it is there already.
func writeSource(path string, text []byte) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, text) {
		return nil
	}
	return os.WriteFile(path, text, 0o644)
}

// want asks for an executable with the libraries that must be linked.
func (l *libraries) want(c *cycle.Conf) error {
	if l.list[len(l.list)-1].kind != linked {
		return nil
	}
	cy := c.Cycle
	cy.NeedExecutable(func() (string, error) {
		o := build.Options{Cache: cy.FullName("handler_cache"), Flags: l.buildOptions}
		o.Source, o.Flags = source(o.Flags)
		var dir *conf.Directive
		for _, x := range l.list {
			if x.kind == linked {
				o.Libraries = append(o.Libraries, build.Library{Path: x.path, Text: x.text})
				dir = x.dir
			}
		}
		path, err := build.Executable(o)
		if err != nil {
			return "", c.ErrorAt(dir, "failed to link handlers: %s", err)
		}
		return path, nil
	})
	return nil
}

// source takes --source DIR out of the build options.
func source(options []string) (dir string, rest []string) {
	for i := 0; i < len(options); i++ {
		if options[i] == "--source" && i+1 < len(options) {
			dir = options[i+1]
			i++
			continue
		}
		if d, ok := strings.CutPrefix(options[i], "--source="); ok {
			dir = d
			continue
		}
		rest = append(rest, options[i])
	}
	return dir, rest
}

// load brings the handlers of all libraries into the table.
func (l *libraries) load(c *cycle.Conf) error {
	for _, x := range l.list {
		if err := x.load(c); err != nil {
			return c.ErrorAt(x.dir, "failed to load handler library %q: %s", x.path, err)
		}
		for _, err := range handler.Default.Errors() {
			return c.ErrorAt(x.dir, "%s", err)
		}
	}
	return nil
}

func (x *library) load(c *cycle.Conf) error {
	switch x.kind {
	case byName:
		if handler.Default.Load(x.path) {
			return nil
		}
		return fmt.Errorf("this program has no library of that name; it has %q", handler.Default.Libraries())
	case plugged:
		return loadPlugin(x.path)
	case scripted:
		text := x.text
		if text == nil {
			var err error
			if text, err = c.Cycle.ReadFile(x.path); err != nil {
				return err
			}
		}
		return handler.LoaderOf(filepath.Ext(x.path))(x.path, text)
	}
	return nil // a part of this executable
}
