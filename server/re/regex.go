// Package re compiles and runs Perl-compatible regular expressions over bytes.
//
// Two engines stand behind one type. Patterns made of what nearly all
// configurations use (classes, groups, alternation, greedy and lazy
// repetition, anchors) run on a backtracking engine of our own, which gives
// PCRE's results without allocating and, unlike PCRE, in linear time for every
// subject. Everything else (look-around, back-references, possessive and atomic
// groups, recursion, UTF mode, …) runs on PCRE2 itself in its translation to
// Go, go.elara.ws/pcre, which only this package imports. A differential test
// holds the first to the second.
package re

import (
	"runtime"
	"sync"
)

// Options are PCRE's compile options, and the DFA matcher.
type Options struct {
	Caseless         bool // i: letters match in both cases; ASCII only without UTF
	Multiline        bool // m: ^ and $ match at line breaks
	DotAll           bool // s: . matches "\n" as well
	Extended         bool // x: white space and # comments in the pattern
	Anchored         bool // a: match only at the starting offset
	UTF              bool // u: pattern and subject are UTF-8
	NoUTFCheck       bool // U: with UTF, trust the subject
	DollarEndonly    bool // $ does not match before a final "\n"
	DupNames         bool // D: several groups may have one name
	JavascriptCompat bool // J: ALT_BSUX, ALLOW_EMPTY_CLASS, MATCH_UNSET_BACKREF
	DFA              bool // d: longest match, no captures

	// MatchLimit bounds PCRE's steps in one match; 0 is PCRE's default, ten
	// million. Our own engine needs no limit.
	MatchLimit uint32

	// NoFast sends every pattern to PCRE. Tests compare the engines with it.
	NoFast bool
}

// Regex is a compiled pattern. It may be used from several goroutines.
type Regex struct {
	pattern string
	options Options
	groups  int
	names   []Name
	fast    *program // nil: PCRE runs it
	lock    sync.Mutex
	pcre    *code // nil as long as fast suffices
	cleanup runtime.Cleanup
}

// Name is a named group.
type Name struct {
	Name  string
	Group int
}

// Compile compiles pattern. The error is a *CompileError, worded as nginx
// prints it.
func Compile(pattern string, o Options) (*Regex, error) {
	r := &Regex{pattern: pattern, options: o}
	if !o.NoFast {
		if p := compileFast(pattern, o); p != nil {
			r.fast, r.groups, r.names = p, p.groups, p.names
			return r, nil
		}
	}
	c, err := r.perl()
	if err != nil {
		return nil, err
	}
	r.groups, r.names = c.groups, c.names
	return r, nil
}

// perl returns the pattern compiled by PCRE, which happens at the first call.
func (r *Regex) perl() (*code, error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.pcre != nil {
		return r.pcre, nil
	}
	c, err := compilePCRE(r.pattern, r.options)
	if err != nil {
		return nil, err
	}
	r.pcre = c
	r.cleanup = runtime.AddCleanup(r, (*code).free, c)
	return c, nil
}

// Close frees memory outside Go's heap at once; otherwise that happens some
// time after the last use. The regex may be used again, at the price of
// compiling it once more, but not while another goroutine runs a match.
func (r *Regex) Close() {
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.pcre == nil {
		return
	}
	r.cleanup.Stop()
	r.pcre.free()
	r.pcre = nil
}

// String returns the pattern.
func (r *Regex) String() string { return r.pattern }

// NumSubexp returns the number of capturing groups.
func (r *Regex) NumSubexp() int { return r.groups }

// Names returns the named groups, sorted by name and then by number. The slice
// is the regex's own.
func (r *Regex) Names() []Name { return r.names }

// Fast tells that our own engine runs the pattern.
func (r *Regex) Fast() bool { return r.fast != nil }

// Match looks for the first match that begins at from or later; what stands
// before from still counts for ^, \b and look-behind. It returns the offsets of
// the match and its groups as pairs, -1 for a group that took no part, in ov's
// memory if that suffices (2·(NumSubexp+1) ints). nil means no match.
//
// The error is a *MatchError: a limit was reached, or the subject is no UTF-8.
func (r *Regex) Match(subject []byte, from int, ov []int) ([]int, error) {
	return match(r, subject, from, ov)
}

// MatchString is Match for a string, which is not copied.
func (r *Regex) MatchString(subject string, from int, ov []int) ([]int, error) {
	return match(r, subject, from, ov)
}

func match[S []byte | string](r *Regex, subject S, from int, ov []int) ([]int, error) {
	if from < 0 || from > len(subject) {
		return nil, nil
	}
	n := 2 * (r.groups + 1)
	if cap(ov) < n {
		ov = make([]int, n)
	}
	ov = ov[:n]
	if r.fast != nil {
		found, done := run(r.fast, subject, from, ov)
		if found {
			return ov, nil
		}
		if done {
			return nil, nil
		}
	}
	c, err := r.perl()
	if err != nil {
		return nil, err
	}
	found, err := matchPCRE(c, subject, from, ov)
	runtime.KeepAlive(r)
	if !found {
		return nil, err
	}
	return ov, nil
}
