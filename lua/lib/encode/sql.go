package encode

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
)

// sqlQuotes is how MySQL reads bytes back from a quoted string.
var sqlQuotes = strings.NewReplacer("\x00", `\0`, "\b", `\b`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\x1a", `\Z`,
	`\`, `\\`, `'`, `\'`, `"`, `\"`)

// quoteSQL is ngx.quote_sql_str.
func quoteSQL(L *lua.LState) int {
	if L.GetTop() != 1 {
		L.RaiseError("expecting one argument")
	}
	L.Push(lua.LString("'" + sqlQuotes.Replace(vm.CheckText(L, 1)) + "'"))
	return 1
}
