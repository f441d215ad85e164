// Package jsontools is the library "json" of native handlers: values out of JSON
// and JSON out of values, for handler_run. `handler load json;`
package jsontools

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/perigee-server/perigee/server/handler"
)

func init() { handler.Library("json", register) }

func register() {
	handler.Sync("jsonValid", func(text []byte) bool { return json.Valid(text) })
	handler.Sync("jsonString", func(s string) string { return marshal(s) })
	handler.Sync("jsonGet", get)
	handler.Sync("jsonType", kind)
	handler.Sync("jsonLength", length)
	handler.Sync("jsonObject", object)
	handler.Sync("jsonMerge", func(target, patch string) (string, error) {
		a, err := parse(target)
		if err != nil {
			return "", err
		}
		b, err := parse(patch)
		if err != nil {
			return "", err
		}
		return marshal(merge(a, b)), nil
	})
}

// parse reads one value; numbers keep their text.
func parse(text string) (v any, err error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("there is more than one value")
	}
	return v, nil
}

// marshal writes a value that parse has made.
func marshal(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return ""
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// at finds a value by its path: names with dots, and indices from 0 on, negative
// ones from the end, in brackets, as in `users[0].name`. Names with dots or
// brackets are written in quotes in brackets, `["a.b"]`. found is false where
// there is nothing.
func at(path, text string) (v any, found bool, err error) {
	if v, err = parse(text); err != nil {
		return nil, false, err
	}
	for path != "" {
		var step any
		if step, path, err = next(path); err != nil {
			return nil, false, err
		}
		switch s := step.(type) {
		case string:
			o, _ := v.(map[string]any)
			if v, found = o[s]; !found {
				return nil, false, nil
			}
		case int:
			l, _ := v.([]any)
			if s < 0 {
				s += len(l)
			}
			if s < 0 || s >= len(l) {
				return nil, false, nil
			}
			v = l[s]
		}
	}
	return v, true, nil
}

// next takes the first step off a path: a name or an index.
func next(path string) (step any, rest string, err error) {
	wrong := func() (any, string, error) { return nil, "", fmt.Errorf("invalid path at %q", path) }
	if path[0] != '[' {
		name := strings.TrimPrefix(path, ".")
		end := strings.IndexAny(name, ".[")
		if end < 0 {
			end = len(name)
		}
		if end == 0 {
			return wrong()
		}
		return name[:end], name[end:], nil
	}
	inner := path[1:]
	if strings.HasPrefix(inner, `"`) {
		quoted, err := strconv.QuotedPrefix(inner)
		if err != nil || !strings.HasPrefix(inner[len(quoted):], "]") {
			return wrong()
		}
		name, _ := strconv.Unquote(quoted)
		return name, inner[len(quoted)+1:], nil
	}
	digits, rest, ok := strings.Cut(inner, "]")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil {
		return wrong()
	}
	return n, rest, nil
}

// get is jsonGet PATH TEXT: a string as it is, nothing for null and for what is
// not there, other values as JSON.
func get(path, text string) (string, error) {
	v, _, err := at(path, text)
	switch v := v.(type) {
	case nil:
		return "", err
	case string:
		return v, nil
	}
	return marshal(v), nil
}

// kind is jsonType PATH TEXT: object, array, string, number, boolean, null, or
// nothing.
func kind(path, text string) (string, error) {
	v, found, err := at(path, text)
	if err != nil || !found {
		return "", err
	}
	switch v.(type) {
	case map[string]any:
		return "object", nil
	case []any:
		return "array", nil
	case string:
		return "string", nil
	case json.Number:
		return "number", nil
	case bool:
		return "boolean", nil
	}
	return "null", nil
}

// length is jsonLength PATH TEXT: the number of members, elements or bytes.
func length(path, text string) (string, error) {
	v, _, err := at(path, text)
	switch v := v.(type) {
	case map[string]any:
		return strconv.Itoa(len(v)), err
	case []any:
		return strconv.Itoa(len(v)), err
	case string:
		return strconv.Itoa(len(v)), err
	}
	return "", err
}

// object is jsonObject NAME VALUE …: an object of strings; a name that ends in
// ":json" takes its value as JSON.
func object(list ...string) (string, error) {
	if len(list)%2 != 0 {
		return "", errors.New("names and values in turn are expected")
	}
	o := map[string]any{}
	for i := 0; i < len(list); i += 2 {
		name, isJSON := strings.CutSuffix(list[i], ":json")
		if !isJSON {
			o[name] = list[i+1]
			continue
		}
		v, err := parse(list[i+1])
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		o[name] = v
	}
	return marshal(o), nil
}

// merge is a merge patch (RFC 7396).
func merge(target, patch any) any {
	p, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	t, ok := target.(map[string]any)
	if !ok {
		t = map[string]any{}
	}
	for name, v := range p {
		if v == nil {
			delete(t, name)
			continue
		}
		t[name] = merge(t[name], v)
	}
	return t
}
