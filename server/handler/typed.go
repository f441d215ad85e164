package handler

import (
	"bytes"
	"context"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"time"
)

// Typed turns a function of a value into a handler: its argument is decoded
// into a T. Strings and bytes are taken as they are; numbers, truth values,
// durations as the configuration writes them (1, 200ms, 1m30s) and what
// implements encoding.TextUnmarshaler have a text form; everything else, and
// what begins like JSON, is JSON. An argument that does not fit is an error that
// says what was expected.
func Typed[T any](f func(context.Context, T) ([]byte, error)) func(context.Context, []byte) ([]byte, error) {
	return func(ctx context.Context, arg []byte) ([]byte, error) {
		v, err := Decode[T](arg)
		if err != nil {
			return nil, err
		}
		return f(ctx, v)
	}
}

// TypedSync is Typed for synchronous handlers.
func TypedSync[T any](f func(T) ([]byte, error)) func([]byte) ([]byte, error) {
	return func(arg []byte) ([]byte, error) {
		v, err := Decode[T](arg)
		if err != nil {
			return nil, err
		}
		return f(v)
	}
}

// Decode makes a T of an argument, as Typed does.
func Decode[T any](arg []byte) (v T, err error) {
	switch p := any(&v).(type) {
	case *string:
		*p = string(arg)
		return v, nil
	case *[]byte:
		*p = arg
		return v, nil
	case *time.Duration:
		d, ok := ParseDuration(string(arg))
		if !ok {
			return v, misfit(arg, "a duration such as 10, 200ms or 1m30s")
		}
		*p = d
		return v, nil
	case *bool:
		return v, decodeBool(arg, p)
	case encoding.TextUnmarshaler:
		if looksLikeJSON(arg) {
			break
		}
		if err := p.UnmarshalText(arg); err != nil {
			return v, misfit(arg, fmt.Sprintf("%T: %s", v, err))
		}
		return v, nil
	}
	return v, decodeKind(arg, reflect.ValueOf(&v).Elem())
}

func decodeBool(arg []byte, p *bool) error {
	switch string(arg) {
	case "1", "on", "true":
		*p = true
	case "0", "off", "false":
		*p = false
	default:
		return misfit(arg, "a truth value: on, off, true, false, 1 or 0")
	}
	return nil
}

// decodeKind decodes numbers, strings of other names, and JSON.
func decodeKind(arg []byte, v reflect.Value) error {
	text := string(arg)
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
		return nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			return misfit(arg, fmt.Sprintf("an integer of %d bits", v.Type().Bits()))
		}
		v.SetInt(n)
		return nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n, err := strconv.ParseUint(text, 10, v.Type().Bits())
		if err != nil {
			return misfit(arg, fmt.Sprintf("an unsigned integer of %d bits", v.Type().Bits()))
		}
		v.SetUint(n)
		return nil
	case reflect.Float32, reflect.Float64:
		n, err := strconv.ParseFloat(text, v.Type().Bits())
		if err != nil {
			return misfit(arg, "a number")
		}
		v.SetFloat(n)
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(arg))
	if err := d.Decode(v.Addr().Interface()); err != nil {
		return misfit(arg, fmt.Sprintf("JSON for %s: %s", v.Type(), err))
	}
	if _, err := d.Token(); err == nil {
		return misfit(arg, fmt.Sprintf("one JSON value for %s", v.Type()))
	}
	return nil
}

// looksLikeJSON reports whether an argument begins as an object, a list or a
// string of JSON.
func looksLikeJSON(arg []byte) bool {
	arg = bytes.TrimLeft(arg, " \t\r\n")
	return len(arg) > 0 && (arg[0] == '{' || arg[0] == '[' || arg[0] == '"')
}

// misfit is the error for an argument of another type; a long one is cut.
func misfit(arg []byte, want string) error {
	const shown = 64
	if len(arg) > shown {
		return fmt.Errorf("argument %q… is not %s", arg[:shown], want)
	}
	return fmt.Errorf("argument %q is not %s", arg, want)
}
