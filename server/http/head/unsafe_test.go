package head

import "testing"

func TestUnsafeURI(t *testing.T) {
	for _, c := range []struct{ uri, path, args string }{
		{"/a", "/a", ""}, {"/a?b=c", "/a", "b=c"}, {"/a%20b?c=%20", "/a b", "c=%20"}, {"/%zz", "/%zz", ""}, {"/a..b/..c", "/a..b/..c", ""},
		{"@name", "@name", ""}, {"a/b", "a/b", ""},
	} {
		path, args, err := UnsafeURI([]byte(c.uri))
		if err != nil || string(path) != c.path || string(args) != c.args {
			t.Errorf("%q: %q %q %v", c.uri, path, args, err)
		}
	}
	for _, uri := range []string{"", "?a", "..", "../a", "/..", "/a/../b", "/a/%2e%2e/b", "/%2e./b", "/a%00b"} {
		if _, _, err := UnsafeURI([]byte(uri)); err != ErrUnsafeURI {
			t.Errorf("%q was taken", uri)
		}
	}
}
