package counters

import (
	"math"
	"slices"
	"strconv"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/script"
)

// setRanges is map_to_range_index.
func setRanges(c *cycle.Conf) error {
	source, err := variableName(c, c.Arg(0))
	if err != nil {
		return err
	}
	name, err := variableName(c, c.Arg(1))
	if err != nil {
		return err
	}
	texts := c.Args()[2:]
	bounds := make([]float64, len(texts))
	for i, t := range texts {
		v, err := strconv.ParseFloat(t, 64)
		if err != nil || math.IsNaN(v) {
			return c.Errorf("failed to read %q as double value", t)
		}
		if bounds[i] = v; i > 0 && v <= bounds[i-1] {
			return c.Errorf("range must increase monotonically")
		}
	}
	vars := http.ScopeOf(c).Main.Vars
	index := vars.Index(source)
	get := func(r *http.Request) ([]byte, bool) {
		src := vars.Get(r, index)
		v, err := strconv.ParseFloat(string(src.Data), 64)
		if src.NotFound || err != nil {
			return nil, false
		}
		i, _ := slices.BinarySearch(bounds, v)
		return strconv.AppendInt(nil, int64(i), 10), true
	}
	if _, err := vars.Add(http.Variable{Name: name, Get: get, Flags: script.NoCacheable}); err != nil {
		return c.Errorf("%s", err)
	}
	mains.At(c).ranges[name] = texts
	return nil
}
