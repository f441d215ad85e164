package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/perigee-server/perigee/shm"
)

// dictCase is the name of the case that needs no servers: a dictionary in shared
// memory against a Go map behind a mutex, both with one copy of the value.
const dictCase = "shm"

// dictKeys is how many keys the comparison goes through.
const dictKeys = 1000

// lockedMap is what a program of one process would use.
type lockedMap struct {
	mu      sync.Mutex
	texts   map[string][]byte
	numbers map[string]float64
}

// runDict prints nanoseconds per call of the map and of the dictionary, medians
// of rounds of the length d.
func runDict(out io.Writer, rounds int, d time.Duration) error {
	zone, err := shm.Create(shm.Config{Name: "bench", Tag: "bench", Size: 4 << 20, Slot: 0})
	if err != nil {
		return err
	}
	defer zone.Close()
	dict, err := shm.NewDict(zone)
	if err != nil {
		return err
	}
	local := &lockedMap{texts: map[string][]byte{}, numbers: map[string]float64{}}
	keys, counters := make([]string, dictKeys), make([]string, dictKeys)
	value := strings.Repeat("v", 100)
	for i := range keys {
		keys[i], counters[i] = fmt.Sprintf("session:%08d", i), fmt.Sprintf("counter:%08d", i)
		local.texts[keys[i]] = []byte(value)
		local.numbers[counters[i]] = 0
		if _, err := dict.Set(keys[i], shm.StringValue(value), 0, 0); err != nil {
			return err
		}
		if _, err := dict.Set(counters[i], shm.NumberValue(0), 0, 0); err != nil {
			return err
		}
	}
	buf := make([]byte, 0, 128)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "%s\tmap ns\tdictionary ns\tratio\t\n", dictCase)
	row := func(label string, a, b func(i int)) {
		x, y := compareCalls(a, b, rounds, d)
		fmt.Fprintf(w, "%s\t%.1f\t%.1f\t%.2f\t\n", label, x, y, y/x)
	}
	row("get of 100 bytes", func(i int) {
		local.mu.Lock()
		buf = append(buf[:0], local.texts[keys[i]]...)
		local.mu.Unlock()
	}, func(i int) { dict.Get(keys[i], buf[:0]) })
	row("incr", func(i int) {
		local.mu.Lock()
		local.numbers[counters[i]]++
		local.mu.Unlock()
	}, func(i int) { dict.Incr(counters[i], 1) })
	w.Flush()
	fmt.Fprintln(out)
	return nil
}

// compareCalls measures two functions in turn and returns the medians of what a
// call takes, in nanoseconds.
func compareCalls(a, b func(i int), rounds int, d time.Duration) (float64, float64) {
	var runs [2][]measurement
	for range rounds {
		for side, f := range []func(int){a, b} {
			runs[side] = append(runs[side], measurement{rate: timeCalls(f, d)})
		}
	}
	rate := func(m measurement) float64 { return m.rate }
	return median(runs[0], rate), median(runs[1], rate)
}

// timeCalls calls f for about the time d and returns nanoseconds per call.
func timeCalls(f func(i int), d time.Duration) float64 {
	const chunk = 10 * dictKeys
	calls := 0
	began := time.Now()
	for time.Since(began) < d {
		for i := range chunk {
			f(i % dictKeys)
		}
		calls += chunk
	}
	return float64(time.Since(began)) / float64(calls)
}
