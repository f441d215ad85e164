package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// result is all measurements of a case: of A, then of B.
type result struct {
	name  string
	fresh [2]int64 // memory of a worker before any request
	runs  [2][]measurement
}

// median returns the middle of what get finds in the runs of a side.
func median[T cmp.Ordered](runs []measurement, get func(measurement) T) T {
	values := make([]T, len(runs))
	for i, m := range runs {
		values[i] = get(m)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// print writes a table: what is measured, A, B and B/A.
func (r *result) print(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "%s\tA\tB\tB/A\t\n", r.name)
	row := func(label, format string, get func(measurement) float64) {
		a, b := median(r.runs[0], get), median(r.runs[1], get)
		fmt.Fprintf(w, "%s\t"+format+"\t"+format+"\t%.2f\t\n", label, a, b, b/a)
	}
	micros := func(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
	row("requests/s", "%.0f", func(m measurement) float64 { return m.rate })
	row("CPU µs/request", "%.2f", func(m measurement) float64 { return micros(m.cpu) })
	row("p99 µs", "%.0f", func(m measurement) float64 { return micros(m.p99) })
	row("PSS MB", "%.1f", func(m measurement) float64 { return float64(m.pss) / (1 << 20) })
	fresh := [2]float64{float64(r.fresh[0]) / (1 << 20), float64(r.fresh[1]) / (1 << 20)}
	fmt.Fprintf(w, "fresh worker PSS MB\t%.1f\t%.1f\t%.2f\t\n", fresh[0], fresh[1], fresh[1]/fresh[0])
	_ = w.Flush()
	for i, runs := range r.runs {
		var failed, counted int64
		for _, m := range runs {
			failed += m.failed
			counted += m.counted
		}
		if failed > 0 {
			fmt.Fprintf(out, "%c: %d of %d requests failed\n", 'A'+i, failed, counted)
		}
	}
	fmt.Fprintln(out)
}
