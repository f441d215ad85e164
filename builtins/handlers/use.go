package handlers

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/handler"
)

// use is one mention of a handler in the configuration. The handler itself is
// found when all libraries are loaded.
type use struct {
	name    string
	pointer bool // name(r): the request's token precedes the first argument
	kinds   []handler.Kind
	args    int
	dir     *conf.Directive
	h       *handler.Handler
	habit   *event.Habit // of h
}

// mentionOf notes the use of a handler by the present directive.
func (m *mainConf) mentionOf(c *cycle.Conf, name string, args int, kinds ...handler.Kind) *use {
	u := &use{name: name, kinds: kinds, args: args, dir: c.Dir}
	u.name, u.pointer = strings.CutSuffix(name, "(r)")
	m.uses = append(m.uses, u)
	return u
}

// resolve has the libraries loaded and the handlers of all uses found, in
// processes that run code of libraries.
func (m *mainConf) resolve(c *cycle.Conf) error {
	if len(m.uses) == 0 && !m.libraries.any() {
		return nil
	}
	m.needProcs(c)
	c.Cycle.OnInit("handlers", func(*cycle.Initial) error {
		if err := m.libraries.load(c); err != nil {
			return err
		}
		for _, u := range m.uses {
			if err := u.resolve(c, m); err != nil {
				return err
			}
		}
		return nil
	})
	return nil
}

// resolve finds the handler of one use and checks that it fits.
func (u *use) resolve(c *cycle.Conf, m *mainConf) error {
	h := handler.Default.Lookup(u.name)
	if h == nil {
		if !m.libraries.any() && len(handler.Default.Names()) == 0 {
			return c.ErrorAt(u.dir, "handler %q was not found: no handler code was loaded", u.name)
		}
		return c.ErrorAt(u.dir, "handler %q was not found in the libraries that are loaded", u.name)
	}
	if !slices.Contains(u.kinds, h.Kind) {
		return c.ErrorAt(u.dir, "handler %q is %s handler, but %q needs %s handler", u.name, article(h.Kind.String()), u.dir.Name, article(u.kinds[0].String()))
	}
	if u.args < h.MinArgs || h.MaxArgs >= 0 && u.args > h.MaxArgs {
		return c.ErrorAt(u.dir, "handler %q takes %s, not %d", u.name, arguments(h), u.args)
	}
	u.h, u.habit = h, m.habitOf(h)
	return nil
}

// habitOf is what is known of a handler's runs.
func (m *mainConf) habitOf(h *handler.Handler) *event.Habit {
	if m.habits[h] == nil {
		if m.habits == nil {
			m.habits = map[*handler.Handler]*event.Habit{}
		}
		m.habits[h] = new(event.Habit)
	}
	return m.habits[h]
}

func article(s string) string {
	if strings.ContainsRune("aeiou", rune(s[0])) {
		return "an " + s
	}
	return "a " + s
}

func arguments(h *handler.Handler) string {
	switch {
	case h.MinArgs == 2 && h.MaxArgs == 2:
		return "two arguments"
	case h.MinArgs > 1 && h.MaxArgs < 0:
		return fmt.Sprintf("%d arguments or more", h.MinArgs)
	case h.MinArgs > 2:
		return fmt.Sprintf("%d arguments", h.MinArgs)
	case h.MaxArgs < 0:
		return "one argument or more"
	}
	return "one argument"
}

// needProcs asks for processors where handlers run beside the event loop.
func (m *mainConf) needProcs(c *cycle.Conf) {
	for _, u := range m.uses {
		switch u.kinds[0] {
		case handler.KindSync, handler.KindContent, handler.KindHook:
		default:
			c.Cycle.NeedProcs(procs)
			return
		}
	}
}

// procs is GOMAXPROCS of a worker with asynchronous handlers: more than there
// are processors on a small machine, so that handlers that compute do not keep
// the event loop waiting for the end of Go's time slices: the kernel's are fairer.
const procs = 12
