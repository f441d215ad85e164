package headersmore

import "testing"

func TestIs(t *testing.T) {
	for _, c := range []struct {
		f    field
		name string
		want bool
	}{
		{field{lower: "x-a"}, "X-A", true},
		{field{lower: "x-a"}, "X-Ab", false},
		{field{lower: "x-a"}, "X-", false},
		{field{lower: "x-", wildcard: true}, "X-", true},
		{field{lower: "x-", wildcard: true}, "X-Anything", true},
		{field{lower: "x-", wildcard: true}, "Y-A", false},
	} {
		if got := c.f.is([]byte(c.name)); got != c.want {
			t.Errorf("%v is %s: %v", c.f, c.name, got)
		}
	}
}

func TestMatches(t *testing.T) {
	x := &command{types: []string{"text/html", "text/css"}, statuses: []int{404, 500}}
	for _, c := range []struct {
		ctype  string
		status int
		want   bool
	}{{"text/css", 404, true}, {"text/css", 200, false}, {"text/plain", 404, false}, {"", 404, false}} {
		if got := x.matches([]byte(c.ctype), c.status); got != c.want {
			t.Errorf("%q %d: %v", c.ctype, c.status, got)
		}
	}
	if !(&command{}).matches(nil, 200) {
		t.Error("a command without criteria is not for all")
	}
}
