package handlers

import (
	"fmt"
	"math"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/handler"
)

// programOption is a word for initialisation hooks, or a file whose contents
// they get.
type programOption struct {
	word string
	file string
}

// addProgramOptions is `handler program_options WORD …`. A word --sysread:NAME
// (or --mread:NAME) is followed by a path; the file is read with the master's
// rights and becomes a part of the snapshot.
func (l *libraries) addProgramOptions(c *cycle.Conf, words []string) error {
	for i := 0; i < len(words); i++ {
		w := words[i]
		l.programOptions = append(l.programOptions, programOption{word: w})
		if !strings.HasPrefix(w, "--sysread:") && !strings.HasPrefix(w, "--mread:") {
			continue
		}
		if i++; i == len(words) {
			return c.Errorf("option %q needs a path", w)
		}
		path := filepath.Clean(c.Cycle.ConfName(words[i]))
		if _, err := c.Cycle.ReadFile(path); err != nil {
			return c.Errorf("option %q: %s", w, err)
		}
		l.programOptions = append(l.programOptions, programOption{file: path})
	}
	return nil
}

// runInits runs the initialisation hooks of all libraries in a worker, then
// wipes what they were given of files.
func (l *libraries) runInits(w *cycle.Work) error {
	args := make([]string, len(l.programOptions))
	for i, o := range l.programOptions {
		args[i] = o.word
		if o.file == "" {
			continue
		}
		text, err := w.Cycle.ReadFile(o.file)
		if err != nil {
			return err
		}
		args[i] = string(text)
	}
	for _, h := range handler.Default.Inits() {
		if err := callInit(h.Run, args); err != nil {
			return fmt.Errorf("failed to run init hook at %s: %w", h.Place, err)
		}
	}
	for i, o := range l.programOptions {
		if o.file != "" {
			args[i] = ""
			w.Cycle.Snapshot.Wipe(o.file)
		}
	}
	return nil
}

// callInit calls an initialisation hook and catches its panic.
func callInit(f func([]string) error, args []string) (err error) {
	done := false
	defer func() {
		if !done {
			err = recovered(recover())
		}
	}()
	err = f(args)
	done = true
	return err
}

// checkRuntime checks `handler runtime_options NAME=VALUE …`.
func checkRuntime(c *cycle.Conf, options []string) error {
	for _, o := range options {
		name, value, ok := strings.Cut(o, "=")
		if !ok {
			return c.Errorf("invalid runtime option %q", o)
		}
		if _, ok := runtimeValue(name, value); !ok {
			return c.Errorf("invalid runtime option %q", o)
		}
	}
	return nil
}

// runtimeValue reads the value of a variable of Go's runtime, or of NICE, which
// is how much nicer handlers that compute are.
func runtimeValue(name, value string) (int64, bool) {
	switch name {
	case "GOGC":
		if value == "off" {
			return -1, true
		}
		n, ok := cycle.Number(value)
		return int64(n), ok
	case "GOMAXPROCS":
		n, err := strconv.Atoi(value)
		return int64(n), err == nil && n > 0
	case "NICE":
		n, err := strconv.Atoi(value)
		return int64(n), err == nil && n >= 0 && n <= 19
	case "GOMEMLIMIT":
		if value == "off" {
			return math.MaxInt64, true
		}
		n, ok := conf.Offset(strings.TrimSuffix(strings.TrimSuffix(value, "B"), "i"))
		return n, ok && n > 0
	}
	return 0, false
}

// applyRuntime sets what the options say in a worker.
func (l *libraries) applyRuntime(loop *event.Loop) {
	for _, o := range l.runtimeOptions {
		name, value, _ := strings.Cut(o, "=")
		n, _ := runtimeValue(name, value)
		switch name {
		case "GOGC":
			debug.SetGCPercent(int(n))
		case "GOMAXPROCS":
			runtime.GOMAXPROCS(int(n))
		case "NICE":
			loop.SetAsideNice(int(n))
		case "GOMEMLIMIT":
			debug.SetMemoryLimit(n)
		}
	}
}
