package realip

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"

	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/head"
)

// values are those of every field of a name.
func values(r *http.Request, lower string) [][]byte {
	var all [][]byte
	for i := range r.Fields {
		if f := &r.Fields[i]; !f.Hidden && head.EqualFold(f.Name, lower) {
			all = append(all, f.Value)
		}
	}
	return all
}

// walk goes from the last address of the last list to the first, as long as the
// one before is trusted and, beyond the first step, recursive is set
// (ngx_http_get_forwarded_addr). ok is false when nothing is to be taken.
func (t *trusted) walk(peer netip.Addr, lists [][]byte, recursive bool) (found netip.AddrPort, ok bool) {
	at := peer
	for i := len(lists) - 1; i >= 0; i-- {
		list := lists[i]
		for {
			if !t.has(at) {
				return found, ok
			}
			list = bytes.TrimRight(list, " ,")
			from := bytes.LastIndexAny(list, " ,") + 1
			a, valid := parseAddr(list[from:])
			if !valid {
				return found, ok
			}
			found, ok, at = a, true, a.Addr()
			if !recursive {
				return found, ok
			}
			if from == 0 {
				break
			}
			list = list[:from-1]
		}
	}
	return found, ok
}

// parseAddr reads an address that may have a port: 192.0.2.1, 192.0.2.1:80,
// ::1, [::1]:80.
func parseAddr(b []byte) (netip.AddrPort, bool) {
	s := string(b)
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.AddrPortFrom(a, 0), a.Zone() == ""
	}
	host, port, ok := cutPort(s)
	if !ok {
		return netip.AddrPort{}, false
	}
	a, err := netip.ParseAddr(host)
	if err != nil || a.Zone() != "" {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(a, port), true
}

func cutPort(s string) (host string, port uint16, ok bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return "", 0, false
	}
	n, err := strconv.ParseUint(s[i+1:], 10, 16)
	if err != nil || n == 0 {
		return "", 0, false
	}
	host = s[:i]
	if len(host) >= 2 && host[0] == '[' && host[len(host)-1] == ']' {
		return host[1 : len(host)-1], uint16(n), true
	}
	return host, uint16(n), !strings.Contains(host, ":")
}
