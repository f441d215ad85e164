package spec

import (
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Depend tells go's cache of test results what a result depends on besides the
// test: the server's sources, or the variable that names another server. What is
// read before the tests begin, as in TestMain, the cache does not see.
var Depend = sync.OnceFunc(func() {
	os.Getenv(BinaryVariable)
	root, err := moduleRoot()
	if err != nil {
		return
	}
	filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil // with the folder, the cache has looked at its files
		}
		switch name := d.Name(); {
		case path != root && name[0] == '.', name == "logs", name == "handler_cache":
			return fs.SkipDir
		}
		return nil
	})
})
