package prometheus

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// set is the counters of one set, in their order.
type set struct {
	id         string
	names      []string
	values     map[string]int64
	histograms []histogram
	parts      map[string]bool // counters that belong to histograms
}

// histogram is the layout of one: the counters of its bins with their bounds.
type histogram struct {
	name         string
	bins, bounds []string
	count, err   string
}

// ranged reports whether the bins have bounds, the last one being infinite.
func (h *histogram) ranged() bool {
	return len(h.bounds) > 0 && h.bounds[len(h.bounds)-1] == "+Inf"
}

// readSets reads $cnt_collection and $cnt_histograms; both may be empty.
func readSets(collection, layout []byte) (sets []*set, err error) {
	byID := map[string]*set{}
	err = object(collection, func(id string, d *json.Decoder) error {
		s := &set{id: id, values: map[string]int64{}, parts: map[string]bool{}}
		sets, byID[id] = append(sets, s), s
		return members(d, func(name string) error {
			var n int64
			if err := d.Decode(&n); err != nil {
				return err
			}
			s.names = append(s.names, name)
			s.values[name] = n
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	err = object(layout, func(id string, d *json.Decoder) error {
		s := byID[id]
		if s == nil {
			s = &set{parts: map[string]bool{}}
		}
		return members(d, func(name string) error {
			h := histogram{name: name}
			if err := h.read(d); err != nil {
				return err
			}
			s.histograms = append(s.histograms, h)
			for _, part := range append([]string{h.count, h.err, name + "_sum"}, h.bins...) {
				s.parts[part] = true
			}
			return nil
		})
	})
	return sets, err
}

// read reads the layout of a histogram.
func (h *histogram) read(d *json.Decoder) error {
	return members(d, func(what string) error {
		switch what {
		case "range":
			return members(d, func(bin string) error {
				var bound string
				h.bins = append(h.bins, bin)
				err := d.Decode(&bound)
				h.bounds = append(h.bounds, bound)
				return err
			})
		case "cnt":
			return first(d, &h.count)
		case "err":
			return first(d, &h.err)
		}
		var other any
		return d.Decode(&other)
	})
}

// first is the first string of a list.
func first(d *json.Decoder, s *string) error {
	var list []string
	if err := d.Decode(&list); err != nil {
		return err
	}
	if len(list) > 0 {
		*s = list[0]
	}
	return nil
}

// object reads an object's members in their order, f the value of each.
func object(text []byte, f func(name string, d *json.Decoder) error) error {
	if len(text) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	return members(d, func(name string) error { return f(name, d) })
}

func members(d *json.Decoder, f func(name string) error) error {
	if t, err := d.Token(); err != nil {
		return err
	} else if t != json.Delim('{') {
		return fmt.Errorf("an object expected, not %v", t)
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := t.(string)
		if err := f(name); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}
