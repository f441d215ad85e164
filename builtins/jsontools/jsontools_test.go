package jsontools

import "testing"

func TestGet(t *testing.T) {
	const text = `{"a":{"b":[1,{"c":"x\ty"},null,1e400]},"d.e":true,"":"empty","big":12345678901234567890}`
	for _, c := range []struct{ path, value, kind, length string }{
		{"a.b[0]", "1", "number", ""}, {"a.b[1].c", "x\ty", "string", "3"}, {"a.b[2]", "", "null", ""}, {"a.b[-1]", "1e400", "number", ""},
		{"a.b", `[1,{"c":"x\ty"},null,1e400]`, "array", "4"}, {`["d.e"]`, "true", "boolean", ""}, {`[""]`, "empty", "string", "5"},
		{"big", "12345678901234567890", "number", ""}, {"a.x", "", "", ""}, {"a.b[9]", "", "", ""}, {"a.b.c", "", "", ""}, {"big[0]", "", "", ""}, {"a", `{"b":[1,{"c":"x\ty"},null,1e400]}`, "object", "1"},
	} {
		v, err := get(c.path, text)
		k, err2 := kind(c.path, text)
		n, err3 := length(c.path, text)
		if v != c.value || k != c.kind || n != c.length || err != nil || err2 != nil || err3 != nil {
			t.Errorf("%s: %q %q %q %v", c.path, v, k, n, err)
		}
	}
	for _, path := range []string{"a..b", "a[", "a[x]", `a["b]`, "a.b[0", "."} {
		if v, err := get(path, text); err == nil {
			t.Errorf("%s: %q", path, v)
		}
	}
	if _, err := get("a", `{"a":1} 2`); err == nil {
		t.Error("two values are read")
	}
}

// TestMerge has the cases of RFC 7396.
func TestMerge(t *testing.T) {
	for _, c := range [][3]string{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`}, {`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`}, {`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`}, {`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`["a"]`, `["c"]`, `["c"]`}, {`{"a":"foo"}`, `null`, `null`}, {`{"e":null}`, `{"a":1}`, `{"a":1,"e":null}`}, {`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
	} {
		a, _ := parse(c[0])
		b, _ := parse(c[1])
		if got := marshal(merge(a, b)); got != c[2] {
			t.Errorf("%s with %s: %s", c[0], c[1], got)
		}
	}
}

func FuzzPath(f *testing.F) {
	f.Add(`a[0]["b"].c`, `{"a":[{"b":{"c":1}}]}`)
	f.Fuzz(func(t *testing.T, path, text string) { get(path, text) })
}
