package handlers

import (
	"fmt"

	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/handler"
)

// libraries is what the handler directives say.
type libraries struct {
	loads []load
}

// load is one `handler load` directive.
type load struct {
	name string
	dir  *conf.Directive
}

func (l *libraries) any() bool { return len(l.loads) > 0 }

// setLibrary is `handler WORD …`.
func setLibrary(c *cycle.Conf) error {
	l := &mains.At(c).libraries
	switch word, args := c.Arg(0), c.Args()[1:]; word {
	case "load":
		return l.addLoad(c, args)
	default:
		return c.Errorf("unknown handler directive %q", word)
	}
}

func (l *libraries) addLoad(c *cycle.Conf, args []string) error {
	if len(args) != 1 {
		return c.Errorf("invalid number of arguments in \"handler load\" directive")
	}
	l.loads = append(l.loads, load{args[0], c.Dir})
	return nil
}

// runInits runs the initialisation hooks of all libraries in a worker.
func (l *libraries) runInits(*cycle.Work) error {
	for _, h := range handler.Default.Inits() {
		if err := callInit(h.Run, nil); err != nil {
			return fmt.Errorf("failed to run init hook at %s: %w", h.Place, err)
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

// load brings the handlers of all libraries into the table.
func (l *libraries) load(c *cycle.Conf) error {
	for _, x := range l.loads {
		if !handler.Default.Load(x.name) {
			return c.ErrorAt(x.dir, "handler library %q was not found", x.name)
		}
	}
	for _, err := range handler.Default.Errors() {
		return c.ErrorAt(l.loads[len(l.loads)-1].dir, "%s", err)
	}
	return nil
}
