package cycle

import (
	"strings"

	"github.com/perigee-server/perigee/server/log"
)

// LogSpec is the value of the error_log directives of one level.
type LogSpec struct {
	targets []logTarget
}

type logTarget struct {
	name  string
	w     log.Writer
	level log.Level
}

// Set reports whether an error_log stands on this level.
func (s *LogSpec) Set() bool { return len(s.targets) > 0 }

// Add applies an error_log directive.
func (s *LogSpec) Add(c *Conf) error {
	t := logTarget{name: c.Arg(0), level: log.Error}
	switch {
	case t.name == "":
		return c.Wrong("invalid value")
	case t.name == "stderr":
		t.w = log.Console{}
	case strings.HasPrefix(t.name, "syslog:"):
		w, err := NewSyslog(c, strings.TrimPrefix(t.name, "syslog:"))
		if err != nil {
			return err
		}
		t.w = w
	case strings.HasPrefix(t.name, "memory:"):
		return c.Errorf("error_log to \"memory:\" is not supported: it is for debugging nginx's own C code")
	}
	for _, a := range c.Args()[1:] {
		level, ok := log.ParseLevel(a)
		if !ok {
			return c.Errorf("invalid log level %q", a)
		}
		t.level = max(t.level, level)
		if len(c.Args()) == 2 {
			t.level = level
		}
	}
	if t.w == nil {
		t.w = c.Cycle.OpenFile(t.name)
	}
	for _, o := range s.targets {
		if o.name == t.name && o.level == t.level {
			return c.Wrong("is duplicate")
		}
	}
	s.targets = append(s.targets, t)
	return nil
}

// File is the first file that the main error log is written to, nil when it goes
// elsewhere only.
func (s *LogSpec) File(c *Cycle) *File {
	for _, t := range s.targets {
		if f, ok := t.w.(*File); ok {
			return f
		}
	}
	if !s.lacksFile() {
		return nil
	}
	f, _ := c.defaultLog().(*File)
	return f
}

// lacksFile reports whether every error_log goes to syslog, or there is none: a
// main level has the default error log besides (ngx_log_open_default).
func (s *LogSpec) lacksFile() bool {
	for _, t := range s.targets {
		if _, ok := t.w.(*Syslog); !ok {
			return false
		}
	}
	return true
}

// Logger builds the logger of this level; outer is used when nothing is set
// here, and the default error log when there is no outer one.
func (s *LogSpec) Logger(c *Cycle, outer *log.Logger) *log.Logger {
	if len(s.targets) == 0 && outer != nil {
		return outer
	}
	l := &log.Logger{}
	for _, t := range s.targets {
		l.Add(t.w, t.level)
	}
	if outer == nil && s.lacksFile() {
		l.Add(c.defaultLog(), log.Error)
	}
	return l
}

// defaultLog is the log named by -e or the built-in path.
func (c *Cycle) defaultLog() log.Writer {
	if c.Options.ErrorLog == "stderr" {
		return log.Console{}
	}
	return c.OpenFile(c.Options.ErrorLog)
}
