package http

// Shared holds what modules of different languages want to share about a
// request: native handlers, and Lua in ngx.ctx. An internal redirect clears it,
// as it clears the state of modules.
type Shared struct {
	r      *Request
	values map[string]any
}

// SharedTable is where the script of a request keeps its part of the shared
// values: strings, float64 and truth values. Others are nil to Get.
type SharedTable interface {
	Get(key string) any
	// Set returns false for a value that the table can not hold; nil takes a
	// value out.
	Set(key string, v any) bool
}

var sharedStates = NewContext[Shared]()

// scriptTable finds the table of a request's script, nil before there is one.
var scriptTable = func(*Request) SharedTable { return nil }

// ShareTables names the function that finds the table of a request's script. The
// module of the language calls it from an init function.
func ShareTables(find func(r *Request) SharedTable) { scriptTable = find }

// Shared is the request's shared state.
func (r *Request) Shared() *Shared {
	s := sharedStates.Of(r)
	if s == nil {
		s = &Shared{r: r}
		sharedStates.Set(r, s)
	}
	return s
}

// Get returns the value under a key, nil without.
func (s *Shared) Get(key string) any {
	if t := scriptTable(s.r); t != nil {
		if v := t.Get(key); v != nil {
			return v
		}
	}
	return s.values[key]
}

// Set stores a value under a key; nil takes it out.
func (s *Shared) Set(key string, v any) {
	if t := scriptTable(s.r); t != nil && t.Set(key, v) {
		delete(s.values, key)
		return
	}
	if v == nil {
		delete(s.values, key)
		return
	}
	if s.values == nil {
		s.values = map[string]any{}
	}
	s.values[key] = v
}

// HandOver moves shared values into the table that a script begins to use.
func (r *Request) HandOver(t SharedTable) {
	s := sharedStates.Of(r)
	if s == nil {
		return
	}
	for key, v := range s.values {
		if t.Set(key, v) {
			delete(s.values, key)
		}
	}
}
