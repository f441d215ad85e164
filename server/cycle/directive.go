package cycle

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// Context is a set of places in which a directive may stand.
type Context uint32

// The places of nginx's configuration.
const (
	Main Context = 1 << iota
	Events
	HTTP
	HTTPServer
	HTTPLocation
	HTTPUpstream
	HTTPServerIf
	HTTPLocationIf
	HTTPLimitExcept

	// HTTPAll is http, server and location, where most directives stand.
	HTTPAll = HTTP | HTTPServer | HTTPLocation
	// HTTPAllIf adds `if` in location.
	HTTPAllIf = HTTPAll | HTTPLocationIf
)

var contextNames = []struct {
	c    Context
	name string
}{
	{Main, "main"}, {Events, "events"}, {HTTP, "http"}, {HTTPServer, "server"}, {HTTPLocation, "location"},
	{HTTPUpstream, "upstream"}, {HTTPServerIf, "if in server"}, {HTTPLocationIf, "if in location"}, {HTTPLimitExcept, "limit_except"},
}

// Names lists the places of the set, for documentation.
func (c Context) Names() []string {
	var out []string
	for _, n := range contextNames {
		if c&n.c != 0 {
			out = append(out, n.name)
		}
	}
	return out
}

// Setter applies a directive; c.Dir is the directive.
type Setter func(c *Conf) error

// Directive is a row of a module's table.
type Directive struct {
	Name string
	In   Context
	// Args is the number of arguments: "0", "1", "1-2", "1+", "1,3" for one or
	// three, or "flag" for on|off; " block" behind it for a block directive,
	// " raw" for a block of Lua.
	Args string
	Set  Setter
	// Doc is one sentence for the reference; for a directive that is accepted
	// without effect it says why.
	Doc string

	arity  arity
	module string
}

// arity is the parsed form of Directive.Args.
type arity struct {
	min, max int // max < 0: no limit
	only     []int
	flag     bool
	block    bool
	raw      bool
}

func parseArity(s string) (arity, error) {
	var a arity
	count, kind, _ := strings.Cut(s, " ")
	a.block = kind == "block"
	a.raw = kind == "raw"
	if kind != "" && !a.block && !a.raw {
		return a, fmt.Errorf("arity %q", s)
	}
	if count == "flag" {
		a.flag, a.min, a.max = true, 1, 1
		return a, nil
	}
	if strings.Contains(count, ",") {
		for _, f := range strings.Split(count, ",") {
			n, err := strconv.Atoi(f)
			if err != nil {
				return a, err
			}
			a.only = append(a.only, n)
		}
		return a, nil
	}
	if low, ok := strings.CutSuffix(count, "+"); ok {
		n, err := strconv.Atoi(low)
		a.min, a.max = n, -1
		return a, err
	}
	low, high, ranged := strings.Cut(count, "-")
	n, err := strconv.Atoi(low)
	if err != nil {
		return a, err
	}
	a.min, a.max = n, n
	if ranged {
		a.max, err = strconv.Atoi(high)
	}
	return a, err
}

func (a *arity) fits(n int) bool {
	for _, o := range a.only {
		if o == n {
			return true
		}
	}
	if a.only != nil {
		return false
	}
	return n >= a.min && (a.max < 0 || n <= a.max)
}

// registry holds every directive that was registered, by name.
var registry = map[string][]*Directive{}

// Register adds a module's directives; called from init functions. A malformed
// row is a bug and panics.
func Register(module string, ds []Directive) {
	for i := range ds {
		d := &ds[i]
		a, err := parseArity(d.Args)
		if err != nil {
			panic("directive " + d.Name + ": " + err.Error())
		}
		d.arity, d.module = a, module
		registry[d.Name] = append(registry[d.Name], d)
	}
}

// Module is the name of the module that registered the directive.
func (d *Directive) Module() string { return d.module }

// Registered lists all directives by module and name, for the reference.
func Registered() []*Directive {
	var all []*Directive
	for _, ds := range registry {
		all = append(all, ds...)
	}
	sort.Slice(all, func(i, j int) bool {
		if all[i].module != all[j].module {
			return all[i].module < all[j].module
		}
		return all[i].Name < all[j].Name
	})
	return all
}

// isRaw tells the parser which directives have a block of Lua.
func isRaw(name string) bool {
	for _, d := range registry[name] {
		if d.arity.raw {
			return true
		}
	}
	return strings.HasSuffix(name, "_by_lua_block")
}
