package profile

import (
	"io"

	"github.com/google/pprof/profile"
)

// Pprof writes the profile as `go tool pprof` reads it.
func (p *Profile) Pprof(w io.Writer) error {
	out := &profile.Profile{
		SampleType:    []*profile.ValueType{{Type: "samples", Unit: "count"}, {Type: "time", Unit: "nanoseconds"}},
		PeriodType:    &profile.ValueType{Type: "time", Unit: "nanoseconds"},
		Period:        int64(p.Period),
		TimeNanos:     p.Began.UnixNano(),
		DurationNanos: int64(p.Ended.Sub(p.Began)),
	}
	if p.Ended.IsZero() {
		out.DurationNanos = 0
	}
	functions := map[Frame]*profile.Function{}
	locations := map[Frame]*profile.Location{}
	locate := func(f Frame) *profile.Location {
		if l := locations[f]; l != nil {
			return l
		}
		key := f
		key.Line = 0
		fn := functions[key]
		if fn == nil {
			fn = &profile.Function{ID: uint64(len(functions) + 1), Name: f.Label(), SystemName: f.Label(), Filename: f.Source, StartLine: int64(f.Defined)}
			functions[key] = fn
			out.Function = append(out.Function, fn)
		}
		l := &profile.Location{ID: uint64(len(locations) + 1), Line: []profile.Line{{Function: fn, Line: int64(f.Line)}}}
		locations[f] = l
		out.Location = append(out.Location, l)
		return l
	}
	p.walk(func(stack []Frame, self int64) {
		s := &profile.Sample{Value: []int64{self, self * int64(p.Period)}}
		for i := len(stack) - 1; i >= 0; i-- {
			s.Location = append(s.Location, locate(stack[i]))
		}
		out.Sample = append(out.Sample, s)
	})
	return out.Write(w)
}
