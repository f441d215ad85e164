package api

import (
	"errors"
	"math"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/handler"
)

// returnedError is the second result of a handler that has returned nil and an
// error, as in `return nil, "not found"`.
func returnedError(L *lua.LState, results []lua.LValue) error {
	if results[0] != lua.LNil || results[1] == lua.LNil {
		return nil
	}
	if err := errorIn(results[1]); err != nil {
		return err
	}
	return errors.New(vm.ToText(L, results[1]))
}

// textResult is a string, a number or a truth value as bytes; ok is false for
// anything else but nil, which is no bytes.
func textResult(v lua.LValue) (b []byte, ok bool) {
	switch v := v.(type) {
	case lua.LString:
		return []byte(v), true
	case lua.LNumber:
		return vm.AppendNumber(nil, float64(v)), true
	case lua.LBool:
		if v {
			return []byte("1"), true
		}
		return []byte("0"), true
	}
	return nil, v == lua.LNil
}

// valueOf is the result of a handler of a variable, a service or a hook.
func valueOf(L *lua.LState, results []lua.LValue) ([]byte, error) {
	if err := returnedError(L, results); err != nil {
		return nil, err
	}
	b, ok := textResult(results[0])
	if !ok {
		return nil, &handler.Uncaught{Text: "the handler has returned a " + results[0].Type().String() + ", not a string, a number or a boolean"}
	}
	return b, nil
}

// responseOf is the result of a content handler: body, content type, status,
// headers.
func responseOf(L *lua.LState, results []lua.LValue) (resp handler.Response, err error) {
	if err := returnedError(L, results); err != nil {
		return resp, err
	}
	wrong := func(what string, v lua.LValue) (handler.Response, error) {
		return handler.Response{}, &handler.Uncaught{Text: "the handler has returned a " + v.Type().String() + " as its " + what}
	}
	if list, ok := results[0].(*lua.LTable); ok {
		for i := 1; i <= list.Len(); i++ {
			b, ok := textResult(list.RawGetInt(i))
			if !ok {
				return wrong("body's chunk", list.RawGetInt(i))
			}
			resp.Body = append(resp.Body, b)
		}
	} else {
		b, ok := textResult(results[0])
		if !ok {
			return wrong("body", results[0])
		}
		if len(b) > 0 {
			resp.Body = [][]byte{b}
		}
	}
	switch v := results[1].(type) {
	case lua.LString:
		resp.ContentType = string(v)
	default:
		if v != lua.LNil {
			return wrong("content type", v)
		}
		resp.ContentType = "text/plain"
	}
	switch v := results[2].(type) {
	case lua.LNumber:
		resp.Status = -1 // which the server refuses, as it does what is out of range
		if v >= 1 && v <= math.MaxInt32 {
			resp.Status = int(v)
		}
	default:
		if v != lua.LNil {
			return wrong("status", v)
		}
	}
	switch v := results[3].(type) {
	case *lua.LTable:
		var ok bool
		if resp.Header, ok = headerOf(v); !ok {
			return wrong("headers' field", v)
		}
	default:
		if v != lua.LNil {
			return wrong("headers", v)
		}
	}
	return resp, nil
}

// headerOf reads headers: pairs {name, value} in their order, then the fields of
// a plain table by name, where a value may be a list.
func headerOf(t *lua.LTable) (fields []handler.Field, ok bool) {
	for i := 1; i <= t.Len(); i++ {
		pair, isTable := t.RawGetInt(i).(*lua.LTable)
		if !isTable {
			return nil, false
		}
		name, okName := textResult(pair.RawGetInt(1))
		value, okValue := textResult(pair.RawGetInt(2))
		if !okName || !okValue {
			return nil, false
		}
		fields = append(fields, handler.Field{Name: string(name), Value: string(value)})
	}
	ordered := len(fields)
	ok = true
	t.ForEach(func(k, v lua.LValue) {
		name, named := k.(lua.LString)
		if !named {
			return
		}
		values := []lua.LValue{v}
		if list, isList := v.(*lua.LTable); isList {
			values = values[:0]
			for i := 1; i <= list.Len(); i++ {
				values = append(values, list.RawGetInt(i))
			}
		}
		for _, v := range values {
			b, okValue := textResult(v)
			ok = ok && okValue
			fields = append(fields, handler.Field{Name: string(name), Value: string(b)})
		}
	})
	slices.SortStableFunc(fields[ordered:], func(a, b handler.Field) int { return strings.Compare(a.Name, b.Name) })
	return fields, ok
}
