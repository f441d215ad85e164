package proxy

import (
	"bytes"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/http/script"
	"github.com/perigee-server/perigee/server/upstream"
)

const nocache = script.NoCacheable

// list joins what each attempt says, as nginx does.
func list(f func(a *attempt) string) func(r *http.Request) ([]byte, bool) {
	return func(r *http.Request) ([]byte, bool) {
		x := exchanges.Of(r)
		if x == nil || len(x.attempts) == 0 {
			return nil, false
		}
		var out []byte
		for i := range x.attempts {
			if i > 0 {
				out = append(out, ", "...)
			}
			out = append(out, f(&x.attempts[i])...)
		}
		return out, true
	}
}

func span(d time.Duration) string {
	if d < 0 {
		return "-"
	}
	return fmt.Sprintf("%d.%03d", d/time.Second, d%time.Second/time.Millisecond)
}

var variables = []http.Variable{
	{Name: "proxy_host", Flags: nocache, Get: func(r *http.Request) ([]byte, bool) {
		if x := exchanges.Of(r); x != nil {
			return []byte(strings.TrimSuffix(hostOf(x.t), ":80")), true
		}
		return nil, false
	}},
	{Name: "proxy_port", Flags: nocache, Get: func(r *http.Request) ([]byte, bool) {
		if x := exchanges.Of(r); x != nil {
			return []byte(x.t.port), true
		}
		return nil, false
	}},
	{Name: "proxy_add_x_forwarded_for", Flags: nocache, Get: func(r *http.Request) ([]byte, bool) {
		var out []byte
		for i := range r.Fields {
			if head.EqualFold(r.Fields[i].Name, "x-forwarded-for") {
				out = append(append(out, r.Fields[i].Value...), ", "...)
			}
		}
		return append(out, r.Conn().RemoteAddr()...), true
	}},
	{Name: "proxy_internal_body_length", Flags: nocache, Get: func(r *http.Request) ([]byte, bool) {
		return strconv.AppendInt(nil, r.Body().Size(), 10), true
	}},
	{Name: "upstream_addr", Flags: nocache, Get: list(func(a *attempt) string { return a.addr })},
	{Name: "upstream_status", Flags: nocache, Get: list(func(a *attempt) string {
		if a.status == 0 {
			return "-"
		}
		return strconv.Itoa(a.status)
	})},
	{Name: "upstream_connect_time", Flags: nocache, Get: list(func(a *attempt) string { return span(a.connect) })},
	{Name: "upstream_header_time", Flags: nocache, Get: list(func(a *attempt) string { return span(a.header) })},
	{Name: "upstream_response_time", Flags: nocache, Get: list(func(a *attempt) string { return span(a.total) })},
	{Name: "upstream_response_length", Flags: nocache, Get: list(func(a *attempt) string { return strconv.FormatInt(a.length, 10) })},
	{Name: "upstream_bytes_received", Flags: nocache, Get: list(func(a *attempt) string { return strconv.FormatInt(a.received, 10) })},
	{Name: "upstream_bytes_sent", Flags: nocache, Get: list(func(a *attempt) string { return strconv.FormatInt(a.sent, 10) })},
	{Name: "upstream_cache_status", Flags: nocache, Get: func(*http.Request) ([]byte, bool) { return nil, false }},
}

// hostOf is $proxy_host: the host with a port other than the standard one.
func hostOf(t *target) string {
	if strings.HasPrefix(t.host, "unix:") {
		return "localhost"
	}
	return t.host
}

var prefixes = []http.PrefixVariable{
	{Name: "upstream_http_", Flags: nocache, Make: func(name string) func(r *http.Request) ([]byte, bool) {
		return func(r *http.Request) ([]byte, bool) {
			x := exchanges.Of(r)
			if x == nil {
				return nil, false
			}
			for i := range x.resp.fields {
				if n := x.resp.fields[i].Name; len(n) == len(name) && string(bytes.ReplaceAll(bytes.ToLower(n), []byte("-"), []byte("_"))) == name {
					return x.resp.fields[i].Value, true
				}
			}
			return nil, false
		}
	}},
	{Name: "upstream_cookie_", Flags: nocache, Make: func(name string) func(r *http.Request) ([]byte, bool) {
		return func(r *http.Request) ([]byte, bool) {
			x := exchanges.Of(r)
			if x == nil {
				return nil, false
			}
			for i := range x.resp.fields {
				f := &x.resp.fields[i]
				if !head.EqualFold(f.Name, "set-cookie") {
					continue
				}
				pair, _, _ := bytes.Cut(f.Value, []byte(";"))
				if k, v, ok := bytes.Cut(pair, []byte("=")); ok && strings.EqualFold(string(bytes.TrimSpace(k)), name) {
					return v, true
				}
			}
			return nil, false
		}
	}},
}

// resolveNow finds the group of a target that variables have made.
func (t *target) resolveNow(r *http.Request) error {
	if g := upstream.Find(r.HTTP(), t.host); g != nil {
		t.group = g
		return nil
	}
	if strings.HasPrefix(t.host, "unix:") {
		addrs, err := upstream.Resolve(t.host, 0)
		t.group = upstream.Single(t.host, addrs)
		return err
	}
	host, port, err := upstream.SplitHostPort(t.host, 80)
	if err != nil {
		return fmt.Errorf("%s in upstream %q", err, t.host)
	}
	if a, err := netip.ParseAddr(host); err == nil {
		t.group = upstream.Single(t.host, []upstream.Addr{upstream.FromIP(a, port)})
		return nil
	}
	ips, err := r.Resolve(host)
	if err != nil {
		return err
	}
	var addrs []upstream.Addr
	for _, ip := range ips {
		addrs = append(addrs, upstream.FromIP(ip, port))
	}
	t.group = upstream.Single(t.host, addrs)
	return nil
}

// setKeepalive is proxy_socket_keepalive.
func (x *exchange) setKeepalive(c *upstream.Conn) {
	if x.s.socketKeepalive.V {
		c.SetKeepalive()
	}
}
