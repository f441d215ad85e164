// Package script holds variables and complex values (text with variables in
// it), compiled once while the configuration is read. It is generic over the
// request type, so that every protocol has variables of the same kind.
package script

import (
	"fmt"
	"strings"
)

// Value is what a request has cached of a variable (ngx_variable_value_t). Data
// lives until the request ends.
type Value struct {
	Data  []byte
	Valid bool // Data or NotFound holds
	// NotFound means that there is no value, which is not the same as an empty
	// one to some users.
	NotFound bool
	// fixed means that the value was assigned, so that it stays although the
	// variable is not cacheable.
	fixed bool
	busy  bool
}

// Assigned reports whether the value was set, by a directive or by Assign, and
// not evaluated.
func (v *Value) Assigned() bool { return v.Valid && v.fixed }

// Flags say how a variable behaves; the names are nginx's.
type Flags uint8

// The flags of variables.
const (
	Changeable  Flags = 1 << iota // may be defined again, as by set
	NoCacheable                   // evaluated each time it is used
	NoHash                        // not found by name at run time
	Weak                          // replaced by any other definition
)

// Host is what a request must offer to scripts.
type Host interface {
	comparable
	// Values is the cache of indexed variables.
	Values() []Value
	// Capture is the n-th capture of the last regular expression, nil without.
	Capture(n int) []byte
	// Scratch returns n bytes that live until the request ends.
	Scratch(n int) []byte
	// Cycle reports that a variable's evaluation needs its own value.
	Cycle(name string)
}

// Variable is a named value of a request. Get returns the value and whether
// there is one.
type Variable[R Host] struct {
	Name  string
	Get   func(r R) ([]byte, bool)
	Set   func(r R, v []byte) // of built-in variables that set may change
	Flags Flags

	index    int  // in Values, -1 when nobody uses it by index
	prefixed bool // it is one of a prefix's
}

// Prefix makes the variables of a prefix such as "arg_"; name is what follows
// it.
type Prefix[R Host] struct {
	Name  string
	Make  func(name string) func(r R) ([]byte, bool)
	Flags Flags
}

// Table is the variables of one configuration.
type Table[R Host] struct {
	names    map[string]*Variable[R]
	prefixes []Prefix[R]
	indexed  []*Variable[R]
}

// NewTable returns an empty table.
func NewTable[R Host]() *Table[R] { return &Table[R]{names: map[string]*Variable[R]{}} }

// Add defines a variable. The error is nginx's `the duplicate "x" variable`.
func (t *Table[R]) Add(v Variable[R]) (*Variable[R], error) {
	old := t.names[v.Name]
	if old == nil {
		v.index = -1
		t.names[v.Name] = &v
		return &v, nil
	}
	if old.Get != nil && old.Flags&Changeable == 0 {
		return nil, fmt.Errorf("the duplicate %q variable", v.Name)
	}
	if v.Flags&Weak != 0 && old.Get != nil {
		return old, nil
	}
	if v.Get != nil {
		old.Get = v.Get
		old.Flags = v.Flags
	}
	if v.Set != nil {
		old.Set = v.Set
	}
	return old, nil
}

// AddPrefix defines the variables of a prefix.
func (t *Table[R]) AddPrefix(p Prefix[R]) { t.prefixes = append(t.prefixes, p) }

// Lookup returns a variable that was defined or used already, nil without.
func (t *Table[R]) Lookup(name string) *Variable[R] { return t.names[strings.ToLower(name)] }

// Each calls f for every variable that is defined or used.
func (t *Table[R]) Each(f func(v *Variable[R])) {
	for _, v := range t.names {
		f(v)
	}
}

// Index returns the place of a variable in the cache, noting its use; that it
// is defined is checked by Finish. Names are not case-sensitive.
func (t *Table[R]) Index(name string) int {
	name = strings.ToLower(name)
	v := t.names[name]
	if v == nil {
		v = &Variable[R]{Name: name, index: -1}
		t.names[name] = v
	}
	if v.index < 0 {
		v.index = len(t.indexed)
		t.indexed = append(t.indexed, v)
	}
	return v.index
}

// Len is the number of indexed variables: the size of a request's cache.
func (t *Table[R]) Len() int { return len(t.indexed) }

// Finish resolves variables of prefixes; the error names one that is unknown.
func (t *Table[R]) Finish() error {
	for _, v := range t.indexed {
		if v.Get != nil {
			continue
		}
		if get, flags := t.prefixed(v.Name); get != nil {
			v.Get = get
			v.Flags |= flags
			v.prefixed = true
			continue
		}
		return fmt.Errorf("unknown %q variable", v.Name)
	}
	return nil
}

// prefixed finds the longest prefix that fits.
func (t *Table[R]) prefixed(name string) (func(R) ([]byte, bool), Flags) {
	var best *Prefix[R]
	for i := range t.prefixes {
		p := &t.prefixes[i]
		if len(name) > len(p.Name) && strings.HasPrefix(name, p.Name) && (best == nil || len(p.Name) > len(best.Name)) {
			best = p
		}
	}
	if best == nil {
		return nil, 0
	}
	return best.Make(name[len(best.Name):]), best.Flags
}

// Get returns the value of an indexed variable, from the cache where the
// variable may be cached.
func (t *Table[R]) Get(r R, i int) *Value {
	val := &r.Values()[i]
	v := t.indexed[i]
	if val.Valid && (val.fixed || v.Flags&NoCacheable == 0) {
		return val
	}
	t.evaluate(r, v, val)
	return val
}

// Evaluate evaluates an indexed variable anew, unless it was assigned.
func (t *Table[R]) Evaluate(r R, i int) *Value {
	val := &r.Values()[i]
	if !val.Assigned() {
		t.evaluate(r, t.indexed[i], val)
		val = &r.Values()[i]
	}
	return val
}

// flush forgets a value that may not be cached
// (ngx_http_script_flush_no_cacheable_variables).
func (t *Table[R]) flush(r R, i int) {
	val := &r.Values()[i]
	if t.indexed[i].Flags&NoCacheable != 0 && !val.fixed && !val.busy {
		val.Valid = false
	}
}

// Cached returns the value of an indexed variable as it was when it was last
// evaluated, also where it is not cacheable.
func (t *Table[R]) Cached(r R, i int) *Value {
	val := &r.Values()[i]
	if !val.Valid {
		t.evaluate(r, t.indexed[i], val)
	}
	return val
}

func (t *Table[R]) evaluate(r R, v *Variable[R], val *Value) {
	if val.busy {
		r.Cycle(v.Name)
		*val = Value{Valid: true, NotFound: true, busy: true}
		return
	}
	val.busy = true
	data, ok := v.Get(r)
	i := v.index
	val = &r.Values()[i] // an internal redirect may have replaced the cache
	*val = Value{Data: data, Valid: true, NotFound: !ok}
}

// ByName returns the value of a variable whose name is known only at run time;
// ok is false when there is no such variable.
func (t *Table[R]) ByName(r R, name string) (data []byte, found, ok bool) {
	if v := t.names[name]; v != nil && v.Get != nil && v.Flags&NoHash == 0 {
		if v.index >= 0 {
			val := t.Get(r, v.index)
			return val.Data, !val.NotFound, true
		}
		data, found := v.Get(r)
		return data, found, true
	}
	if get, _ := t.prefixed(name); get != nil {
		data, found := get(r)
		return data, found, true
	}
	return nil, false, false
}

// Assign sets an indexed variable, through its setter where it has one.
func (t *Table[R]) Assign(r R, i int, data []byte, found bool) {
	v := t.indexed[i]
	if v.Set != nil {
		v.Set(r, data)
		return
	}
	r.Values()[i] = Value{Data: data, Valid: true, NotFound: !found, fixed: true}
}

// Outcome is how an assignment by name went.
type Outcome uint8

// The outcomes.
const (
	Assigned     Outcome = iota
	Unknown              // there is no such variable
	Unchangeable         // it is a built-in one that can not be set
	Unindexed            // nothing in the configuration uses it
)

// AssignByName sets a variable whose name, in lower case, is known only at run
// time. data must live until the request ends.
func (t *Table[R]) AssignByName(r R, name string, data []byte, found bool) Outcome {
	v := t.names[name]
	switch {
	case v == nil || v.Get == nil || v.prefixed && v.Set == nil || v.Flags&NoHash != 0:
		return Unknown
	case v.Flags&Changeable == 0 && v.Set == nil:
		return Unchangeable
	case v.Set != nil:
		v.Set(r, data)
	case v.index < 0:
		return Unindexed
	default:
		r.Values()[v.index] = Value{Data: data, Valid: true, NotFound: !found, fixed: true}
	}
	return Assigned
}

// Forget drops the cached value of a variable.
func (t *Table[R]) Forget(r R, name string) {
	if v := t.names[name]; v != nil && v.index >= 0 {
		r.Values()[v.index] = Value{}
	}
}

// At is the variable with an index.
func (t *Table[R]) At(i int) *Variable[R] { return t.indexed[i] }

// IndexOf is the variable's index, -1 when nothing uses it by index.
func (v *Variable[R]) IndexOf() int { return v.index }
