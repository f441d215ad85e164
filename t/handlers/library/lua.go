package library

import (
	"context"
	"fmt"
	"time"

	"github.com/perigee-server/perigee/lua"
	"github.com/perigee-server/perigee/server/handler"
)

// What Go and Lua share, in both directions.
func init() {
	lua.RegisterModule("t.counter", openCounter)
	handler.Library("meet", registerMeeting)
}

// openCounter is a module with functions, userdata and a function that waits.
func openCounter(L *lua.State) int {
	n := 0
	methods := L.SetFuncs(L.NewTable(), map[string]lua.Function{"value": func(L *lua.State) int {
		L.Push(lua.Number(*L.CheckUserData(1).Value.(*int)))
		return 1
	}})
	meta := L.NewTable()
	L.SetField(meta, "__index", methods)
	L.Push(L.SetFuncs(L.NewTable(), map[string]lua.Function{
		"next": func(L *lua.State) int {
			n++
			L.Push(lua.Number(n))
			return 1
		},
		"box": func(L *lua.State) int {
			v := L.CheckInt(1)
			L.Push(&lua.UserData{Value: &v, Metatable: meta})
			return 1
		},
		"path": func(L *lua.State) int {
			r := lua.Request(L)
			if r == nil {
				L.Push(lua.Nil)
				return 1
			}
			L.Push(lua.String(r.URI))
			return 1
		},
		"wait": func(L *lua.State) int {
			text, err := lua.Await(L, func(ctx context.Context) (string, error) {
				select {
				case <-time.After(time.Duration(L.CheckInt(1)) * time.Millisecond):
					return "waited", nil
				case <-ctx.Done():
					return "", context.Cause(ctx)
				}
			})
			if err != nil {
				L.RaiseError("%s", err.Error())
			}
			L.Push(lua.String(text))
			return 1
		},
		"fall": func(L *lua.State) int {
			lua.Await(L, func(context.Context) (int, error) { panic("fallen") })
			return 0
		},
	}))
	return 1
}

func registerMeeting() {
	handler.Init(func([]string) error {
		if err := handler.Subscribe("to-go", func(topic string, data []byte) {
			d, err := handler.SharedDict("d")
			if err == nil {
				err = d.Set("heard", topic+": "+string(data), 0)
			}
			if err == nil {
				err = handler.Publish("to-lua", append([]byte("again "), data...))
			}
			if err != nil {
				panic(err)
			}
		}); err != nil && err.Error() != `directive "lua_worker_events" is not set` {
			return err
		}
		return nil
	})
	handler.Sync("ctxGet", func(r *handler.Request, key []byte) ([]byte, error) {
		v, err := r.Ctx(string(key))
		return fmt.Appendf(nil, "%v(%T)", v, v), err
	})
	handler.Sync("ctxSet", func(r *handler.Request, key []byte) ([]byte, error) {
		for name, v := range map[string]any{"text": "go", "number": 7, "truth": true, "opaque": struct{}{}} {
			if err := r.SetCtx(string(key)+name, v); err != nil {
				return nil, err
			}
		}
		return []byte("set"), nil
	})
	handler.Sync("setVar", func(r *handler.Request, value []byte) ([]byte, error) {
		return []byte("done"), r.SetVar("shared", value)
	})
	handler.Sync("publish", func(data []byte) ([]byte, error) { return []byte("published"), handler.Publish("to-go", data) })
	handler.Async("dict", func(_ context.Context, key []byte) ([]byte, error) {
		d, err := handler.SharedDict("d")
		if err != nil {
			return nil, err
		}
		if _, err := d.Incr(string(key), 1, 40); err != nil {
			return nil, err
		}
		added, err := d.Add("added", true, time.Hour)
		if err != nil {
			return nil, err
		}
		again, err := d.Add("added", false, 0)
		if err != nil {
			return nil, err
		}
		v, err := d.Get("from-lua")
		if err != nil {
			return nil, err
		}
		gone, _ := d.Get("nothing")
		d.Delete("deleted")
		return fmt.Appendf(nil, "%v %v %v %v", v, added, again, gone), d.Set("from-go", []byte("bytes"), 0)
	})
	handler.Service("aService", func(ctx context.Context, arg []byte, _ bool) ([]byte, error) {
		<-ctx.Done()
		return arg, nil
	})
}
