package http

// Shared holds what modules of different languages want to share about a
// request: native handlers, and Lua in ngx.ctx. An internal redirect clears it,
// as it clears the state of modules.
type Shared struct{ values map[string]any }

var sharedStates = NewContext[Shared]()

// Shared is the request's shared state.
func (r *Request) Shared() *Shared {
	s := sharedStates.Of(r)
	if s == nil {
		s = &Shared{}
		sharedStates.Set(r, s)
	}
	return s
}

// Get returns the value under a key, nil without.
func (s *Shared) Get(key string) any { return s.values[key] }

// Set stores a value under a key; nil takes it out.
func (s *Shared) Set(key string, v any) {
	if v == nil {
		delete(s.values, key)
		return
	}
	if s.values == nil {
		s.values = map[string]any{}
	}
	s.values[key] = v
}
