package conf

// CommandLine is the name under which directives given with -g are reported,
// as in `unknown directive "x" in command line`.
const CommandLine = "command line"

// Directive is one simple or block directive. A tree is immutable once Parse
// has returned it.
type Directive struct {
	// Name is the first word, unescaped.
	Name string
	// Args are the words after Name, unescaped as nginx unescapes them.
	Args []string
	// Block holds the children of a block directive in order, those of
	// included files spliced in where the include stood.
	Block []*Directive
	// IsBlock tells that the directive ended with "{" rather than ";". It is
	// true for raw blocks as well.
	IsBlock bool
	// Raw is the text between the braces of a raw block, verbatim.
	Raw string
	// IsRaw tells that the block was read as raw text (*_by_lua_block).
	IsRaw bool
	// File is the full path of the file, or CommandLine.
	File string
	// Line is the line that nginx reports: that of the ending ";" or "{".
	Line int
	// RawLine is the line on which Raw begins, which is that of its "{".
	RawLine int
	// Close is the line of the closing brace, 0 when there is none.
	Close int
}

// Source is one file as it was read. Each file is listed once, in the order of
// first reading, which is what -T prints.
type Source struct {
	Name string
	Text []byte
}

// Tree is a whole configuration with its includes resolved.
type Tree struct {
	Directives []*Directive
	Sources    []Source
}
