package profile

import (
	"bufio"
	"fmt"
	"hash/fnv"
	"html"
	"io"
	"time"
	"unicode/utf8"
)

// The measures of a flame graph, in pixels.
const (
	flameWidth  = 1200
	flameRow    = 17
	flameMargin = 10
	flameHead   = 40
	letterWidth = 6.6
	tooNarrow   = 0.3
)

// box is a function in a flame graph: calls of the same function from the same
// place in one.
type box struct {
	label    string
	total    int64
	children []*box
}

// boxes joins the calls below nodes by function.
func boxes(nodes []*node) []*box {
	var list []*box
	found := map[string]*box{}
	below := map[*box][]*node{}
	for _, n := range nodes {
		label := n.frame.Label()
		b := found[label]
		if b == nil {
			b = &box{label: label}
			found[label] = b
			list = append(list, b)
		}
		b.total += n.self
		below[b] = append(below[b], n.sorted()...)
	}
	for _, b := range list {
		b.children = boxes(below[b])
		for _, child := range b.children {
			b.total += child.total
		}
	}
	return list
}

func (b *box) depth() int {
	deepest := 0
	for _, child := range b.children {
		deepest = max(deepest, child.depth())
	}
	return deepest + 1
}

// SVG writes a flame graph: the width of a function is the time in which it was
// on the stack, what it calls stands on it.
func (p *Profile) SVG(w io.Writer) error {
	all := &box{label: "all", children: boxes(p.root.sorted())}
	for _, child := range all.children {
		all.total += child.total
	}
	height := flameHead + all.depth()*flameRow + flameMargin
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="monospace" font-size="11">
<rect width="100%%" height="100%%" fill="#fffdf7"/>
<text x="%d" y="24" font-size="15">Lua: %d samples of %s</text>
`, flameWidth, height, flameWidth, height, flameMargin, p.Samples, p.Period)
	if all.total > 0 {
		scale := float64(flameWidth-2*flameMargin) / float64(all.total)
		all.draw(out, flameMargin, float64(height-flameMargin-flameRow), scale, all.total, p.Period)
	}
	fmt.Fprintln(out, "</svg>")
	return out.Flush()
}

func (b *box) draw(out io.Writer, x, y, scale float64, all int64, period time.Duration) {
	width := float64(b.total) * scale
	if width < tooNarrow {
		return
	}
	h := fnv.New32a()
	io.WriteString(h, b.label)
	hue := h.Sum32() % 50
	fmt.Fprintf(out, `<g><title>%s: %d samples, %s, %.1f%%</title><rect x="%.1f" y="%.0f" width="%.1f" height="%d" fill="hsl(%d,80%%,65%%)" rx="1"/>`,
		html.EscapeString(b.label), b.total, time.Duration(b.total)*period, 100*float64(b.total)/float64(all), x, y, max(width-0.5, tooNarrow), flameRow-1, hue)
	if text := cut(b.label, int((width-4)/letterWidth)); text != "" {
		fmt.Fprintf(out, `<text x="%.1f" y="%.0f">%s</text>`, x+2, y+flameRow-5, html.EscapeString(text))
	}
	fmt.Fprintln(out, "</g>")
	for _, child := range b.children {
		child.draw(out, x, y-flameRow, scale, all, period)
		x += float64(child.total) * scale
	}
}

// cut shortens a text to what fits, nothing when that says nothing.
func cut(text string, room int) string {
	if utf8.RuneCountInString(text) <= room {
		return text
	}
	if room < 4 {
		return ""
	}
	return string([]rune(text)[:room-2]) + ".."
}
