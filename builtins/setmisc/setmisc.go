// Package setmisc is set-misc-nginx-module: directives that set variables to
// quoted, escaped, encoded, hashed and random values, among those of the
// rewrite module.
package setmisc

import (
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/rewritecode"
)

// places is where directives may stand; in http itself they are read and have
// no effect, as with nginx.
const places = rewritecode.Places | cycle.HTTP

func init() {
	http.Register(&http.Module{Name: "ngx_http_set_misc_module", Directives: []cycle.Directive{
		of("set_if_empty", "2", own(1), firstSet, "Sets a variable that is empty so far."),
		of("set_quote_sql_str", "1-2", last(1), plain(quoteSQL), "Quotes a value as MySQL's strings are quoted."),
		of("set_quote_pgsql_str", "1-2", last(1), plain(quotePgSQL), "Quotes a value as PostgreSQL's strings are quoted."),
		of("set_quote_json_str", "1-2", last(1), plain(quoteJSON), "Quotes a value as JSON's strings are quoted."),
		of("set_unescape_uri", "1-2", last(1), plain(unescapeURI), "Decodes a value from a URI, \"+\" too."),
		of("set_escape_uri", "1-2", last(1), plain(escapeURI), "Escapes a value for a URI."),
		of("set_encode_base32", "1-2", last(1), encodeBase32, "Encodes a value in base32."),
		of("set_decode_base32", "1-2", last(1), decodeBase32, "Decodes a value from base32."),
		of("set_encode_base64", "1-2", last(1), plain(encodeBase64), "Encodes a value in base64."),
		of("set_decode_base64", "1-2", last(1), decoder("set_decode_base64", decodeBase64), "Decodes a value from base64."),
		of("set_encode_base64url", "1-2", last(1), plain(encodeBase64URL), "Encodes a value in the base64 of URLs."),
		of("set_decode_base64url", "1-2", last(1), decoder("set_decode_base64url", decodeBase64URL), "Decodes a value from the base64 of URLs."),
		of("set_encode_hex", "1-2", last(1), plain(encodeHex), "Encodes a value in hexadecimal."),
		of("set_decode_hex", "1-2", last(1), decoder("set_decode_hex", decodeHex), "Decodes a value from hexadecimal."),
		of("set_sha1", "1-2", last(1), plain(sha1Hex), "The SHA-1 hash of a value, in hexadecimal."),
		of("set_md5", "1-2", last(1), plain(md5Hex), "The MD5 hash of a value, in hexadecimal."),
		of("set_hmac_sha1", "3", last(2), hmacSHA1, "The HMAC-SHA-1 of a key and a value, in bytes."),
		of("set_hmac_sha256", "3", last(2), hmacSHA256, "The HMAC-SHA-256 of a key and a value, in bytes."),
		of("set_random", "3", last(2), random, "A random number between two numbers."),
		of("set_secure_random_alphanum", "1-2", last(1), secure(alphanum), "That many random letters and digits, from the kernel."),
		of("set_secure_random_lcalpha", "1-2", last(1), secure(lowercase), "That many random lower-case letters, from the kernel."),
		of("set_rotate", "3", own(2), rotate, "The next number between two numbers, from the first again after the last."),
		of("set_local_today", "1", last(0), localToday, "The date of today as yyyy-mm-dd."),
		of("set_formatted_gmt_time", "2", last(1), gmtTime, "The time in GMT in a format of strftime."),
		of("set_formatted_local_time", "2", last(1), localTime, "The local time in a format of strftime."),
		{Name: "set_hashed_upstream", In: places, Args: "3", Set: setHashed, Doc: "Chooses from an upstream_list by the hash of a value."},
		{Name: "upstream_list", In: places, Args: "2+", Set: setList, Doc: "Names a list of upstreams for set_hashed_upstream."},
		{Name: "set_base32_alphabet", In: places, Args: "1", Set: setAlphabet, Doc: "The 32 characters of base32."},
		{Name: "set_base32_padding", In: places, Args: "flag", Set: cycle.SetFlag(confs, padding), Doc: "Whether base32 is filled up with \"=\"."},
		{Name: "set_misc_base32_padding", In: places, Args: "flag", Set: cycle.SetFlag(confs, padding), Doc: "The old name of set_base32_padding."},
	}})
}

// settings are the module's of a location.
type settings struct {
	padding cycle.Opt[bool]
	base32  *base32
	rotated int // the last number of set_rotate; -1: none
}

func padding(s *settings) *cycle.Opt[bool] { return &s.padding }

var confs = http.NewLocation(func() *settings { return &settings{rotated: -1} }, func(_ *cycle.Conf, outer, own *settings) error {
	own.padding.Merge(&outer.padding, true)
	if own.base32 == nil {
		own.base32 = outer.base32
	}
	if own.base32 == nil {
		own.base32 = hexAlphabet
	}
	return nil
})

// texts chooses the arguments that are a directive's input.
type texts func(args []string) []string

// last is the last n arguments, so that the variable itself is the input where
// there is no other one.
func last(n int) texts { return func(args []string) []string { return args[len(args)-n:] } }

// own is the variable itself and n more arguments.
func own(n int) texts { return func(args []string) []string { return args[:n+1] } }

// of makes the row of a directive that sets a variable.
func of(name, args string, input texts, f rewritecode.Value, doc string) cycle.Directive {
	rewritecode.Name(name, f)
	return cycle.Directive{Name: name, In: places, Args: args, Doc: doc, Set: func(c *cycle.Conf) error {
		return rewritecode.Set(c, c.Arg(0), input(c.Args()), f)
	}}
}

// plain is a function of the value alone that can not fail.
func plain(f func(v []byte) []byte) rewritecode.Value {
	return func(_ *http.Request, args [][]byte) ([]byte, bool) { return f(args[0]), true }
}

// firstSet is set_if_empty.
func firstSet(_ *http.Request, args [][]byte) ([]byte, bool) {
	if len(args[0]) > 0 {
		return args[0], true
	}
	return args[1], true
}
