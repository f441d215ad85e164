package wire

import (
	"fmt"
	"slices"
	"strings"
)

// Case is one input of the battery.
type Case struct {
	Name   string
	Send   string // the bytes of the client
	Bytes  bool   // send them one by one
	Loose  bool   // to the listener with ignore_invalid_headers off, underscores_in_headers on, merge_slashes off
	Finish bool   // shut down the sending side afterwards
	Head   bool   // the answers have no bodies, whatever their heads say
	// Strict tells why perigee refuses what nginx 1.22.1 accepts. Such a case
	// has strictOutcome instead of the recorded one.
	Strict string
}

// Cases returns the whole battery in a fixed order.
func Cases() []Case {
	all := slices.Concat(
		methodCases(), versionCases(), lineCases(), targetCases(), absoluteCases(),
		hostCases(), nameCases(), valueCases(), fieldCases(),
		lengthCases(), codingCases(), smugglingCases(), chunkCases(),
		sizeCases(), pipelineCases(), connectionCases(), expectCases(), bodyCases(), finishCases(),
		rangeCases(), protocolCases(),
	)
	return append(all, byteCases(all)...)
}

// byteCases sends some of the cases again, every byte by itself: where the
// input is cut must never change the outcome.
func byteCases(all []Case) []Case {
	var out []Case
	for i, c := range all {
		// A discarded body is read or not when the answer is made, depending on
		// how much of it is there.
		discarded := strings.HasSuffix(c.Name, " to /d")
		if i%13 != 0 || len(c.Send) > 400 || c.Finish || discarded {
			continue
		}
		c.Name += ", byte by byte"
		c.Bytes = true
		out = append(out, c)
	}
	return out
}

// request builds a request with a Host field and more fields, each without its
// line end.
func request(line string, fields ...string) string {
	out := line + " HTTP/1.1\r\nHost: localhost\r\n"
	for _, f := range fields {
		out += f + "\r\n"
	}
	return out + "\r\n"
}

// next is the request that follows on the same connection: whether it is
// answered shows where the server saw the end of the first one.
var next = request("GET /next")

func quote(s string) string {
	if len(s) > 120 {
		return fmt.Sprintf("%q… %d bytes", s[:40], len(s))
	}
	return fmt.Sprintf("%q", s)
}
