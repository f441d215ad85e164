package api

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/head"
)

// methods are the numbers of ngx.HTTP_GET and its like, which are nginx's.
var methods = []struct {
	name string
	verb head.Method
	id   int
}{
	{"GET", head.MethodGet, 0x2}, {"HEAD", head.MethodHead, 0x4}, {"POST", head.MethodPost, 0x8}, {"PUT", head.MethodPut, 0x10},
	{"DELETE", head.MethodDelete, 0x20}, {"MKCOL", head.MethodMkcol, 0x40}, {"COPY", head.MethodCopy, 0x80}, {"MOVE", head.MethodMove, 0x100},
	{"OPTIONS", head.MethodOptions, 0x200}, {"PROPFIND", head.MethodPropfind, 0x400}, {"PROPPATCH", head.MethodProppatch, 0x800},
	{"LOCK", head.MethodLock, 0x1000}, {"UNLOCK", head.MethodUnlock, 0x2000}, {"PATCH", head.MethodPatch, 0x4000}, {"TRACE", head.MethodTrace, 0x8000},
}

// statuses are the names of HTTP statuses in ngx.
var statuses = map[string]int{
	"CONTINUE": 100, "SWITCHING_PROTOCOLS": 101,
	"OK": 200, "CREATED": 201, "ACCEPTED": 202, "NO_CONTENT": 204, "PARTIAL_CONTENT": 206,
	"SPECIAL_RESPONSE": 300, "MOVED_PERMANENTLY": 301, "MOVED_TEMPORARILY": 302, "SEE_OTHER": 303, "NOT_MODIFIED": 304,
	"TEMPORARY_REDIRECT": 307, "PERMANENT_REDIRECT": 308,
	"BAD_REQUEST": 400, "UNAUTHORIZED": 401, "PAYMENT_REQUIRED": 402, "FORBIDDEN": 403, "NOT_FOUND": 404, "NOT_ALLOWED": 405,
	"NOT_ACCEPTABLE": 406, "REQUEST_TIMEOUT": 408, "CONFLICT": 409, "GONE": 410, "UPGRADE_REQUIRED": 426, "TOO_MANY_REQUESTS": 429,
	"CLOSE": 444, "ILLEGAL": 451, "INTERNAL_SERVER_ERROR": 500, "NOT_IMPLEMENTED": 501, "METHOD_NOT_IMPLEMENTED": 501, "BAD_GATEWAY": 502,
	"SERVICE_UNAVAILABLE": 503, "GATEWAY_TIMEOUT": 504, "VERSION_NOT_SUPPORTED": 505, "INSUFFICIENT_STORAGE": 507,
}

// levels are the names of log levels, in order.
const levels = "STDERR EMERG ALERT CRIT ERR WARN NOTICE INFO DEBUG"

func init() {
	family(func(e *Engine) {
		number := func(name string, n int) { e.ngx.RawSetString(name, lua.LNumber(n)) }
		number("OK", int(http.OK))
		number("ERROR", -1)
		number("AGAIN", -2)
		number("DONE", -4)
		number("DECLINED", -5)
		for name, code := range statuses {
			number("HTTP_"+name, code)
		}
		for _, m := range methods {
			number("HTTP_"+m.name, m.id)
		}
		for i, name := range strings.Fields(levels) {
			number(name, i)
		}
		e.ngx.RawSetString("null", e.null)
	})
}
