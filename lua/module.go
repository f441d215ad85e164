package lua

import (
	"context"

	glua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/api"
	"github.com/perigee-server/perigee/server/http"
)

// The types of the language, as gopher-lua has them: a module written for that
// works here too.
type (
	State    = glua.LState
	Value    = glua.LValue
	String   = glua.LString
	Number   = glua.LNumber
	Bool     = glua.LBool
	Table    = glua.LTable
	UserData = glua.LUserData
	Function = glua.LGFunction
)

// Nil is the value nil.
var Nil Value = glua.LNil

// RegisterModule makes a module of Go that scripts find with require. open runs in
// each VM when the first script asks for the module, and pushes the module's value,
// as a loader of gopher-lua's PreloadModule does:
//
//	lua.RegisterModule("counter", func(L *lua.State) int {
//		n := 0
//		L.Push(L.SetFuncs(L.NewTable(), map[string]lua.Function{
//			"next": func(L *lua.State) int { n++; L.Push(lua.Number(n)); return 1 },
//		}))
//		return 1
//	})
//
// The functions run in the event loop, one at a time, and must not block: see Await.
// Call it from an init function; a name that is taken already panics.
func RegisterModule(name string, open func(L *State) int) { api.RegisterModule(name, open) }

// Request is the request of the script that calls on L, nil in a script without
// one. It is valid until the function returns.
func Request(L *State) *http.Request { return api.RequestOf(L) }

// Await runs a function that may block on a goroutine of its own while the script
// on L waits, as ngx.sleep does, and other requests go on. The context is cancelled
// when the script is ended meanwhile; Await then does not return, and f must return
// soon. It raises an error in phases that can not wait.
func Await[T any](L *State, f func(ctx context.Context) (T, error)) (v T, err error) {
	err = api.Await(L, func(ctx context.Context) error {
		result, err := f(ctx)
		if ctx.Err() == nil {
			v = result
		}
		return err
	})
	return v, err
}
