package vm

import (
	lua "github.com/yuin/gopher-lua"
)

// ModuleWatch hears of the modules that require loads from files.
type ModuleWatch struct {
	// Read is called when a module's file was read, before it is compiled.
	Read func(module, file string, content []byte)
	// Needs is called when the main chunk of a module, which may keep the
	// result for ever, has required another one.
	Needs func(importer, module string)

	names  map[*lua.FunctionProto]string
	protos map[string]*lua.FunctionProto
}

// watchKey is where the registry keeps a VM's ModuleWatch.
const watchKey = "perigee.vm.watch"

// WatchModules has w hear of modules. It must be called before scripts run.
func WatchModules(L *lua.LState, w *ModuleWatch) {
	w.names = map[*lua.FunctionProto]string{}
	w.protos = map[string]*lua.FunctionProto{}
	L.G.Registry.RawSetString(watchKey, &lua.LUserData{Value: w})
}

// DropModule takes a module out of package.loaded: it is loaded again when it is
// required the next time.
func DropModule(L *lua.LState, name string) {
	if loaded, ok := L.G.Registry.RawGetString("_LOADED").(*lua.LTable); ok {
		loaded.RawSetString(name, lua.LNil)
	}
}

func watchOf(L *lua.LState) *ModuleWatch {
	data, ok := L.G.Registry.RawGetString(watchKey).(*lua.LUserData)
	if !ok {
		return nil
	}
	return data.Value.(*ModuleWatch)
}

// required notes which module's main chunk calls require.
func (w *ModuleWatch) required(L *lua.LState, module string) {
	caller := at(L, 1)
	if caller == nil || caller.IsG {
		return
	}
	if importer := w.names[caller.Proto]; importer != "" {
		w.Needs(importer, module)
	}
}

// compiled notes the main chunk of a module.
func (w *ModuleWatch) compiled(module string, main *lua.FunctionProto) {
	delete(w.names, w.protos[module])
	w.names[main], w.protos[module] = module, main
}
