package rewrite

import (
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/rewritecode"
)

func init() { rewritecode.Provide(program{}) }

// program gives other modules a place among this module's directives.
type program struct{}

func (program) Append(c *cycle.Conf, s rewritecode.Step) { add(c, stepCode{s}) }

func (program) Define(c *cycle.Conf, name string) (rewritecode.Assign, error) {
	index, vars, err := define(c, name)
	if err != nil {
		return nil, err
	}
	return func(r *http.Request, value []byte) { vars.Assign(r, index, value, true) }, nil
}

// stepCode is code of another module.
type stepCode struct{ step rewritecode.Step }

func (x stepCode) run(s *state) outcome {
	rc := x.step(s.r)
	if rc == http.Declined {
		return next
	}
	s.status = rc
	return answer
}
