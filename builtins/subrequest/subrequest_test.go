package subrequest

import (
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	o, timeout, err := parse([]byte(`{"uri":"https://a/","method":"PUT","timeout":"1m30s","headers":{"A":"b"},"socket":"/s"}`))
	if err != nil || o.URI != "https://a/" || o.Method != "PUT" || timeout != 90*time.Second || o.Headers["A"] != "b" || o.Socket != "/s" {
		t.Errorf("%+v, %s, %v", o, timeout, err)
	}
	if o, timeout, err := parse([]byte(" http://a/b ")); err != nil || o.URI != "http://a/b" || timeout != defaultTimeout {
		t.Errorf("%+v, %s, %v", o, timeout, err)
	}
	for _, wrong := range []string{"", "a", "ftp://a", "{", `{"uri":"http://a","time":1}`, `{"uri":"http://a","timeout":"x"}`, `{"uri":"http://a","timeout":"0"}`, `{"uri":7}`} {
		if o, _, err := parse([]byte(wrong)); err == nil {
			t.Errorf("%s: %+v", wrong, o)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"uri":"http://a/","timeout":"1s"}`))
	f.Fuzz(func(t *testing.T, arg []byte) { parse(arg) })
}
