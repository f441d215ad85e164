package api

import (
	"hash/maphash"
	"os"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/http"
)

// CacheMode is what lua_code_cache says.
type CacheMode uint8

// The values of lua_code_cache.
const (
	CacheOn   CacheMode = iota // scripts and modules are kept
	CacheOff                   // each request has a VM of its own
	CacheStat                  // kept until their file changes
)

// source is a file that Lua was loaded from, as it was then.
type source struct {
	path string
	hash uint64
	// seen is the file at the last look, nil before the first one: that one
	// compares the contents, as what init_by_lua has loaded is as old as the
	// generation.
	seen os.FileInfo
}

var sourceSeed = maphash.MakeSeed()

func sourceOf(path string, content []byte) source {
	return source{path: path, hash: maphash.Bytes(sourceSeed, content)}
}

// changed looks at the file: another inode, size or time of modification is a
// change, and so is its absence.
func (s *source) changed() bool {
	now, err := os.Stat(s.path)
	if err != nil {
		return true
	}
	if old := s.seen; old != nil {
		return !os.SameFile(old, now) || old.Size() != now.Size() || !old.ModTime().Equal(now.ModTime())
	}
	content, err := os.ReadFile(s.path)
	if err != nil || maphash.Bytes(sourceSeed, content) != s.hash {
		return true
	}
	s.seen = now
	return false
}

// reloading is what lua_code_cache stat knows of modules.
type reloading struct {
	modules map[string]*source
	// users are, for each module, those whose main chunk has required it: they
	// may hold what it was.
	users map[string]map[string]bool
}

// watchModules notes where modules come from, where a location has
// lua_code_cache stat.
func (e *Engine) watchModules() {
	if !e.Conf.Reload {
		return
	}
	r := &reloading{modules: map[string]*source{}, users: map[string]map[string]bool{}}
	e.reloading = r
	vm.WatchModules(e.L, &vm.ModuleWatch{
		Read: func(module, file string, content []byte) {
			s := sourceOf(file, content)
			r.modules[module] = &s
		},
		Needs: func(importer, module string) {
			if r.users[module] == nil {
				r.users[module] = map[string]bool{}
			}
			r.users[module][importer] = true
		},
	})
}

// Refresh forgets the scripts and modules whose files have changed, when the
// client's request comes to Lua for the first time. Code that runs goes on with
// what it has.
func (e *Engine) Refresh(r *http.Request) {
	if contexts.Of(r) != nil || r.Main != r && contexts.Of(r.Main) != nil {
		return
	}
	for path, l := range e.files {
		if l.source.changed() {
			delete(e.files, path)
		}
	}
	for name, s := range e.reloading.modules {
		if s.changed() {
			e.dropModule(name)
		}
	}
}

// dropModule forgets a module and those that have it from their main chunks.
func (e *Engine) dropModule(name string) {
	r := e.reloading
	users := r.users[name]
	delete(r.users, name)
	delete(r.modules, name)
	vm.DropModule(e.L, name)
	for user := range users {
		e.dropModule(user)
	}
}
