// Package profile keeps samples of Lua's stacks, and writes them as folded
// stacks, as a flame graph and for pprof.
package profile

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Frame is one call of a sampled stack.
type Frame struct {
	// Name is the function's, Source the chunk that it stands in; either may be
	// empty.
	Name, Source string
	// Defined is the line where the function begins, 0 for a main chunk; Line is
	// where it was, 0 when that is not known.
	Defined, Line int
}

// Label names the function for people.
func (f Frame) Label() string {
	switch {
	case f.Source == "":
		return f.Name
	case f.Defined == 0:
		return f.Source
	}
	place := f.Source + ":" + strconv.Itoa(f.Defined)
	if f.Name == "" {
		return place
	}
	return f.Name + " " + place
}

// Profile is a number of samples. It is not for several goroutines at once.
type Profile struct {
	Began  time.Time
	Ended  time.Time // zero while it is made
	Period time.Duration
	// Samples is how many periods were seen, Lost how many of them have no stack,
	// as there were too many different ones.
	Samples, Lost int64

	root  node
	nodes int
}

// node is a call with all that it was seen to call.
type node struct {
	frame    Frame
	self     int64
	children map[Frame]*node
}

// maxNodes bounds the memory of a profile.
const maxNodes = 200000

// New begins a profile.
func New(began time.Time, period time.Duration) *Profile {
	return &Profile{Began: began, Period: period}
}

// Add adds a stack, the outermost call first, that was seen in n periods.
func (p *Profile) Add(stack []Frame, n int64) {
	p.Samples += n
	at := &p.root
	for _, f := range stack {
		next := at.children[f]
		if next == nil {
			if p.nodes >= maxNodes {
				p.Lost += n
				return
			}
			p.nodes++
			next = &node{frame: f}
			if at.children == nil {
				at.children = map[Frame]*node{}
			}
			at.children[f] = next
		}
		at = next
	}
	at.self += n
}

// walk visits the calls with samples of their own, in a fixed order; stack is
// good during the call only.
func (p *Profile) walk(visit func(stack []Frame, self int64)) { p.root.walk(nil, visit) }

func (n *node) walk(stack []Frame, visit func(stack []Frame, self int64)) {
	if n.self > 0 {
		visit(stack, n.self)
	}
	for _, child := range n.sorted() {
		child.walk(append(stack, child.frame), visit)
	}
}

func (n *node) sorted() []*node {
	children := make([]*node, 0, len(n.children))
	for _, child := range n.children {
		children = append(children, child)
	}
	slices.SortFunc(children, func(a, b *node) int {
		return cmp.Or(strings.Compare(a.frame.Label(), b.frame.Label()), cmp.Compare(a.frame.Line, b.frame.Line))
	})
	return children
}

// unfoldable are the characters that have a meaning in folded stacks.
var unfoldable = strings.NewReplacer(";", ",", "\n", " ", "\r", " ")

// Folded writes one line for each stack: its functions from the outermost,
// separated by semicolons, and in how many periods it was seen.
func (p *Profile) Folded(w io.Writer) error {
	counts := map[string]int64{}
	var order []string
	p.walk(func(stack []Frame, self int64) {
		labels := make([]string, len(stack))
		for i, f := range stack {
			labels[i] = unfoldable.Replace(f.Label())
		}
		line := strings.Join(labels, ";")
		if counts[line] == 0 {
			order = append(order, line)
		}
		counts[line] += self
	})
	for _, line := range order {
		if _, err := fmt.Fprintf(w, "%s %d\n", line, counts[line]); err != nil {
			return err
		}
	}
	return nil
}
