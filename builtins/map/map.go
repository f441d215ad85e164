// Package mapping is ngx_http_map_module: variables by tables.
package mapping

import (
	"bytes"
	"strings"

	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/script"
)

// table is one map block.
type table struct {
	source    *http.Complex
	hostnames bool
	exact     map[string]*http.Complex
	heads     []wild // *.example.org, longest first
	tails     []wild
	regexes   []regex
	def       *http.Complex
}

type wild struct {
	part  string
	value *http.Complex
}

type regex struct {
	rx    *http.Regex
	value *http.Complex
}

func init() {
	http.Register(&http.Module{Name: "ngx_http_map_module", Directives: []cycle.Directive{
		{Name: "map", In: cycle.HTTP, Args: "2 block", Set: set, Doc: "A variable whose value depends on that of others by a table."},
		{Name: "map_hash_max_size", In: cycle.HTTP, Args: "1", Set: cycle.Ignore, Doc: "No effect: Go's maps need no tuning."},
		{Name: "map_hash_bucket_size", In: cycle.HTTP, Args: "1", Set: cycle.Ignore, Doc: "No effect: Go's maps need no tuning."},
	}})
}

func set(c *cycle.Conf) error {
	source, err := http.CompileComplex(c, c.Arg(0))
	if err != nil {
		return err
	}
	name := c.Arg(1)
	if len(name) < 2 || name[0] != '$' {
		return c.Errorf("invalid variable name %q", name)
	}
	t := &table{source: source, exact: map[string]*http.Complex{}}
	v := http.Variable{Name: strings.ToLower(name[1:]), Get: t.get, Flags: script.Changeable}
	for _, d := range c.Dir.Block {
		c.Dir = d
		if d.Name == "volatile" && len(d.Args) == 0 {
			v.Flags |= script.NoCacheable
			continue
		}
		if err := t.add(c, d); err != nil {
			return err
		}
	}
	if t.def == nil {
		t.def, _ = http.CompileComplex(c, "")
	}
	sortLongest(t.heads)
	sortLongest(t.tails)
	if _, err := http.ScopeOf(c).Main.Vars.Add(v); err != nil {
		return c.Errorf("%s", err)
	}
	return nil
}

func sortLongest(w []wild) {
	for i := range w {
		for j := i; j > 0 && len(w[j].part) > len(w[j-1].part); j-- {
			w[j], w[j-1] = w[j-1], w[j]
		}
	}
}

// add takes one line of the block.
func (t *table) add(c *cycle.Conf, d *conf.Directive) error {
	if d.Name == "hostnames" && len(d.Args) == 0 {
		t.hostnames = true
		return nil
	}
	if len(d.Args) != 1 {
		return c.Errorf("invalid number of the map parameters")
	}
	value, err := http.CompileComplex(c, d.Args[0])
	if err != nil {
		return err
	}
	key := d.Name
	if key == "default" {
		if t.def != nil {
			return c.Errorf("duplicate default map parameter")
		}
		t.def = value
		return nil
	}
	if strings.HasPrefix(key, "~") {
		caseless := strings.HasPrefix(key, "~*")
		pattern := key[1:]
		if caseless {
			pattern = key[2:]
		}
		rx, err := http.CompileRegex(c, pattern, caseless)
		if err != nil {
			return err
		}
		t.regexes = append(t.regexes, regex{rx, value})
		return nil
	}
	key = strings.TrimPrefix(key, "\\")
	key = strings.ToLower(key)
	if t.hostnames {
		switch {
		case strings.HasPrefix(key, "*."):
			t.heads = append(t.heads, wild{key[1:], value})
			return nil
		case strings.HasPrefix(key, "."):
			t.heads = append(t.heads, wild{key, value})
			key = key[1:]
		case strings.HasSuffix(key, ".*"):
			t.tails = append(t.tails, wild{key[:len(key)-1], value})
			return nil
		}
	}
	if _, ok := t.exact[key]; ok {
		return c.Errorf("conflicting parameter %q", d.Name)
	}
	t.exact[key] = value
	return nil
}

// get is the variable's value.
func (t *table) get(r *http.Request) ([]byte, bool) {
	v := t.find(r, t.source.Eval(r))
	return v.Eval(r), true
}

func (t *table) find(r *http.Request, key []byte) *http.Complex {
	lower := bytes.ToLower(key)
	if t.hostnames && len(lower) > 0 && lower[len(lower)-1] == '.' {
		lower = lower[:len(lower)-1]
	}
	if v, ok := t.exact[string(lower)]; ok {
		return v
	}
	for _, w := range t.heads {
		if len(lower) > len(w.part) && string(lower[len(lower)-len(w.part):]) == w.part {
			return w.value
		}
	}
	for _, w := range t.tails {
		if len(lower) > len(w.part) && string(lower[:len(w.part)]) == w.part {
			return w.value
		}
	}
	for _, x := range t.regexes {
		if r.Match(x.rx, key) {
			return x.value
		}
	}
	return t.def
}
