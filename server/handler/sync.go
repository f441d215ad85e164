package handler

// SyncFunc is the shapes of a synchronous handler: one string, two strings, any
// number of strings, or bytes, to a string, bytes or a truth value, which is
// "1" or "0"; some with an error, and one with the request.
type SyncFunc interface {
	func(string) string | func(string, string) string | func(...string) string |
		func(string) bool | func(string, string) bool | func(...string) bool |
		func(string) (string, error) | func(string, string) (string, error) | func(...string) (string, error) |
		func([]byte) []byte | func([]byte) bool | func([]byte) ([]byte, error) |
		func(*Request, []byte) ([]byte, error)
}

// Sync registers a synchronous handler, for the directive handler_run. It runs
// in the event loop when its variable is wanted, and must not block.
func Sync[F SyncFunc](name string, f F) {
	h := Handler{Name: name, Kind: KindSync, MinArgs: 1, MaxArgs: 1}
	switch f := any(f).(type) {
	case func(string) string:
		h.RunSync = func(_ *Request, a [][]byte) (Value, error) { return Value{Text: f(string(a[0]))}, nil }
	case func(string, string) string:
		h.MinArgs, h.MaxArgs = 2, 2
		h.RunSync = func(_ *Request, a [][]byte) (Value, error) { return Value{Text: f(string(a[0]), string(a[1]))}, nil }
	case func(...string) string:
		h.MaxArgs = -1
		h.RunSync = func(_ *Request, a [][]byte) (Value, error) { return Value{Text: f(texts(a)...)}, nil }
	case func(string) bool:
		h.RunSync = func(_ *Request, a [][]byte) (Value, error) { return truth(f(string(a[0]))), nil }
	case func(string, string) bool:
		h.MinArgs, h.MaxArgs = 2, 2
		h.RunSync = func(_ *Request, a [][]byte) (Value, error) { return truth(f(string(a[0]), string(a[1]))), nil }
	case func(...string) bool:
		h.MaxArgs = -1
		h.RunSync = func(_ *Request, a [][]byte) (Value, error) { return truth(f(texts(a)...)), nil }
	case func(string) (string, error):
		h.RunSync = func(_ *Request, a [][]byte) (Value, error) { return text(f(string(a[0]))) }
	case func(string, string) (string, error):
		h.MinArgs, h.MaxArgs = 2, 2
		h.RunSync = func(_ *Request, a [][]byte) (Value, error) { return text(f(string(a[0]), string(a[1]))) }
	case func(...string) (string, error):
		h.MaxArgs = -1
		h.RunSync = func(_ *Request, a [][]byte) (Value, error) { return text(f(texts(a)...)) }
	case func([]byte) []byte:
		h.RunSync = func(_ *Request, a [][]byte) (Value, error) { return Value{Bytes: f(a[0])}, nil }
	case func([]byte) bool:
		h.RunSync = func(_ *Request, a [][]byte) (Value, error) { return truth(f(a[0])), nil }
	case func([]byte) ([]byte, error):
		h.RunSync = func(_ *Request, a [][]byte) (Value, error) { return bytesOf(f(a[0])) }
	case func(*Request, []byte) ([]byte, error):
		h.WantsRequest = true
		h.RunSync = func(r *Request, a [][]byte) (Value, error) { return bytesOf(f(r, a[0])) }
	}
	add(h)
}

func texts(args [][]byte) []string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = string(a)
	}
	return out
}

var one, zero = []byte("1"), []byte("0")

func truth(b bool) Value {
	if b {
		return Value{Bytes: one}
	}
	return Value{Bytes: zero}
}

func text(s string, err error) (Value, error) { return Value{Text: s}, err }

func bytesOf(b []byte, err error) (Value, error) { return Value{Bytes: b}, err }
