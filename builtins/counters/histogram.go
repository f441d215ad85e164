package counters

import (
	"fmt"
	"strconv"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
)

// maxBins is the original's bound of a histogram.
const maxBins = 32

// histogram is one of a set: its bins and their sum are counters, and so is the
// number of requests that had no bin.
type histogram struct {
	name       string
	bound      int // index of the variable
	boundName  string
	bins       []*cell
	count, err *cell
}

// binning is what a request does to a histogram in a location.
type binning struct {
	h *histogram
	binOperation
}

type binOperation uint8

const (
	fillBin binOperation = iota
	undoBins
	resetBins
)

// applyBins adds a declaration to those before it, which it replaces.
func (l *locationConf) applyBins(b binning) {
	for i := range l.bins {
		if l.bins[i].h != b.h {
			continue
		}
		if b.binOperation == undoBins {
			l.bins = append(l.bins[:i:i], l.bins[i+1:]...)
			return
		}
		l.bins[i] = b
		return
	}
	if b.binOperation != undoBins {
		l.bins = append(l.bins, b)
	}
}

// setHistogram is histogram.
func setHistogram(c *cycle.Conf) error {
	name, err := variableName(c, c.Arg(0))
	if err != nil {
		return err
	}
	s, err := setOf(c)
	if err != nil {
		return err
	}
	b := binning{h: s.histogram(name)}
	if len(c.Args()) == 3 {
		b.h, err = s.declare(c, name)
		if err != nil {
			return err
		}
	} else {
		if b.h == nil {
			return c.Errorf("histogram %q was not declared in this counter set", c.Arg(0))
		}
		switch op := c.Arg(1); op {
		case "reuse":
		case "undo":
			b.binOperation = undoBins
		case "reset":
			b.binOperation = resetBins
		default:
			return c.Errorf("unknown histogram operation %q", op)
		}
	}
	l := locations.At(c)
	l.ownBins = append(l.ownBins, b)
	return nil
}

// histogram is the set's histogram of that name, nil when there is none.
func (s *set) histogram(name string) *histogram {
	for _, h := range s.histograms {
		if h.name == name {
			return h
		}
	}
	return nil
}

// declare makes the histogram of the present directive.
func (s *set) declare(c *cycle.Conf, name string) (*histogram, error) {
	if s.histogram(name) != nil {
		return nil, c.Errorf("histogram %q was already declared in this counter set", c.Arg(0))
	}
	n, err := strconv.Atoi(c.Arg(1))
	if err != nil {
		return nil, c.Errorf("not a number %q", c.Arg(1))
	}
	if n < 1 || n > maxBins {
		return nil, c.Errorf("number of bins must be greater than 0 but not greater than %d", maxBins)
	}
	bound, err := variableName(c, c.Arg(2))
	if err != nil {
		return nil, err
	}
	m, vars := mains.At(c), http.ScopeOf(c).Main.Vars
	h := &histogram{name: name, bound: vars.Index(bound), boundName: bound}
	counter := func(suffix string) *cell {
		full := name + suffix
		if err == nil {
			err = m.variable(vars, full, value(full))
		}
		return s.cell(full)
	}
	for i := range n {
		h.bins = append(h.bins, counter(fmt.Sprintf("_%02d", i)))
	}
	h.count, h.err = counter("_cnt"), counter("_err")
	if err == nil {
		err = m.variable(vars, name, allBins(name))
	}
	if err != nil {
		return nil, c.Errorf("%s", err)
	}
	s.histograms = append(s.histograms, h)
	return h, nil
}

// allBins gives the variable of a histogram: its bins with commas.
func allBins(name string) func(r *http.Request) ([]byte, bool) {
	return func(r *http.Request) ([]byte, bool) {
		s := servers.Of(r)
		if s.set == nil || s.set.histogram(name) == nil {
			return []byte(s.unreachable.V), true
		}
		var b []byte
		for i, x := range s.set.histogram(name).bins {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(b, x.word.Load(), 10)
		}
		return b, true
	}
}

func (b *binning) run(r *http.Request) {
	h := b.h
	if b.binOperation == resetBins {
		for _, x := range h.bins {
			x.word.Store(0)
		}
		h.count.word.Store(0)
		h.err.word.Store(0)
		return
	}
	v := r.HTTP().Vars.Get(r, h.bound)
	i, ok := integer(v.Data)
	if v.NotFound || !ok || i < 0 || i >= int64(len(h.bins)) {
		h.err.word.Add(1)
		return
	}
	h.bins[i].word.Add(1)
	h.count.word.Add(1)
}
