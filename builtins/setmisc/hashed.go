package setmisc

import (
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/http/rewritecode"
	"github.com/perigee-server/perigee/server/log"
)

// lists are the upstream_list directives.
type lists struct{ names map[string][]string }

var mains = http.NewMain(func() *lists { return &lists{map[string][]string{}} }, nil)

func setList(c *cycle.Conf) error {
	l := mains.At(c)
	name := c.Arg(0)
	if _, ok := l.names[name]; ok {
		return c.Errorf("duplicate upstream list name %q", name)
	}
	l.names[name] = c.Args()[1:]
	return nil
}

func setHashed(c *cycle.Conf) error {
	l := mains.At(c)
	name, err := http.CompileComplex(c, c.Arg(1))
	if err != nil {
		return err
	}
	if _, static := name.Static(); static && l.names[c.Arg(1)] == nil {
		return c.Errorf("set_hashed_upstream: upstream list %q not defined yet", c.Arg(1))
	}
	return rewritecode.Set(c, c.Arg(0), c.Args()[1:], func(r *http.Request, args [][]byte) ([]byte, bool) {
		list := l.names[string(args[0])]
		if list == nil {
			r.Logf(log.Error, "set_hashed_upstream: upstream list \"%s\" not defined yet", args[0])
			return nil, false
		}
		return []byte(list[hashOf(args[1])%uint32(len(list))]), true
	})
}

// hashOf is nginx's hash of a key without regard to case, cut to 32 bits.
func hashOf(key []byte) uint32 { return head.HashName(string(key)) }
