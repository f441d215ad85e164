// The server with the handlers that the specifications of this folder use.
package main

import (
	"os"

	_ "github.com/perigee-server/perigee/builtins"
	"github.com/perigee-server/perigee/server/command"
	_ "github.com/perigee-server/perigee/t/handlers/library"
)

func main() { os.Exit(command.Main()) }
