package api

import (
	"bytes"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/server/log"
)

// logRing keeps the last lines of the error log for ngx.errlog, in a bounded
// number of bytes. Any goroutine may write to it.
type logRing struct {
	mu    sync.Mutex
	room  int // bytes left
	level log.Level
	lines []logged
}

type logged struct {
	level log.Level
	at    time.Time
	text  string
}

// lineCost is what a line takes besides its text.
const lineCost = 32

// WriteLine keeps a line; older ones go to make room.
func (r *logRing) WriteLine(level log.Level, line []byte) {
	if level > r.level {
		return
	}
	line = bytes.TrimSuffix(line, []byte("\n"))
	r.mu.Lock()
	defer r.mu.Unlock()
	need := len(line) + lineCost
	for r.room < need && len(r.lines) > 0 {
		r.pop()
	}
	if r.room < need {
		return
	}
	r.room -= need
	r.lines = append(r.lines, logged{level, time.Now(), string(line)})
}

func (r *logRing) pop() logged {
	l := r.lines[0]
	r.lines[0] = logged{}
	r.lines = r.lines[1:]
	r.room += len(l.text) + lineCost
	return l
}

func (r *logRing) take() (logged, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.lines) == 0 {
		return logged{}, false
	}
	return r.pop(), true
}

func init() {
	family(func(e *Engine) {
		if e.Conf.CaptureLog.V > 0 && e.shared.ring == nil {
			e.shared.ring = &logRing{room: int(e.Conf.CaptureLog.V), level: log.Debug}
			log.Tap(e.shared.ring)
		}
		e.module("ngx.errlog", func(L *lua.LState) *lua.LTable {
			t := L.NewTable()
			e.set(t, anyPhase, map[string]function{
				"get_sys_filter_level": func(e *Engine, c *Ctx, L *lua.LState) int {
					level := e.Log().Level()
					if c.R != nil {
						level = c.R.Logger().Level()
					}
					L.Push(lua.LNumber(level))
					return 1
				},
				"set_filter_level": setFilterLevel,
				"get_logs":         getLogs,
				"raw_log":          rawLog,
			})
			return t
		})
	})
}

func checkLevel(L *lua.LState, function string) log.Level {
	n, ok := L.Get(1).(lua.LNumber)
	if !ok {
		L.RaiseError("bad argument #1 to '%s' (must be a number)", function)
	}
	if n < lua.LNumber(log.Stderr) || n > lua.LNumber(log.Debug) {
		L.RaiseError("bad argument #1 to '%s' (bad log level)", function)
	}
	return log.Level(n)
}

func setFilterLevel(e *Engine, c *Ctx, L *lua.LState) int {
	n, ok := L.Get(1).(lua.LNumber)
	if !ok {
		L.RaiseError("bad \"level\" argument: number expected, got %s", typeName(L.Get(1)))
	}
	if e.shared.ring == nil {
		return fail(L, "directive \"lua_capture_error_log\" is not set")
	}
	if n < 0 || n > lua.LNumber(log.Debug) {
		return fail(L, "bad log level: "+lua.LVAsString(n))
	}
	e.shared.ring.level = log.Level(n)
	L.Push(lua.LTrue)
	return 1
}

// getLogs takes lines out of the ring: level, time and text in turn.
func getLogs(e *Engine, c *Ctx, L *lua.LState) int {
	if e.shared.ring == nil {
		return fail(L, "directive \"lua_capture_error_log\" is not set")
	}
	most := 10
	if n, ok := toInt(L.Get(1)); ok && n > 0 {
		most = n
	}
	into, ok := L.Get(2).(*lua.LTable)
	if !ok {
		into = L.CreateTable(most*3, 0)
	}
	i := 1
	for ; most > 0; most-- {
		l, ok := e.shared.ring.take()
		if !ok {
			break
		}
		into.RawSetInt(i, lua.LNumber(l.level))
		into.RawSetInt(i+1, lua.LNumber(seconds(l.at)))
		into.RawSetInt(i+2, lua.LString(l.text))
		i += 3
	}
	into.RawSetInt(i, lua.LNil)
	L.Push(into)
	return 1
}

func rawLog(e *Engine, c *Ctx, L *lua.LState) int {
	level := checkLevel(L, "raw_log")
	text, ok := L.Get(2).(lua.LString)
	if !ok {
		L.RaiseError("bad argument #2 to 'raw_log' (must be a string)")
	}
	c.logLine(level, string(text))
	return 0
}
