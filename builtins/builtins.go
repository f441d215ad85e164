// Package builtins is the list of modules that every build has.
package builtins

import (
	_ "github.com/perigee-server/perigee/builtins/rewrite"
	_ "github.com/perigee-server/perigee/server/http" // the protocol itself
)
