package embedded

import (
	"context"
	"testing"
	"testing/fstest"

	"github.com/perigee-server/perigee/server/handler/handlertest"
)

func init() {
	Content("testSite", fstest.MapFS{
		"site/index.html":     {Data: []byte("<p>start")},
		"site/sub/index.html": {Data: []byte("<p>sub")},
		"site/data.bin_":      {Data: []byte{0, 1}},
		"site/empty.txt":      {},
		"secret.txt":          {Data: []byte("secret")},
	}, "site")
}

func TestContent(t *testing.T) {
	for _, c := range []struct {
		arg, body, kind string
		status          int
	}{
		{"", "<p>start", "text/html; charset=utf-8", 200}, {"/", "<p>start", "text/html; charset=utf-8", 200}, {"sub/", "<p>sub", "text/html; charset=utf-8", 200},
		{"sub/index.html", "<p>sub", "text/html; charset=utf-8", 200}, {"data.bin_", "\x00\x01", "application/octet-stream", 200}, {"empty.txt", "", "text/plain; charset=utf-8", 200},
		{"nothing", "", "", 404}, {"../secret.txt", "", "", 404}, {"sub", "", "", 404}, {"sub/../index.html", "<p>start", "text/html; charset=utf-8", 200},
	} {
		got, err := handlertest.NewRequest("GET", "/").Content(context.Background(), "testSite", c.arg)
		if err != nil || got.Status != c.status || got.Body != c.body || got.ContentType != c.kind {
			t.Errorf("%q: %+v, %v", c.arg, got, err)
		}
	}
}

func TestETag(t *testing.T) {
	r := handlertest.NewRequest("GET", "/")
	first, err := r.Content(context.Background(), "testSite", "")
	if err != nil || len(first.Header) != 1 || first.Header[0].Name != "ETag" {
		t.Fatalf("%+v, %v", first, err)
	}
	for value, status := range map[string]int{first.Header[0].Value: 304, `"x", W/` + first.Header[0].Value: 304, "*": 304, `"x"`: 200} {
		r := handlertest.NewRequest("GET", "/")
		r.Header = append(r.Header, first.Header[0])
		r.Header[0].Name, r.Header[0].Value = "If-None-Match", value
		if got, err := r.Content(context.Background(), "testSite", ""); err != nil || got.Status != status {
			t.Errorf("%s: %+v, %v", value, got, err)
		}
	}
}
