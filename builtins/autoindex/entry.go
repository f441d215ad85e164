package autoindex

import (
	"os"
	"sort"
	"syscall"
	"time"

	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/file"
	"github.com/perigee-server/perigee/server/log"
)

// entry is a file of a folder.
type entry struct {
	name     string
	dir      bool
	regular  bool
	size     int64
	modified time.Time
}

// kind is the entry's type in JSON and XML.
func (e *entry) kind() string {
	switch {
	case e.dir:
		return "directory"
	case e.regular:
		return "file"
	}
	return "other"
}

// read lists a folder: folders first, then by name. What begins with a dot, and
// what may not be looked at, is left out.
func read(r *http.Request, dir string) ([]entry, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	list := make([]entry, 0, len(names))
	for _, name := range names {
		if name[0] == '.' {
			continue
		}
		st, err := stat(dir + "/" + name)
		if err != nil {
			r.Logf(log.Crit, "%s", log.Errno("stat() \""+dir+"/"+name+"\" failed", err))
			if e, _ := file.Errno(err); e == syscall.EACCES {
				continue
			}
			return nil, err
		}
		list = append(list, entry{name, st.IsDir(), st.Mode().IsRegular(), st.Size(), st.ModTime()})
	}
	sort.Slice(list, func(i, j int) bool {
		if list[i].dir != list[j].dir {
			return list[i].dir
		}
		return list[i].name < list[j].name
	})
	return list, nil
}

// stat follows a symbolic link, unless it leads nowhere.
func stat(path string) (os.FileInfo, error) {
	st, err := os.Stat(path)
	switch e, _ := file.Errno(err); e {
	case syscall.ENOENT, syscall.ELOOP:
		return os.Lstat(path)
	}
	return st, err
}
