package handlers

import (
	"encoding/binary"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
)

// defaultToken is the name of the variable with the request's token.
const defaultToken = "_r_ptr"

// tokens gives requests numbers that stand for them in arguments of handlers.
// A number is never given twice by a worker, so that one that is kept too long
// names no request rather than another one.
type tokens struct {
	last     uint64
	requests map[uint64]*http.Request
	numbers  map[*http.Request]uint64
}

// requestToken is $_r_ptr: eight bytes that name the client's request inside
// this worker until it ends.
func requestToken(r *http.Request) ([]byte, bool) {
	r = r.Main
	t := &mains.Of(r).tokens
	n, ok := t.numbers[r]
	if !ok {
		if t.numbers == nil {
			t.numbers, t.requests = map[*http.Request]uint64{}, map[uint64]*http.Request{}
		}
		t.last++
		n = t.last
		t.numbers[r], t.requests[n] = n, r
		r.AtEnd(func() {
			delete(t.numbers, r)
			delete(t.requests, n)
		})
	}
	return binary.BigEndian.AppendUint64(nil, n), true
}

// withToken puts the request's token before an argument.
func withToken(r *http.Request, arg []byte) []byte {
	t, _ := requestToken(r)
	return append(t, arg...)
}

// setTokenName is handler_request_variable_name.
func setTokenName(c *cycle.Conf) error {
	m := mains.At(c)
	name, err := variableName(c, c.Arg(0))
	if err != nil {
		return err
	}
	if m.libraries.any() {
		return c.Errorf("directive %q must precede directives \"handler compile\" and \"handler load\"", c.Dir.Name)
	}
	if m.tokenName != defaultToken {
		return c.Wrong("is duplicate")
	}
	m.tokenName = name
	if _, err := http.ScopeOf(c).Main.Vars.Add(http.Variable{Name: name, Get: requestToken}); err != nil {
		return c.Errorf("%s", err)
	}
	return nil
}
