// Package wire is the battery of malformed, ambiguous and borderline requests:
// bytes that are sent over one connection, and what must come back. The
// expectations in testdata/golden.txt were recorded from a running nginx:
//
//	PERIGEE_T_BINARY=$(command -v nginx) go test ./t/wire -record
//
// and `go test ./t/wire` holds the server under test to them: the status of
// each response, the bodies that show how a target was understood, whether the
// connection is closed afterwards, and the bytes that an upstream server saw.
//
// Where perigee is deliberately stricter than nginx 1.22.1, the case says so in
// its Strict field, and strictOutcome is what perigee has to do instead.
package wire
