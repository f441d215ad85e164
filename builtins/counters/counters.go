// Package counters is nginx-custom-counters-module: counters and histograms in
// shared memory, for servers and locations.
package counters

import (
	"strings"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/script"
)

// levels are where normal counters and histograms may be declared.
const levels = cycle.HTTPServer | cycle.HTTPLocation | cycle.HTTPLocationIf

func init() {
	http.Register(&http.Module{Name: "ngx_http_custom_counters_module", Init: initialise, Start: startSaving, Variables: append(predefined(),
		http.Variable{Name: "cnt_collection", Get: collection, Flags: script.NoCacheable},
		http.Variable{Name: "cnt_histograms", Get: layout},
	), Directives: []cycle.Directive{
		{Name: "counter", In: levels, Args: "1-3", Set: setCounter(false), Doc: "A counter that the log phase changes: `inc` or `set` with a number or a variable, both perhaps with `-`, 1 unless given; `undo` forgets what the levels around say. Its variable is its value."},
		{Name: "early_counter", In: cycle.HTTPLocation, Args: "1-3", Set: setCounter(true), Doc: "The same before the rewrite directives of a location, each time that a request enters it."},
		{Name: "counter_set_id", In: cycle.HTTPServer, Args: "1", Set: setID, Doc: "The set of counters that the server shares with others, instead of its last name."},
		{Name: "histogram", In: levels, Args: "2-3", Set: setHistogram, Doc: "A histogram with a number of bins, and the variable that gives the bin of a request; `reuse`, `undo` and `reset` in other places. `$NAME_00` and further, `$NAME_cnt` and `$NAME_err` are counters, `$NAME` is all bins."},
		{Name: "map_to_range_index", In: cycle.HTTP, Args: "3+", Set: setRanges, Doc: "A variable with the index of the first of several rising bounds that a variable does not exceed, or their number."},
		{Name: "counters_survive_reload", In: cycle.HTTP | cycle.HTTPServer, Args: "flag", Set: cycle.SetFlag(servers, func(s *serverConf) *cycle.Opt[bool] { return &s.survive }), Doc: "Whether the counters of the server's set keep their values when the configuration is loaded anew."},
		{Name: "counters_persistent_storage", In: cycle.HTTP, Args: "1-2", Set: setStorage, Doc: "The file, JSON, that the counters of sets with counters_survive_reload are saved to as the server ends, and every so often when a time is given, and loaded from when it starts."},
		{Name: "display_unreachable_counter_as", In: cycle.HTTP | cycle.HTTPServer, Args: "1", Set: cycle.SetString(servers, func(s *serverConf) *cycle.Opt[string] { return &s.unreachable }), Doc: "What a counter is in a server whose set does not have it; empty unless given."},
	}})
}

// mainConf is the module's settings of the http block.
type mainConf struct {
	sets      []*set
	variables map[string]bool // of counters and histograms
	ranges    map[string][]string
	layout    []byte // $cnt_histograms
	times     times
	storage   storage
}

// serverConf is the module's settings of a server.
type serverConf struct {
	survive     cycle.Opt[bool]
	unreachable cycle.Opt[string]
	set         *set // nil before the first counter
	named       bool // counter_set_id
}

var mains = http.NewMain(func() *mainConf {
	return &mainConf{variables: map[string]bool{}, ranges: map[string][]string{}}
}, nil)

var servers = http.NewServer(func() *serverConf { return &serverConf{} }, mergeServer)

// mergeServer also finds the set of a server that only reads counters.
func mergeServer(c *cycle.Conf, outer, own *serverConf) error {
	own.survive.Merge(&outer.survive, false)
	own.unreachable.Merge(&outer.unreachable, "")
	sc := http.ScopeOf(c)
	if own.set != nil || sc.Server == nil || len(sc.Server.Names) == 0 {
		return nil
	}
	own.set = mains.In(sc.Main).find(sc.Server.Names[len(sc.Server.Names)-1].Name)
	return nil
}

// setOf is the set that a declaration of the present server belongs to.
func setOf(c *cycle.Conf) (*set, error) {
	s := servers.At(c)
	if s.set != nil {
		return s.set, nil
	}
	names := http.ScopeOf(c).Server.Names
	if len(names) == 0 || names[len(names)-1].Name == "" {
		return nil, c.Errorf("custom counters require directive \"counter_set_id\" or non-empty last server name")
	}
	s.set = mains.At(c).make(names[len(names)-1].Name)
	return s.set, nil
}

// setID is counter_set_id.
func setID(c *cycle.Conf) error {
	s := servers.At(c)
	switch {
	case s.named:
		return c.Wrong("is duplicate")
	case s.set != nil:
		return c.Errorf("directive \"counter_set_id\" must precede all server's custom counters declarations")
	}
	s.set, s.named = mains.At(c).make(c.Arg(0)), true
	return nil
}

// variableName takes the "$" off the name of a counter.
func variableName(c *cycle.Conf, s string) (string, error) {
	if len(s) < 2 || s[0] != '$' {
		return "", c.Errorf("invalid variable name %q", s)
	}
	return strings.ToLower(s[1:]), nil
}

// initialise adds the phase handlers where they have something to do.
func initialise(c *cycle.Conf, m *http.Main) error {
	mc := mains.In(m)
	for _, s := range m.Servers {
		if sc := servers.In(s); sc.set != nil {
			sc.set.survives = sc.set.survives || sc.survive.V
		}
	}
	mc.layout = mc.describe()
	has := func(early bool) func(l *http.Location) bool {
		return func(l *http.Location) bool { return locations.In(l).has(early) }
	}
	m.AddPhase(http.PhaseHandler{Name: "early counters", Phase: http.Rewrite, Order: -110, Applies: has(true), Run: runEarly})
	m.AddPhase(http.PhaseHandler{Name: "counters", Phase: http.Log, Order: -90, Applies: has(false), Run: runLog})
	return mc.declareZones(c, m)
}
