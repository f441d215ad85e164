// Perigee is an OpenResty-like server in Go.
package main

import (
	"os"

	_ "github.com/perigee-server/perigee/builtins"
	_ "github.com/perigee-server/perigee/lua"
	"github.com/perigee-server/perigee/server/command"
)

func main() { os.Exit(command.Main()) }
