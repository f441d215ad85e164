package build

import (
	"os"
	"path/filepath"
	"slices"
	"time"
)

// kept is how many executables stay in a cache; a server that runs has its own
// open, so that it may go.
const kept = 4

// staleAfter is when a folder of a build that did not end in order may go.
const staleAfter = time.Hour

// prune takes the executables that were not used for longest out of a cache, and
// what builds have left behind.
func prune(cache string, now time.Time) {
	files, _ := filepath.Glob(filepath.Join(cache, "perigee-*"))
	used := func(path string) time.Time {
		st, err := os.Stat(path)
		if err != nil {
			return time.Time{}
		}
		return st.ModTime()
	}
	slices.SortFunc(files, func(a, b string) int { return used(b).Compare(used(a)) })
	for _, f := range files[min(kept, len(files)):] {
		os.Remove(f)
	}
	dirs, _ := filepath.Glob(filepath.Join(cache, "build-*"))
	for _, d := range dirs {
		if now.Sub(used(d)) > staleAfter {
			os.RemoveAll(d)
		}
	}
}
