package api

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"runtime/metrics"
	"slices"
	"strings"

	"github.com/perigee-server/perigee/server/event"
)

// memory samples what scripts allocate: one stretch of a script in so many, a
// stretch being the time from its begin, or from the end of a wait, until it
// ends, or until the next script of the worker runs.
type memory struct {
	every   int // 0: off
	left    int // stretches until the next sample
	run     *run
	from    uint64
	read    []metrics.Sample
	scripts map[string]*MemoryScript
}

// MemoryScript is what was seen of one script.
type MemoryScript struct {
	Script  string `json:"script"` // the function that was run
	Phase   string `json:"phase"`
	Samples int64  `json:"samples"`
	Bytes   uint64 `json:"bytes"` // of all samples
	Most    uint64 `json:"most"`  // of one
}

// maxMemoryScripts bounds the scripts that are told apart.
const maxMemoryScripts = 1000

// watchMemory has samples taken for lua_memory_samples.
func (e *Engine) watchMemory() {
	m := &e.shared.memory
	m.every = e.Conf.MemorySamples.V
	if m.every == 0 {
		return
	}
	if m.scripts == nil {
		m.scripts = map[string]*MemoryScript{}
		m.read = []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
		m.next()
	}
	e.OnResumed(e.memoryResumed)
}

// next chooses the next sample by chance, so that it does not go in step with
// the phases of requests.
func (m *memory) next() { m.left = 1 + rand.IntN(2*m.every-1) }

func (m *memory) allocated() uint64 {
	metrics.Read(m.read)
	return m.read[0].Value.Uint64()
}

// due ends a sample that is being taken and reports whether the stretch that
// begins is to be one.
func (m *memory) due() bool {
	if m.every == 0 {
		return false
	}
	m.end()
	if m.left--; m.left > 0 {
		return false
	}
	m.next()
	return true
}

// begin notes that a run begins.
func (m *memory) begin(r *run) {
	if m.due() {
		m.run, m.from = r, m.allocated()
	}
}

// memoryResumed notes that a script goes on after a wait, or that a light thread
// begins.
func (e *Engine) memoryResumed() {
	m := &e.shared.memory
	if !m.due() {
		return
	}
	if r := e.shared.runs.of(e.Loop.Current()); r != nil {
		m.run, m.from = r, m.allocated()
	}
}

// of is the run to which a task belongs, nil without.
func (l *runs) of(task *event.Task) *run {
	for r := l.newest; r != nil; r = r.older {
		if r.task == task || r.scope.Owns(task) {
			return r
		}
	}
	return nil
}

// end ends the sample that is being taken.
func (m *memory) end() {
	r := m.run
	if r == nil {
		return
	}
	m.run = nil
	if r.fn == nil {
		return
	}
	bytes := m.allocated() - m.from
	name := place(r.fn)[1:]
	key := r.phase.String() + " " + name
	s := m.scripts[key]
	if s == nil {
		if len(m.scripts) >= maxMemoryScripts {
			return
		}
		s = &MemoryScript{Script: name, Phase: r.phase.String()}
		m.scripts[key] = s
	}
	s.Samples++
	s.Bytes += bytes
	s.Most = max(s.Most, bytes)
}

// MemoryReport is what scripts allocate.
type MemoryReport struct {
	// Every is how many stretches there are to a sample on average.
	Every   int             `json:"every"`
	Heap    uint64          `json:"heap"` // bytes of all objects of the worker now
	Scripts []*MemoryScript `json:"scripts"`
}

// Memory reports the samples, the script that has allocated most first; nil
// when none are taken.
func (e *Engine) Memory() *MemoryReport {
	m := &e.shared.memory
	if m.every == 0 {
		return nil
	}
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(heap)
	report := &MemoryReport{Every: m.every, Heap: heap[0].Value.Uint64(), Scripts: []*MemoryScript{}}
	for _, s := range m.scripts {
		report.Scripts = append(report.Scripts, s)
	}
	slices.SortFunc(report.Scripts, func(a, b *MemoryScript) int {
		return cmp.Or(-cmp.Compare(a.Bytes, b.Bytes), cmp.Compare(a.Script, b.Script))
	})
	return report
}

// Text is the report for people.
func (r *MemoryReport) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "one stretch in %d is measured; the worker's objects are %d bytes now\n\n%12s %14s %14s %16s  script\n", r.Every, r.Heap, "samples", "bytes each", "most", "about in all")
	for _, s := range r.Scripts {
		fmt.Fprintf(&b, "%12d %14d %14d %16d  %s in %s\n", s.Samples, s.Bytes/uint64(s.Samples), s.Most, s.Bytes*uint64(r.Every), s.Script, s.Phase)
	}
	return b.String()
}
