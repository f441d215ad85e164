package counters

import (
	"strconv"

	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/script"
	"github.com/perigee-server/perigee/shm"
)

// set is the counters that servers with one id share.
type set struct {
	id         string
	order      []*cell
	cells      map[string]*cell
	histograms []*histogram
	survives   bool // a reload
}

// cell is one counter of a set; its word is found when the zone is there.
type cell struct {
	name string
	word *shm.Counter
}

// find is the set with that id, nil when there is none.
func (m *mainConf) find(id string) *set {
	for _, s := range m.sets {
		if s.id == id {
			return s
		}
	}
	return nil
}

// make is find for a set that is made when it is missing.
func (m *mainConf) make(id string) *set {
	if s := m.find(id); s != nil {
		return s
	}
	s := &set{id: id, cells: map[string]*cell{}}
	m.sets = append(m.sets, s)
	return s
}

// cell is the counter of that name, made when it is missing.
func (s *set) cell(name string) *cell {
	if x := s.cells[name]; x != nil {
		return x
	}
	x := &cell{name: name}
	s.cells[name] = x
	s.order = append(s.order, x)
	return x
}

// variable defines the variable of a counter, once in the configuration.
func (m *mainConf) variable(vars *http.Variables, name string, get func(r *http.Request) ([]byte, bool)) error {
	if m.variables[name] {
		return nil
	}
	m.variables[name] = true
	_, err := vars.Add(http.Variable{Name: name, Get: get, Flags: script.NoCacheable})
	return err
}

// value gives the variable of a counter: its value in the set of the request's
// server.
func value(name string) func(r *http.Request) ([]byte, bool) {
	return func(r *http.Request) ([]byte, bool) {
		s := servers.Of(r)
		if s.set == nil || s.set.cells[name] == nil {
			return []byte(s.unreachable.V), true
		}
		return strconv.AppendInt(nil, s.set.cells[name].word.Load(), 10), true
	}
}
