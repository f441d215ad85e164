package spec

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// File is one specification: the settings of its Perl header and its blocks.
type File struct {
	Path     string
	Settings Settings
	Blocks   []*Block
}

// Settings are the file-wide settings that the Perl header of a file makes with
// calls such as repeat_each(2). They have the names of Test::Nginx::Socket.
type Settings struct {
	RepeatEach        int
	Workers           int
	WorkerConnections int
	Master            bool
	NoRootLocation    bool
	LogLevel          string
	// Env holds defaults of TEST_NGINX_* variables: $ENV{NAME} ||= 1234;
	Env map[string]string
}

// Block is one test of a file.
type Block struct {
	File     string
	Line     int // of its "===" line
	Name     string
	sections map[string]*section
}

type section struct {
	name    string
	filters []string
	raw     string
	line    int
}

// Load reads and parses the specification at path.
func Load(path string) (*File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(filepath.Base(path), string(data))
}

var dataLine = regexp.MustCompile(`(?m)^__(?:DATA|END)__[ \t]*\n`)

// Parse parses a specification; path is only used in messages. Blocks marked
// SKIP are left out, ONLY leaves one block, LAST drops what follows.
func Parse(path, text string) (*File, error) {
	f := &File{Path: path, Settings: Settings{RepeatEach: 1, Workers: 1, WorkerConnections: 64, LogLevel: "debug", Env: map[string]string{}}}
	at := dataLine.FindStringIndex(text)
	if at == nil {
		return nil, fmt.Errorf("%s: no __DATA__ line", path)
	}
	if err := f.Settings.parse(text[:at[0]]); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	line := 1 + strings.Count(text[:at[1]], "\n")
	if err := f.parseBlocks(text[at[1]:], line); err != nil {
		return nil, err
	}
	if len(f.Blocks) == 0 {
		return nil, fmt.Errorf("%s: no blocks", path)
	}
	return f, nil
}

func (f *File) parseBlocks(data string, line int) error {
	names := map[string]bool{}
	for _, hunk := range hunks(data, line) {
		b, err := parseBlock(f.Path, hunk.text, hunk.line)
		if err != nil {
			return err
		}
		if names[b.Name] {
			return fmt.Errorf("%s:%d: a second block named %q", f.Path, b.Line, b.Name)
		}
		names[b.Name] = true
		if b.Has("ONLY") {
			f.Blocks = []*Block{b}
			return nil
		}
		if b.Has("SKIP") {
			continue
		}
		f.Blocks = append(f.Blocks, b)
		if b.Has("LAST") {
			return nil
		}
	}
	return nil
}

type hunk struct {
	text string
	line int
}

// hunks cuts the data at lines that begin with "===".
func hunks(data string, line int) []hunk {
	var all []hunk
	for _, text := range strings.SplitAfter(data, "\n") {
		if strings.HasPrefix(text, "===") {
			all = append(all, hunk{line: line})
		}
		if len(all) > 0 {
			all[len(all)-1].text += text
		}
		line++
	}
	return all
}

var sectionLine = regexp.MustCompile(`^--- +\(?(\w+)\)? *(.*)$`)

func parseBlock(path, text string, line int) (*Block, error) {
	lines := strings.SplitAfter(text, "\n")
	b := &Block{File: path, Line: line, Name: strings.TrimSpace(strings.TrimLeft(lines[0], "=")), sections: map[string]*section{}}
	if b.Name == "" {
		return nil, fmt.Errorf("%s:%d: a block without a name", path, line)
	}
	var current *section
	for i, l := range lines[1:] {
		m := sectionLine.FindStringSubmatch(strings.TrimSuffix(l, "\n"))
		if m == nil {
			if err := current.body(l); err != nil {
				return nil, fmt.Errorf("%s:%d: %w", path, line+1+i, err)
			}
			continue
		}
		current = &section{name: m[1], line: line + 1 + i}
		if b.sections[m[1]] != nil {
			return nil, fmt.Errorf("%s:%d: a second section %q in block %q", path, current.line, m[1], b.Name)
		}
		b.sections[m[1]] = current
		current.head(m[2])
	}
	return b, b.check()
}

var inlineColon = regexp.MustCompile(`\s*:(?:\s+|$)`)

// head reads what follows the name of a section: filters and, after a colon,
// the value itself.
func (s *section) head(rest string) {
	at := inlineColon.FindStringIndex(rest)
	if at == nil {
		s.filters = strings.Fields(rest)
		return
	}
	s.filters = append(strings.Fields(rest[:at[0]]), inline)
	s.raw = strings.TrimSpace(rest[at[1]:]) + "\n"
}

// body adds a line to a section; nil is the description of the block, which is
// for readers only.
func (s *section) body(line string) error {
	if s == nil {
		return nil
	}
	if !slices.Contains(s.filters, inline) {
		s.raw += line
		return nil
	}
	if strings.TrimSpace(line) != "" {
		return fmt.Errorf("extra lines after the inline value of section %q", s.name)
	}
	return nil
}

// inline marks a section whose value stands in its first line, in the list of
// its filters; it is no word that a file could write there.
const inline = ":"

func (b *Block) check() error {
	for _, name := range b.Sections() {
		s := b.sections[name]
		where := fmt.Sprintf("%s:%d: ", b.File, s.line)
		if why, ok := refused[name]; ok {
			return fmt.Errorf("%ssection %q is refused: %s", where, name, why)
		}
		if !known[name] {
			return fmt.Errorf("%sunknown section %q", where, name)
		}
		if _, err := s.value(); err != nil {
			return fmt.Errorf("%ssection %q: %w", where, name, err)
		}
	}
	if b.Has("request") && b.Has("raw_request") {
		return fmt.Errorf("%s:%d: both request and raw_request", b.File, b.Line)
	}
	if b.Has("grep_error_log") != b.Has("grep_error_log_out") {
		return fmt.Errorf("%s:%d: grep_error_log and grep_error_log_out go together", b.File, b.Line)
	}
	return nil
}

// Sections lists the names of the block's sections in alphabetical order.
func (b *Block) Sections() []string {
	names := make([]string, 0, len(b.sections))
	for name := range b.sections {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Has tells whether the block has the section.
func (b *Block) Has(name string) bool { return b.sections[name] != nil }

// Value returns the filtered value of a section, and whether the block has it.
func (b *Block) Value(name string) (Value, bool) {
	s := b.sections[name]
	if s == nil {
		return Value{}, false
	}
	v, err := s.value()
	if err != nil {
		panic(err) // Parse has evaluated every section
	}
	return v, true
}

// Text returns the value of a section as a text, empty without the section.
func (b *Block) Text(name string) string {
	v, _ := b.Value(name)
	return v.Text
}

var (
	blankHead = regexp.MustCompile(`\A(?:[ \t]*\n)+`)
	blankTail = regexp.MustCompile(`\n\s*\z`)
)

// value applies the default filters of Test::Base, norm and trim, and then the
// section's own.
func (s *section) value() (Value, error) {
	text := strings.ReplaceAll(strings.ReplaceAll(s.raw, "\r\n", "\n"), "\r", "\n")
	short := slices.Contains(s.filters, inline)
	if short {
		text = strings.TrimSuffix(text, "\n")
	}
	if !slices.Contains(s.filters, "-trim") && !short {
		text = blankTail.ReplaceAllString(blankHead.ReplaceAllString(text, ""), "\n")
	}
	v := Value{Text: text}
	for _, filter := range s.filters {
		if err := v.filter(filter); err != nil {
			return Value{}, err
		}
	}
	return v, nil
}

func (v *Value) filter(name string) error {
	switch name {
	case inline, "-trim", "trim", "norm":
		return nil
	case "chomp", "chop":
		v.Text = strings.TrimSuffix(v.Text, "\n")
		return nil
	case "eval":
		got, err := parseLiteral(v.Text)
		*v = got
		return err
	}
	return fmt.Errorf("unknown filter %q", name)
}

var (
	settingCall = regexp.MustCompile(`^(\w+)\s*\(?\s*(?:(\d+)|['"]([\w]+)['"])?\s*\)?\s*;$`)
	ignoredLine = regexp.MustCompile(`^(?:#.*|use\s.*;|our\s+\$\w+\s*=\s*.*;|plan\b.*;|(?:no_long_string|no_shuffle|no_diff|run_tests)\s*(?:\(\s*\))?\s*;|\$ENV\{TEST_NGINX_(?:HTML_DIR|SERVROOT)\}\s*(?:\|\|)?=\s*(?:html_dir|server_root)\s*(?:\(\))?\s*;)$`)
)

var (
	envDefault    = regexp.MustCompile(`^\$ENV\{(TEST_NGINX_\w+)\}\s*\|\|=\s*(.+?)\s*;$`)
	headerComment = regexp.MustCompile(`;\s+#.*$`)
)

// parse reads the Perl header. Lines that the format does not know are an
// error, since they could change what the blocks mean.
func (s *Settings) parse(header string) error {
	for i, line := range strings.Split(header, "\n") {
		line = strings.TrimSpace(headerComment.ReplaceAllString(line, ";"))
		if line == "" || ignoredLine.MatchString(line) {
			continue
		}
		if m := envDefault.FindStringSubmatch(line); m != nil {
			v, err := parseLiteral(m[2])
			if err != nil || v.Kind != Text {
				return fmt.Errorf("header line %d: the default of %s must be a string or a number", i+1, m[1])
			}
			s.Env[m[1]] = v.Text
			continue
		}
		m := settingCall.FindStringSubmatch(line)
		if m == nil || !s.set(m[1], m[2], m[3]) {
			return fmt.Errorf("header line %d is not understood: %s", i+1, line)
		}
	}
	return nil
}

func (s *Settings) set(name, number, word string) bool {
	n, _ := strconv.Atoi(number)
	switch {
	case name == "repeat_each" && n > 0:
		s.RepeatEach = n
	case name == "workers" && n > 0:
		s.Workers = n
	case name == "worker_connections" && n > 0:
		s.WorkerConnections = n
	case name == "log_level" && word != "":
		s.LogLevel = word
	case name == "master_on" && number+word == "":
		s.Master = true
	case name == "no_root_location" && number+word == "":
		s.NoRootLocation = true
	default:
		return false
	}
	return true
}
