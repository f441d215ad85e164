package head

import "math"

// ParseContentLength reads a Content-Length: digits only, no sign, no list, at
// most an int64, as ngx_atoof.
func ParseContentLength(value []byte) (int64, bool) {
	if len(value) == 0 {
		return 0, false
	}
	var n int64
	for _, c := range value {
		if !isDigit(c) {
			return 0, false
		}
		d := int64(c - '0')
		if n > (math.MaxInt64-d)/10 {
			return 0, false
		}
		n = n*10 + d
	}
	return n, true
}
