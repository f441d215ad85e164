package lua

import (
	"github.com/perigee-server/perigee/lua/api"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/rewritecode"
)

// setters are the directives that compute a variable.
func setters() []cycle.Directive {
	const doc = "Sets a variable to what Lua returns."
	return []cycle.Directive{
		{Name: "set_by_lua", In: rewritecode.Places, Args: "2+", Doc: "Sets a variable to what a text, run as Lua, returns.", Set: func(c *cycle.Conf) error {
			return setBy(c, &api.Code{Name: chunkName(c, "set_by_lua"), Source: c.Arg(1)}, c.Args()[2:])
		}},
		{Name: "set_by_lua_block", In: rewritecode.Places, Args: "1 raw", Doc: doc, Set: func(c *cycle.Conf) error {
			return setBy(c, &api.Code{Name: chunkName(c, "set_by_lua"), Source: c.Dir.Raw}, nil)
		}},
		{Name: "set_by_lua_file", In: rewritecode.Places, Args: "2+", Doc: "Sets a variable to what a file of Lua returns.", Set: func(c *cycle.Conf) error {
			v, err := http.CompileComplex(c, c.Arg(1))
			if err != nil {
				return err
			}
			return setBy(c, &api.Code{File: v}, c.Args()[2:])
		}},
	}
}

func setBy(c *cycle.Conf, code *api.Code, args []string) error {
	use(c, code)
	return rewritecode.Set(c, c.Arg(0), args, func(r *http.Request, args [][]byte) ([]byte, bool) {
		return ctxOf(r).SetBy(code, args)
	})
}
