package regex

import (
	"errors"
	"strings"

	"github.com/perigee-server/perigee/server/re"
)

// oldTexts are the messages that PCRE, which lua-nginx-module uses, words in
// another way than PCRE2.
var oldTexts = map[string]string{
	"missing closing parenthesis":                                                                  "missing )",
	"unmatched closing parenthesis":                                                                "unmatched parentheses",
	"quantifier does not follow a repeatable item":                                                 "nothing to repeat",
	"syntax error in subpattern name (missing terminator?)":                                        "syntax error in subpattern name (missing terminator)",
	"two named subpatterns have the same name (PCRE2_DUPNAMES not set)":                            "two named subpatterns have the same name",
	"missing ) after (?# comment":                                                                  "missing ) after comment",
	"unrecognized character after (? or (?-":                                                       "unrecognized character after (? or (?-",
	"subpattern name must start with a non-digit":                                                  "group name must start with a non-digit",
	"digits missing in \\x{} or \\o{} or \\N{U+}":                                                  "digits missing in \\x{} or \\o{}",
	"conditional subpattern contains more than two branches":                                       "conditional group contains more than two branches",
	"unknown property after \\P or \\p":                                                            "unknown property name after \\P or \\p",
	"number is too big":                                                                            "number is too big",
	"assertion expected after (?( or (?(?C)":                                                       "assertion expected after (?(",
	"a relative value of zero is not allowed":                                                      "a numbered reference must not be zero",
	"lookbehind assertion is too long":                                                             "lookbehind assertion is not fixed length",
	"subpattern name is too long (maximum 32 code units)":                                          "subpattern name is too long (maximum 32 characters)",
	"(*VERB) not recognized or malformed":                                                          "(*VERB) not recognized or malformed",
	"length of lookbehind assertion is not limited":                                                "lookbehind assertion is not fixed length",
	"character code point value in \\x{} or \\o{} is too large":                                    "character value in \\x{} or \\o{} is too large",
	"disallowed Unicode code point (>= 0xd800 && <= 0xdfff)":                                       "disallowed Unicode code point (>= 0xd800 && <= 0xdfff)",
	"\\k is not followed by a braced, angle-bracketed, or quoted name":                             "\\k is not followed by a braced, angle-bracketed, or quoted name",
	"\\g is not followed by a braced, angle-bracketed, or quoted name/number or by a plain number": "a numbered reference must not be zero",
}

// compileError words a refusal as lua-nginx-module does.
func compileError(err error) string {
	var failure *re.CompileError
	if !errors.As(err, &failure) {
		return err.Error()
	}
	old := *failure
	if text, ok := oldTexts[failure.Msg]; ok {
		old.Msg = text
	}
	if strings.HasPrefix(failure.Msg, "UTF-8 error") {
		old.Msg = "invalid UTF-8 string"
	}
	switch old.Msg {
	case "nothing to repeat", "two named subpatterns have the same name":
		old.Offset = max(old.Offset-1, 0) // PCRE2 points behind what it names
	}
	return strings.Replace(old.Error(), "pcre2_compile", "pcre_compile", 1)
}

// oldCode gives PCRE's number of an error that PCRE2 has another number for.
func oldCode(code int) int {
	switch {
	case code <= -3 && code >= -23: // the ways of not being UTF-8
		return -10
	case code == -36: // the offset lies inside a character
		return -11
	case code == -47:
		return -8 // match limit
	case code == -53, code == -63:
		return -21 // recursion limit
	case code == -48:
		return -6 // no memory
	case code == -33:
		return -24 // bad offset
	}
	return code
}
