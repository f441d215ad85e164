package resolver

import "strconv"

// Codes of failed lookups. Those up to 5 are the DNS's own.
const (
	FormatError    = 1
	ServerFailure  = 2
	HostNotFound   = 3
	Unimplemented  = 4
	Refused        = 5
	TimedOut       = 110 // ETIMEDOUT, as nginx reports it
	maxNamedRCodes = Refused
)

// Error tells why a name could not be resolved.
type Error struct {
	Name string // as it was asked for
	Code int
}

// Error is worded as nginx words it:
// `a.example could not be resolved (3: Host not found)`.
func (e *Error) Error() string {
	return e.Name + " could not be resolved (" + strconv.Itoa(e.Code) + ": " + Strerror(e.Code) + ")"
}

// Strerror returns the text for a code: nginx's ngx_resolver_strerror.
func Strerror(code int) string {
	texts := [...]string{"Format error", "Server failure", "Host not found", "Unimplemented", "Operation refused"}
	if code > 0 && code <= maxNamedRCodes {
		return texts[code-1]
	}
	if code == TimedOut {
		return "Operation timed out"
	}
	return "Unknown error"
}
