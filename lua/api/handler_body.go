package api

import (
	"io"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/server/handler"
)

// handlerBodyMeta is the metatable of the bodies that handlers are given.
func (e *Engine) handlerBodyMeta() *lua.LTable {
	methods := e.L.NewTable()
	for name, f := range map[string]func(L *lua.LState, b *handler.Body) int{
		"read": readHandlerBody, "all": wholeHandlerBody, "len": lengthOfHandlerBody, "chunks": chunksOfHandlerBody, "file": fileOfHandlerBody,
	} {
		methods.RawSetString(name, e.L.NewFunction(func(L *lua.LState) int {
			data, _ := L.Get(1).(*lua.LUserData)
			if data == nil {
				L.ArgError(1, "body expected")
			}
			b, ok := data.Value.(*handler.Body)
			if !ok {
				L.ArgError(1, "body expected")
			}
			if b == nil {
				L.RaiseError("the handler of this body has returned")
			}
			return f(L, b)
		}))
	}
	meta := e.L.NewTable()
	meta.RawSetString("__index", methods)
	return meta
}

// bodyObject is a body as Lua sees it; its Value becomes a nil body when the
// handler has returned.
func (e *Engine) bodyObject(b *handler.Body) *lua.LUserData {
	return &lua.LUserData{Value: b, Metatable: e.bodyMeta}
}

// maxRead bounds one call of body:read.
const maxRead = 1 << 20

// readHandlerBody gives up to n bytes, nil at the end.
func readHandlerBody(L *lua.LState, b *handler.Body) int {
	n := L.CheckInt(2)
	if n <= 0 {
		L.ArgError(2, "positive number expected")
	}
	buf := make([]byte, min(n, maxRead, max(int(b.Len()), 1)))
	got, err := io.ReadFull(b, buf)
	switch {
	case got > 0:
		L.Push(lua.LString(buf[:got]))
		return 1
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		L.Push(lua.LNil)
		return 1
	}
	return fail(L, err.Error())
}

func wholeHandlerBody(L *lua.LState, b *handler.Body) int {
	text, err := b.Bytes()
	if err != nil {
		return fail(L, err.Error())
	}
	L.Push(lua.LString(text))
	return 1
}

func lengthOfHandlerBody(L *lua.LState, b *handler.Body) int {
	L.Push(lua.LNumber(b.Len()))
	return 1
}

// chunksOfHandlerBody gives the strings of a body in memory, nil for a file.
func chunksOfHandlerBody(L *lua.LState, b *handler.Body) int {
	if b.File() != nil {
		L.Push(lua.LNil)
		return 1
	}
	t := L.NewTable()
	for _, c := range b.Chunks() {
		t.Append(lua.LString(c))
	}
	L.Push(t)
	return 1
}

// fileOfHandlerBody gives the path of a body in a file, nil for one in memory.
func fileOfHandlerBody(L *lua.LState, b *handler.Body) int {
	if f := b.File(); f != nil {
		L.Push(lua.LString(f.Name()))
		return 1
	}
	L.Push(lua.LNil)
	return 1
}
