package re

import "strconv"

// CompileError tells why a pattern is not valid.
type CompileError struct {
	Msg     string // PCRE's text
	Pattern string
	Offset  int // where in Pattern, in bytes
}

// Error is worded as nginx prints it.
func (e *CompileError) Error() string {
	text := "pcre2_compile() failed: " + e.Msg + ` in "` + e.Pattern + `"`
	if e.Offset >= len(e.Pattern) {
		return text
	}
	return text + ` at "` + e.Pattern[e.Offset:] + `"`
}

// MatchError tells why a subject could not be searched.
type MatchError struct {
	Code int    // PCRE's error code, negative
	Msg  string // PCRE's text
}

// Error returns the text and the code.
func (e *MatchError) Error() string { return e.Msg + " (" + strconv.Itoa(e.Code) + ")" }
