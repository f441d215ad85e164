package regex

import (
	lua "github.com/yuin/gopher-lua"
)

// startOf reads the field pos of a context table, which counts from 1.
func startOf(L *lua.LState, index int) (context *lua.LTable, from int) {
	switch v := L.Get(index).(type) {
	case *lua.LNilType:
		return nil, 0
	case *lua.LTable:
		context = v
	default:
		L.RaiseError("attempt to index local 'ctx' (a %s value)", v.Type().String())
	}
	switch pos := context.RawGetString("pos").(type) {
	case *lua.LNilType:
		return context, 0
	case lua.LNumber:
		return context, max(int(pos)-1, 0)
	default:
		L.RaiseError("attempt to compare %s with number", pos.Type().String())
	}
	return nil, 0
}

// match is ngx.re.match(subject, regex, options?, ctx?, res?).
func (lib *library) match(L *lua.LState) int {
	p, failure := lib.compile(L, 2)
	if p == nil {
		return refuse(L, failure)
	}
	subject := textOf(L, 1)
	context, from := startOf(L, 4)
	var result *lua.LTable
	switch v := L.Get(5).(type) {
	case *lua.LNilType:
	case *lua.LTable:
		result = v
	default:
		L.RaiseError("attempt to index local 'res' (a %s value)", v.Type().String())
	}
	offsets, failure := lib.run(p, subject, from)
	if failure != "" {
		return refuse(L, failure)
	}
	if offsets == nil {
		L.Push(lua.LNil)
		return 1
	}
	if context != nil {
		context.RawSetString("pos", lua.LNumber(offsets[1]+1))
	}
	L.Push(p.captures(L, subject, offsets, result))
	return 1
}

// captures fills a table, which is made when it is nil: the match under 0, the
// groups under their numbers and names, false for one that took no part.
func (p *pattern) captures(L *lua.LState, subject string, offsets []int, into *lua.LTable) *lua.LTable {
	if into == nil {
		into = L.CreateTable(p.NumSubexp(), len(p.Names()))
	}
	into.RawSetH(lua.LNumber(0), lua.LString(subject[offsets[0]:offsets[1]]))
	if p.dfa {
		return into
	}
	for group := 1; 2*group < len(offsets); group++ {
		into.RawSetInt(group, capture(subject, offsets, group))
	}
	if len(p.Names()) > 0 {
		p.named(L, subject, offsets, into)
	}
	return into
}

func capture(subject string, offsets []int, group int) lua.LValue {
	if 2*group >= len(offsets) || offsets[2*group] < 0 {
		return lua.LFalse
	}
	return lua.LString(subject[offsets[2*group]:offsets[2*group+1]])
}

func (p *pattern) named(L *lua.LState, subject string, offsets []int, into *lua.LTable) {
	last := ""
	var list *lua.LTable
	for _, name := range p.Names() {
		value := capture(subject, offsets, name.Group)
		if !p.dup {
			into.RawSetString(name.Name, value)
			continue
		}
		if value == lua.LFalse {
			continue
		}
		if list == nil || name.Name != last {
			list, last = L.CreateTable(1, 0), name.Name
			into.RawSetString(name.Name, list)
		}
		list.Append(value)
	}
}

// find is ngx.re.find(subject, regex, options?, ctx?, nth?).
func (lib *library) find(L *lua.LState) int {
	p, failure := lib.compile(L, 2)
	if p == nil {
		return refuseFind(L, failure)
	}
	subject := textOf(L, 1)
	context, from := startOf(L, 4)
	nth := 0
	switch v := L.Get(5).(type) {
	case *lua.LNilType:
	case lua.LNumber:
		nth = max(int(v), 0)
	default:
		L.RaiseError("attempt to compare %s with number", v.Type().String())
	}
	offsets, failure := lib.run(p, subject, from)
	if failure != "" {
		return refuseFind(L, failure)
	}
	if offsets == nil {
		L.Push(lua.LNil)
		return 1
	}
	if context != nil {
		context.RawSetString("pos", lua.LNumber(offsets[1]+1))
	}
	if nth > p.NumSubexp() {
		return refuseFind(L, "nth out of bound")
	}
	start, end := offsets[2*nth], offsets[2*nth+1]
	if start < 0 {
		L.Push(lua.LNil)
		L.Push(lua.LNil)
		return 2
	}
	L.Push(lua.LNumber(start + 1))
	L.Push(lua.LNumber(end))
	return 2
}

// gmatch is ngx.re.gmatch(subject, regex, options?): an iterator, which may be
// called from anywhere.
func (lib *library) gmatch(L *lua.LState) int {
	p, failure := lib.compile(L, 2)
	if p == nil {
		return refuse(L, failure)
	}
	subject, at := textOf(L, 1), 0
	L.Push(L.NewFunction(func(L *lua.LState) int {
		if at > len(subject) {
			L.Push(lua.LNil)
			return 1
		}
		offsets, failure := lib.run(p, subject, at)
		if offsets == nil {
			at = len(subject) + 1
			if failure != "" {
				return refuse(L, failure)
			}
			L.Push(lua.LNil)
			return 1
		}
		at = offsets[1]
		if offsets[0] == offsets[1] {
			at = p.after(subject, at)
		}
		L.Push(p.captures(L, subject, offsets, nil))
		return 1
	}))
	return 1
}

func refuse(L *lua.LState, message string) int {
	L.Push(lua.LNil)
	L.Push(lua.LString(message))
	return 2
}

func refuseFind(L *lua.LState, message string) int {
	L.Push(lua.LNil)
	return 1 + refuse(L, message)
}
