package counters

import (
	"encoding/json"
	"strconv"

	"github.com/perigee-server/perigee/server/http"
)

// collection is $cnt_collection: all counters of all sets as JSON.
func collection(r *http.Request) ([]byte, bool) {
	b := []byte{'{'}
	for i, s := range mains.Of(r).sets {
		b = comma(b, i)
		b = append(quoted(b, s.id), ":{"...)
		for j, x := range s.order {
			b = append(quoted(comma(b, j), x.name), ':')
			b = strconv.AppendInt(b, x.word.Load(), 10)
		}
		b = append(b, '}')
	}
	return append(b, '}'), true
}

// layout is $cnt_histograms: how the histograms of all sets are made up.
func layout(r *http.Request) ([]byte, bool) { return mains.Of(r).layout, true }

// describe is the text of $cnt_histograms.
func (m *mainConf) describe() []byte {
	b := []byte{'{'}
	for i, s := range m.sets {
		b = append(quoted(comma(b, i), s.id), ":{"...)
		for j, h := range s.histograms {
			b = append(quoted(comma(b, j), h.name), `:{"range":{`...)
			for k, x := range h.bins {
				b = append(quoted(comma(b, k), x.name), ':')
				b = quoted(b, m.upper(h, k))
			}
			b = append(quoted(append(b, `},"cnt":[`...), h.count.name), `,"cnt"],"err":[`...)
			b = append(quoted(b, h.err.name), `,"err"]}`...)
		}
		b = append(b, '}')
	}
	return append(b, '}')
}

// upper is the bound of a bin as map_to_range_index has it, "+Inf" behind the last
// one, and empty for other variables.
func (m *mainConf) upper(h *histogram, i int) string {
	bounds := m.ranges[h.boundName]
	switch {
	case i < len(bounds):
		return bounds[i]
	case i == len(bounds) && i > 0:
		return "+Inf"
	}
	return ""
}

func comma(b []byte, i int) []byte {
	if i > 0 {
		b = append(b, ',')
	}
	return b
}

func quoted(b []byte, s string) []byte {
	text, _ := json.Marshal(s) // of a string: no error
	return append(b, text...)
}
