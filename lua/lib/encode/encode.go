// Package encode has the functions of ngx that turn text into other text:
// URI and argument coding, base64, hashes, checksums and SQL quoting. They
// need no request.
package encode

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
)

// Register puts the functions into a table, which is ngx: escape_uri,
// unescape_uri, encode_args, decode_args, encode_base64, decode_base64, md5,
// md5_bin, sha1_bin, hmac_sha1, crc32_short, crc32_long and quote_sql_str.
func Register(L *lua.LState, into *lua.LTable) {
	for name, fn := range map[string]lua.LGFunction{
		"escape_uri":    escapeURI,
		"unescape_uri":  unescapeURI,
		"encode_args":   encodeArgs,
		"decode_args":   decodeArgs,
		"encode_base64": encodeBase64,
		"decode_base64": decodeBase64,
		"md5":           md5Hex,
		"md5_bin":       md5Bin,
		"sha1_bin":      sha1Bin,
		"hmac_sha1":     hmacSHA1,
		"crc32_short":   crc32Sum,
		"crc32_long":    crc32Sum,
		"quote_sql_str": quoteSQL,
	} {
		into.RawSetString(name, L.NewFunction(fn))
	}
}

// anyText gives the text of an argument of any type; nil is the empty text, as
// lua-resty-core has it.
func anyText(L *lua.LState, index int) string {
	v := L.Get(index)
	if v == lua.LNil {
		return ""
	}
	return vm.ToText(L, v)
}
