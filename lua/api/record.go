package api

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/server/log"
)

// record is what init_by_lua was told when it ran for real, in the init process
// of a generation: each worker runs it again with the same answers, so that it
// has the state that a fork would have given it while effects happen once.
type record struct {
	Calls []call
	// next is the call that a replay comes to.
	next   int
	replay bool
	broken bool // a replay that took another way
}

// call is one call of a function with effects, or whose answer may change.
type call struct {
	Name    string
	Results []answer
	Failed  string // the error that it raised, with Raised
	Raised  bool
}

// answer is a Lua value that can be kept.
type answer struct {
	Kind   byte // n, b, f (number), s, t
	Bool   bool
	Number float64
	Text   string
	List   []answer // of a table: keys and values in turn
}

// recorded names the functions, by the table that holds them.
var recorded = map[string]string{
	"ngx":            "now time today localtime utctime update_time log",
	"os":             "time clock date execute remove rename tmpname",
	"math":           "random randomseed",
	"ngx.shared.any": "get get_stale set safe_set add safe_add replace delete incr lpush rpush lpop rpop llen ttl expire flush_all flush_expired get_keys capacity free_space",
	"_G":             "print",
}

// encode gives the record for the snapshot.
func (r *record) encode() ([]byte, error) {
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(r.Calls)
	return b.Bytes(), err
}

// decodeRecord is the record of an init process, for replay.
func decodeRecord(data []byte) (*record, error) {
	r := &record{replay: true}
	err := gob.NewDecoder(bytes.NewReader(data)).Decode(&r.Calls)
	return r, err
}

// install puts the record between init_by_lua and the functions; the returned
// function takes it away again.
func (e *Engine) install(r *record) (remove func()) {
	type place struct {
		t    *lua.LTable
		name string
		fn   lua.LValue
	}
	var places []place
	for table, names := range recorded {
		t := e.recordedTable(table)
		if t == nil {
			continue
		}
		for _, name := range strings.Fields(names) {
			fn, ok := t.RawGetString(name).(*lua.LFunction)
			if !ok || !fn.IsG {
				continue
			}
			places = append(places, place{t, name, fn})
			t.RawSetString(name, e.L.NewFunction(r.wrap(table+"."+name, fn, e)))
		}
	}
	return func() {
		for _, p := range places {
			p.t.RawSetString(p.name, p.fn)
		}
	}
}

// recordedTable finds a table of recorded.
func (e *Engine) recordedTable(name string) *lua.LTable {
	switch name {
	case "_G":
		return e.L.G.Global
	case "ngx.shared.any":
		shared, _ := e.ngx.RawGetString("shared").(*lua.LTable)
		if len(e.Conf.Dicts) == 0 || shared == nil {
			return nil
		}
		object, _ := shared.RawGetString(e.Conf.Dicts[0]).(*lua.LTable)
		if object == nil {
			return nil
		}
		methods, _ := object.Metatable.(*lua.LTable)
		return methods
	}
	t, _ := e.L.GetGlobal(name).(*lua.LTable)
	return t
}

// wrap is a function whose answers are recorded, or come from the record.
func (r *record) wrap(name string, fn *lua.LFunction, e *Engine) lua.LGFunction {
	return func(L *lua.LState) int {
		if r.replay && !r.broken {
			if r.next < len(r.Calls) && r.Calls[r.next].Name == name {
				c := &r.Calls[r.next]
				r.next++
				if c.Raised {
					L.Error(lua.LString(c.Failed), 0)
				}
				for i := range c.Results {
					L.Push(c.Results[i].value(L))
				}
				return len(c.Results)
			}
			r.broken = true
			e.Log().Printf(log.Warn, "init_by_lua took another way in this worker than in the init process, at %s: its calls have effects again", name)
		}
		if r.replay {
			return fn.GFunction(L)
		}
		return r.call(name, fn.GFunction, L)
	}
}

// call calls a function and keeps its answer, or the error that it raises.
func (r *record) call(name string, fn lua.LGFunction, L *lua.LState) int {
	c := call{Name: name, Raised: true}
	defer func() {
		if failure := recover(); failure != nil {
			if e, ok := failure.(*lua.ApiError); ok && e.Object != nil {
				c.Failed = e.Object.String()
			}
			r.Calls = append(r.Calls, c)
			panic(failure)
		}
		r.Calls = append(r.Calls, c)
	}()
	n := fn(L)
	c.Raised = false
	for i := L.GetTop() - n + 1; i <= L.GetTop(); i++ {
		c.Results = append(c.Results, answerOf(L.Get(i), 0))
	}
	return n
}

// maxDepth bounds tables in answers; the functions give flat ones.
const maxDepth = 8

func answerOf(v lua.LValue, depth int) answer {
	switch v := v.(type) {
	case lua.LBool:
		return answer{Kind: 'b', Bool: bool(v)}
	case lua.LNumber:
		return answer{Kind: 'f', Number: float64(v)}
	case lua.LString:
		return answer{Kind: 's', Text: string(v)}
	case *lua.LTable:
		a := answer{Kind: 't'}
		if depth < maxDepth {
			v.ForEach(func(key, value lua.LValue) {
				a.List = append(a.List, answerOf(key, depth+1), answerOf(value, depth+1))
			})
		}
		return a
	}
	return answer{Kind: 'n'}
}

func (a *answer) value(L *lua.LState) lua.LValue {
	switch a.Kind {
	case 'b':
		return lua.LBool(a.Bool)
	case 'f':
		return lua.LNumber(a.Number)
	case 's':
		return lua.LString(a.Text)
	case 't':
		t := L.NewTable()
		for i := 0; i+1 < len(a.List); i += 2 {
			t.RawSet(a.List[i].value(L), a.List[i+1].value(L))
		}
		return t
	}
	return lua.LNil
}

// RecordInit runs init_by_lua for real and gives what workers need to run it
// again without effects.
func (e *Engine) RecordInit() ([]byte, error) {
	if e.Conf.Init == nil {
		return nil, nil
	}
	r := &record{}
	remove := e.install(r)
	err := e.RunInit()
	remove()
	if err != nil {
		return nil, err
	}
	return r.encode()
}

// ReplayInit runs init_by_lua with the answers of a record.
func (e *Engine) ReplayInit(data []byte) error {
	if len(data) == 0 {
		return e.RunInit()
	}
	r, err := decodeRecord(data)
	if err != nil {
		return fmt.Errorf("record of init_by_lua: %w", err)
	}
	defer e.install(r)()
	return e.RunInit()
}

// Check compiles every script whose text stands in the configuration. The error
// names its directive.
func (e *Engine) Check() error {
	for _, code := range e.Conf.Codes {
		if code.File != nil || code.Path != "" {
			continue
		}
		if _, err := e.Load(code, nil); err != nil {
			return fmt.Errorf("%s in %s:%d", err.Error(), code.ConfFile, code.ConfLine)
		}
	}
	return nil
}
