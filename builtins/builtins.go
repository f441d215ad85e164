// Package builtins is the list of modules that every build has.
package builtins

import (
	_ "github.com/perigee-server/perigee/builtins/access"
	_ "github.com/perigee-server/perigee/builtins/aggregate"
	_ "github.com/perigee-server/perigee/builtins/authbasic"
	_ "github.com/perigee-server/perigee/builtins/authrequest"
	_ "github.com/perigee-server/perigee/builtins/autoindex"
	_ "github.com/perigee-server/perigee/builtins/charset"
	_ "github.com/perigee-server/perigee/builtins/counters"
	_ "github.com/perigee-server/perigee/builtins/echo"
	_ "github.com/perigee-server/perigee/builtins/gzip"
	_ "github.com/perigee-server/perigee/builtins/handlers"
	_ "github.com/perigee-server/perigee/builtins/headers"
	_ "github.com/perigee-server/perigee/builtins/headersmore"
	_ "github.com/perigee-server/perigee/builtins/index"
	_ "github.com/perigee-server/perigee/builtins/jsontools"
	_ "github.com/perigee-server/perigee/builtins/log"
	_ "github.com/perigee-server/perigee/builtins/map"
	_ "github.com/perigee-server/perigee/builtins/pcretools"
	_ "github.com/perigee-server/perigee/builtins/prometheus"
	_ "github.com/perigee-server/perigee/builtins/proxy"
	_ "github.com/perigee-server/perigee/builtins/realip"
	_ "github.com/perigee-server/perigee/builtins/referer"
	_ "github.com/perigee-server/perigee/builtins/rewrite"
	_ "github.com/perigee-server/perigee/builtins/setmisc"
	_ "github.com/perigee-server/perigee/builtins/static"
	_ "github.com/perigee-server/perigee/builtins/stubstatus"
	_ "github.com/perigee-server/perigee/builtins/subrequest"
	_ "github.com/perigee-server/perigee/builtins/templates"
	_ "github.com/perigee-server/perigee/builtins/tryfiles"
	_ "github.com/perigee-server/perigee/server/http" // the protocol itself
)
