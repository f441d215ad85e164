package conf

import (
	"fmt"
	"strings"
)

// Options are what reading a configuration needs from outside.
type Options struct {
	// ReadFile reads a whole file. Every file is read through it. Errors that
	// wrap a syscall.Errno are worded as nginx words them.
	ReadFile func(path string) ([]byte, error)
	// Glob returns the sorted names that match pattern. No match is no error.
	Glob func(pattern string) ([]string, error)
	// Raw tells which directives have a raw block; nil means none.
	Raw func(name string) bool
	// Dir is what relative include paths are relative to: nginx's conf prefix.
	Dir string
}

// maxIncludeDepth stops include cycles that hide behind ever new names of one
// file (symbolic links).
const maxIncludeDepth = 200

// Parse reads the file path with everything that it includes. The error, if
// any, is an *Error. The tree is returned with an error too and then holds all
// that was read before the mistake, blocks that are still open included:
// nginx, which carries out directives while it reads, may have found another
// mistake in them first.
func Parse(path string, o Options) (*Tree, error) {
	p := &parser{o: o, tree: &Tree{}, seen: map[string]bool{}}
	err := p.file(path, &p.tree.Directives, nil)
	return p.tree, err
}

// ParseString reads text. With the name CommandLine it follows the rules of -g:
// no blocks, and errors without a line. Any other name is treated as a file's.
func ParseString(name, text string, o Options) (*Tree, error) {
	p := &parser{o: o, tree: &Tree{}, seen: map[string]bool{}}
	err := p.text(name, []byte(text), &p.tree.Directives)
	return p.tree, err
}

type parser struct {
	o     Options
	tree  *Tree
	seen  map[string]bool // names in tree.Sources
	stack []string        // files being read
}

// file reads one file into list; from is the include directive, nil for the
// main file.
func (p *parser) file(path string, list *[]*Directive, from *Directive) error {
	fail := func(msg string, cause error) error {
		e := &Error{Msg: msg, Err: cause}
		if from != nil {
			e.File, e.Line = from.File, from.Line
		}
		return e
	}

	for _, open := range p.stack {
		if open == path {
			return fail(fmt.Sprintf("include cycle: %q is being read already", path), nil)
		}
	}
	if len(p.stack) >= maxIncludeDepth {
		return fail(fmt.Sprintf("include cycle: more than %d files are nested at %q", maxIncludeDepth, path), nil)
	}

	text, err := p.o.ReadFile(path)
	if err != nil {
		return fail(systemMessage("open()", path, err), err)
	}
	if !p.seen[path] {
		p.seen[path] = true
		p.tree.Sources = append(p.tree.Sources, Source{Name: path, Text: text})
	}

	p.stack = append(p.stack, path)
	err = p.text(path, text, list)
	p.stack = p.stack[:len(p.stack)-1]
	return err
}

// text reads one file's text. Blocks are kept on a stack of our own, so that
// no depth of nesting can end the process.
func (p *parser) text(name string, text []byte, top *[]*Directive) error {
	l := &lexer{text: text, line: 1}
	fail := func(format string, args ...any) error {
		return &Error{Msg: fmt.Sprintf(format, args...), File: name, Line: l.line}
	}

	var open []*Directive
	list := top
	for {
		words, end := l.statement()
		switch end {
		case endUnexpected:
			return fail(`unexpected "%s"`, []byte{l.bad})
		case endIncomplete:
			if name == CommandLine {
				return fail(`unexpected end of parameter, expecting ";"`)
			}
			return fail(`unexpected end of file, expecting ";" or "}"`)
		case endFile:
			if len(open) > 0 {
				return fail(`unexpected end of file, expecting "}"`)
			}
			return nil
		case endClose:
			if len(open) == 0 {
				return fail(`unexpected "}"`)
			}
			open[len(open)-1].Close = l.line
			open = open[:len(open)-1]
			list = top
			if len(open) > 0 {
				list = &open[len(open)-1].Block
			}
			continue
		}

		if end == endOpen && name == CommandLine {
			return fail("block directives are not supported in -g option")
		}
		d := &Directive{Name: words[0], Args: words[1:], IsBlock: end == endOpen, File: name, Line: l.line}
		if d.Name == "include" {
			if err := p.include(d, list); err != nil {
				return err
			}
			continue
		}
		*list = append(*list, d)
		if !d.IsBlock {
			continue
		}
		if p.o.Raw != nil && p.o.Raw(d.Name) {
			if err := p.raw(l, d); err != nil {
				return err
			}
			continue
		}
		open = append(open, d)
		list = &d.Block
	}
}

// raw reads the block of d, whose "{" was just read.
func (p *parser) raw(l *lexer, d *Directive) error {
	d.IsRaw, d.RawLine = true, l.line
	text, end, bracket, line := l.rawBlock()
	switch end {
	case rawOpen:
		return &Error{
			Msg:  "unexpected end of file, expecting terminating characters for lua code block",
			File: d.File, Line: line,
		}
	case rawBracket:
		return &Error{
			Msg:  `Lua code block missing the closing long bracket "` + bracket + `", the inlined Lua code may be too long`,
			File: d.File, Line: line,
		}
	}
	d.Raw, d.Close = text, l.line
	return nil
}

// include reads the files that d names into list.
func (p *parser) include(d *Directive, list *[]*Directive) error {
	if d.IsBlock {
		return &Error{Msg: `directive "include" is not terminated by ";"`, File: d.File, Line: d.Line}
	}
	if len(d.Args) != 1 {
		return &Error{Msg: `invalid number of arguments in "include" directive`, File: d.File, Line: d.Line}
	}

	path := fullName(p.o.Dir, d.Args[0])
	if !strings.ContainsAny(path, "*?[") {
		return p.file(path, list, d)
	}
	names, err := p.o.Glob(path)
	if err != nil {
		return &Error{Msg: systemMessage("glob()", path, err), File: d.File, Line: d.Line, Err: err}
	}
	for _, name := range names {
		if err := p.file(name, list, d); err != nil {
			return err
		}
	}
	return nil
}

// fullName is ngx_conf_full_name: it puts dir before a relative name and
// changes nothing else.
func fullName(dir, name string) string {
	if strings.HasPrefix(name, "/") || dir == "" {
		return name
	}
	if strings.HasSuffix(dir, "/") {
		return dir + name
	}
	return dir + "/" + name
}
