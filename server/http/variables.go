package http

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/http/script"
)

const nocache = script.NoCacheable

// coreVariables are those of ngx_http_core_module.
var coreVariables = []Variable{
	{Name: "host", Get: func(r *Request) ([]byte, bool) { return r.hostVar(), true }},
	{Name: "uri", Get: func(r *Request) ([]byte, bool) { return r.URI, true }, Flags: nocache},
	{Name: "document_uri", Get: func(r *Request) ([]byte, bool) { return r.URI, true }, Flags: nocache},
	{Name: "request_uri", Get: func(r *Request) ([]byte, bool) { return r.Main.Unparsed, r.Main.Unparsed != nil }},
	{Name: "args", Get: func(r *Request) ([]byte, bool) { return r.Args, r.HasArgs }, Set: setArgs, Flags: nocache | script.Changeable},
	{Name: "query_string", Get: func(r *Request) ([]byte, bool) { return r.Args, r.HasArgs }, Flags: nocache},
	{Name: "is_args", Get: func(r *Request) ([]byte, bool) {
		if len(r.Args) == 0 {
			return nil, true
		}
		return []byte("?"), true
	}, Flags: nocache},
	{Name: "request", Get: func(r *Request) ([]byte, bool) { return r.Main.Line, true }},
	{Name: "request_method", Get: func(r *Request) ([]byte, bool) { return r.Main.MethodName, r.Main.MethodName != nil }},
	{Name: "request_filename", Get: func(r *Request) ([]byte, bool) { p, ok := r.MapURI(); return p, ok }, Flags: nocache},
	{Name: "document_root", Get: func(r *Request) ([]byte, bool) { return r.Root(), true }, Flags: nocache},
	{Name: "realpath_root", Get: func(r *Request) ([]byte, bool) {
		p, err := filepath.EvalSymlinks(string(r.Root()))
		return []byte(p), err == nil
	}, Flags: nocache},
	{Name: "server_name", Get: func(r *Request) ([]byte, bool) { return []byte(r.server.core.name), true }},
	{Name: "server_addr", Get: func(r *Request) ([]byte, bool) {
		l := r.conn.Local()
		if !l.IsValid() {
			return []byte(r.conn.addr.addr), true
		}
		return l.Addr().AppendTo(nil), true
	}},
	{Name: "server_port", Get: func(r *Request) ([]byte, bool) { return portText(int(r.conn.Local().Port())), true }},
	{Name: "server_protocol", Get: func(r *Request) ([]byte, bool) { return r.Main.Protocol, r.Main.Protocol != nil }},
	{Name: "remote_addr", Get: func(r *Request) ([]byte, bool) { return r.conn.RemoteAddr(), true }, Flags: nocache},
	{Name: "binary_remote_addr", Get: func(r *Request) ([]byte, bool) { return r.conn.binaryRemote(), true }, Flags: nocache},
	{Name: "remote_port", Get: func(r *Request) ([]byte, bool) { return portText(r.conn.RemotePort()), true }, Flags: nocache},
	{Name: "remote_user", Get: func(r *Request) ([]byte, bool) { u, _, ok := r.BasicAuth(); return u, ok }},
	{Name: "scheme", Get: func(r *Request) ([]byte, bool) {
		if r.conn.tls != nil {
			return []byte("https"), true
		}
		return []byte("http"), true
	}},
	{Name: "https", Get: func(r *Request) ([]byte, bool) {
		if r.conn.tls != nil {
			return []byte("on"), true
		}
		return nil, true
	}},
	{Name: "content_length", Get: func(r *Request) ([]byte, bool) {
		if v := r.fieldValue(r.in.contentLength); v != nil {
			return v, true
		}
		if r.body.read && r.ContentLength >= 0 && r.ChunkedBody {
			return strconv.AppendInt(nil, r.ContentLength, 10), true
		}
		return nil, false
	}},
	{Name: "content_type", Get: field(func(k *knownFields) int { return k.contentType })},
	{Name: "http_host", Get: field(func(k *knownFields) int { return k.host })},
	{Name: "http_user_agent", Get: field(func(k *knownFields) int { return k.userAgent })},
	{Name: "http_referer", Get: field(func(k *knownFields) int { return k.referer })},
	{Name: "request_body", Get: func(r *Request) ([]byte, bool) {
		b := r.Body()
		if !b.read || b.file != nil || b.size == 0 {
			return nil, false
		}
		return b.data, true
	}},
	{Name: "request_body_file", Get: func(r *Request) ([]byte, bool) {
		if f := r.Main.body.file; f != nil {
			return []byte(f.Name()), true
		}
		return nil, false
	}},
	{Name: "request_length", Get: func(r *Request) ([]byte, bool) { return strconv.AppendInt(nil, r.Main.length, 10), true }, Flags: nocache},
	{Name: "request_time", Get: func(r *Request) ([]byte, bool) { return seconds(time.Since(r.Start)), true }, Flags: nocache},
	{Name: "request_id", Get: func(r *Request) ([]byte, bool) { return randomHex(16), true }},
	{Name: "request_completion", Get: func(r *Request) ([]byte, bool) {
		if r.Main.lastSent && !r.Main.broken {
			return []byte("OK"), true
		}
		return nil, true
	}, Flags: nocache},
	{Name: "status", Get: func(r *Request) ([]byte, bool) { return r.statusVar(), true }, Flags: nocache},
	{Name: "body_bytes_sent", Get: func(r *Request) ([]byte, bool) {
		return strconv.AppendInt(nil, max(r.Main.bytesSent-r.Main.headerSize, 0), 10), true
	}, Flags: nocache},
	{Name: "bytes_sent", Get: func(r *Request) ([]byte, bool) { return strconv.AppendInt(nil, r.Main.bytesSent, 10), true }, Flags: nocache},
	{Name: "connection", Get: func(r *Request) ([]byte, bool) { return strconv.AppendUint(nil, r.conn.ID, 10), true }},
	{Name: "connection_requests", Get: func(r *Request) ([]byte, bool) { return strconv.AppendInt(nil, int64(r.conn.requests), 10), true }},
	{Name: "connection_time", Get: func(r *Request) ([]byte, bool) { return seconds(r.Loop().Now().Sub(r.conn.started)), true }, Flags: nocache},
	{Name: "pipe", Get: func(r *Request) ([]byte, bool) {
		if r.conn.from < r.conn.to {
			return []byte("p"), true
		}
		return []byte("."), true
	}},
	{Name: "nginx_version", Get: func(r *Request) ([]byte, bool) { return []byte(r.conn.work.Cycle.Identity.Version), true }},
	{Name: "hostname", Get: func(*Request) ([]byte, bool) { return []byte(cycle.Hostname), true }},
	{Name: "pid", Get: func(*Request) ([]byte, bool) { return strconv.AppendInt(nil, int64(os.Getpid()), 10), true }},
	{Name: "msec", Get: func(r *Request) ([]byte, bool) { return msec(r.Loop().Now()), true }, Flags: nocache},
	{Name: "time_iso8601", Get: func(r *Request) ([]byte, bool) {
		return r.Loop().Now().AppendFormat(nil, "2006-01-02T15:04:05-07:00"), true
	}, Flags: nocache},
	{Name: "time_local", Get: func(r *Request) ([]byte, bool) {
		return r.Loop().Now().AppendFormat(nil, "02/Jan/2006:15:04:05 -0700"), true
	}, Flags: nocache},
	{Name: "limit_rate", Get: func(r *Request) ([]byte, bool) {
		rate, _ := r.Main.rate()
		return strconv.AppendInt(nil, rate, 10), true
	}, Set: func(r *Request, v []byte) { r.Main.limitRate, r.Main.limitSet = sizeOf(v), true }, Flags: nocache | script.Changeable},
	{Name: "http_cookie", Get: joined("cookie", "; ")},
	{Name: "http_x_forwarded_for", Get: joined("x-forwarded-for", ", ")},
	{Name: "http_via", Get: joined("via", ", ")},
	{Name: "sent_http_cache_control", Get: joinedOut("cache-control"), Flags: nocache},
	{Name: "sent_http_link", Get: joinedOut("link"), Flags: nocache},
	{Name: "request_port", Get: func(r *Request) ([]byte, bool) { return r.requestPort(), true }},
	{Name: "is_request_port", Get: func(r *Request) ([]byte, bool) {
		if len(r.requestPort()) == 0 {
			return nil, true
		}
		return []byte(":"), true
	}},
	{Name: "sent_http_content_type", Get: func(r *Request) ([]byte, bool) { return r.sentType() }, Flags: nocache},
	{Name: "sent_http_content_length", Get: func(r *Request) ([]byte, bool) {
		if n := r.Main.Out.ContentLength; n >= 0 {
			return strconv.AppendInt(nil, n, 10), true
		}
		return nil, false
	}, Flags: nocache},
	{Name: "sent_http_location", Get: func(r *Request) ([]byte, bool) { return r.Main.Out.Location, len(r.Main.Out.Location) > 0 }, Flags: nocache},
	{Name: "sent_http_last_modified", Get: func(r *Request) ([]byte, bool) {
		o := &r.Main.Out
		if o.LastModifiedText != nil {
			return o.LastModifiedText, true
		}
		if o.LastModified.IsZero() {
			return nil, false
		}
		return o.LastModified.UTC().AppendFormat(nil, HTTPTime), true
	}, Flags: nocache},
	{Name: "sent_http_connection", Get: func(r *Request) ([]byte, bool) {
		switch {
		case r.Main.Out.Status == 101:
			return []byte("upgrade"), true
		case r.Main.KeepAlive:
			return []byte("keep-alive"), true
		}
		return []byte("close"), true
	}, Flags: nocache},
	{Name: "sent_http_keep_alive", Get: func(r *Request) ([]byte, bool) {
		h := r.Main.loc.core.keepaliveHeader.V
		if !r.Main.KeepAlive || h == 0 {
			return nil, false
		}
		return strconv.AppendInt([]byte("timeout="), int64(h/time.Second), 10), true
	}, Flags: nocache},
	{Name: "sent_http_transfer_encoding", Get: func(r *Request) ([]byte, bool) {
		return []byte("chunked")[:len("chunked")*b2i(r.Main.Out.chunked)], r.Main.Out.chunked
	}, Flags: nocache},
	{Name: "proxy_protocol_addr", Get: func(r *Request) ([]byte, bool) { return r.conn.proxyField(0) }},
	{Name: "proxy_protocol_port", Get: func(r *Request) ([]byte, bool) { return r.conn.proxyField(2) }},
	{Name: "proxy_protocol_server_addr", Get: func(r *Request) ([]byte, bool) { return r.conn.proxyField(1) }},
	{Name: "proxy_protocol_server_port", Get: func(r *Request) ([]byte, bool) { return r.conn.proxyField(3) }},
	{Name: "tcpinfo_rtt", Get: func(r *Request) ([]byte, bool) { return r.conn.tcpInfo(0) }, Flags: nocache},
	{Name: "tcpinfo_rttvar", Get: func(r *Request) ([]byte, bool) { return r.conn.tcpInfo(1) }, Flags: nocache},
	{Name: "tcpinfo_snd_cwnd", Get: func(r *Request) ([]byte, bool) { return r.conn.tcpInfo(2) }, Flags: nocache},
	{Name: "tcpinfo_rcv_space", Get: func(r *Request) ([]byte, bool) { return r.conn.tcpInfo(3) }, Flags: nocache},
}

// corePrefixes are the families of variables of ngx_http_core_module.
var corePrefixes = []PrefixVariable{
	{Name: "arg_", Make: func(name string) func(r *Request) ([]byte, bool) {
		return func(r *Request) ([]byte, bool) { return Arg(r.Args, name) }
	}, Flags: nocache},
	{Name: "http_", Make: func(name string) func(r *Request) ([]byte, bool) {
		return func(r *Request) ([]byte, bool) { return fieldVar(r.Fields, name) }
	}},
	{Name: "sent_http_", Make: func(name string) func(r *Request) ([]byte, bool) {
		return func(r *Request) ([]byte, bool) {
			if name == "etag" && len(r.Main.Out.ETag) > 0 {
				return r.Main.Out.ETag, true
			}
			return fieldVar(r.Main.Out.Fields, name)
		}
	}, Flags: nocache},
	{Name: "sent_trailer_", Make: func(name string) func(r *Request) ([]byte, bool) {
		return func(r *Request) ([]byte, bool) { return fieldVar(r.Main.Out.Trailers, name) }
	}, Flags: nocache},
	{Name: "cookie_", Make: func(name string) func(r *Request) ([]byte, bool) {
		return func(r *Request) ([]byte, bool) { return r.Cookie(name) }
	}},
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func field(at func(*knownFields) int) func(r *Request) ([]byte, bool) {
	return func(r *Request) ([]byte, bool) {
		i := at(&r.in)
		return r.fieldValue(i), i != 0
	}
}

// requestPort is the port that the client names: in the target, or in Host.
func (r *Request) requestPort() []byte {
	if r.Main.hostInLine != nil {
		return r.Main.portInLine
	}
	return head.PortOf(r.Main.fieldValue(r.Main.in.host))
}

// joinedOut is the values of all fields of a name of the response.
func joinedOut(name string) func(r *Request) ([]byte, bool) {
	return func(r *Request) ([]byte, bool) {
		var out []byte
		n := 0
		for i := range r.Main.Out.Fields {
			f := &r.Main.Out.Fields[i]
			if f.Hidden || !head.EqualFold(f.Name, name) {
				continue
			}
			if n++; n > 1 {
				out = append(out, ", "...)
			}
			out = append(out, f.Value...)
		}
		return out, n > 0
	}
}

// joined is the values of all fields of a name.
func joined(name, sep string) func(r *Request) ([]byte, bool) {
	return func(r *Request) ([]byte, bool) {
		var out []byte
		n := 0
		for i := range r.Fields {
			if f := &r.Fields[i]; head.EqualFold(f.Name, name) {
				if n++; n == 1 {
					out = f.Value
					continue
				}
				out = append(append(out[:len(out):len(out)], sep...), f.Value...)
			}
		}
		return out, n > 0
	}
}

// fieldVar finds the field that a variable names: lower case, "_" for "-".
func fieldVar(fields []Header, name string) ([]byte, bool) {
	for i := range fields {
		f := &fields[i]
		if len(f.Name) != len(name) || f.Hidden {
			continue
		}
		same := true
		for j, c := range f.Name {
			if c >= 'A' && c <= 'Z' {
				c |= 0x20
			} else if c == '-' {
				c = '_'
			}
			if c != name[j] {
				same = false
				break
			}
		}
		if same {
			return f.Value, true
		}
	}
	return nil, false
}

func setArgs(r *Request, v []byte) {
	r.Args, r.HasArgs = v, v != nil
	r.ValidURI = false
}

// Arg finds an argument by name, without regard to case, undecoded.
func Arg(args []byte, name string) ([]byte, bool) {
	for len(args) > 0 {
		pair := args
		if i := bytes.IndexByte(args, '&'); i >= 0 {
			pair, args = args[:i], args[i+1:]
		} else {
			args = nil
		}
		if len(pair) > len(name) && pair[len(name)] == '=' && strings.EqualFold(string(pair[:len(name)]), name) {
			return pair[len(name)+1:], true
		}
	}
	return nil, false
}

// Cookie finds a cookie by name, without regard to case.
func (r *Request) Cookie(name string) ([]byte, bool) {
	for i := range r.Fields {
		if !head.EqualFold(r.Fields[i].Name, "cookie") {
			continue
		}
		for pair := range bytes.SplitSeq(r.Fields[i].Value, []byte(";")) {
			pair = bytes.TrimLeft(pair, " ")
			k, v, ok := bytes.Cut(pair, []byte("="))
			if ok && strings.EqualFold(string(bytes.TrimRight(k, " ")), name) {
				return bytes.TrimLeft(v, " "), true
			}
		}
	}
	return nil, false
}

func (r *Request) hostVar() []byte {
	if len(r.Host) > 0 {
		return r.Host
	}
	return []byte(r.server.core.name)
}

func (r *Request) statusVar() []byte {
	m := r.Main
	code := m.Out.Status
	if m.errStatus != 0 && !m.terminated {
		code = m.errStatus
	}
	if code == 0 && m.Version == 9 {
		return []byte("009")
	}
	if code == 0 {
		return []byte("000")
	}
	return []byte(sprintf("%03d", code))
}

func (r *Request) sentType() ([]byte, bool) {
	o := &r.Main.Out
	if len(o.ContentType) == 0 {
		return nil, false
	}
	if len(o.Charset) == 0 || bytes.Contains(o.ContentType, []byte("charset=")) {
		return o.ContentType, true
	}
	return append(append(append([]byte(nil), o.ContentType...), "; charset="...), o.Charset...), true
}

func (c *Conn) binaryRemote() []byte {
	if ap := addrPort(c.peer); ap.IsValid() && !c.realip {
		return ap.Addr().Unmap().AsSlice()
	}
	if a, ok := parseIP(c.RemoteAddr()); ok {
		return a
	}
	return c.RemoteAddr()
}

func portText(n int) []byte {
	if n == 0 {
		return nil
	}
	return strconv.AppendInt(nil, int64(n), 10)
}

func seconds(d time.Duration) []byte {
	d = max(d, 0)
	return []byte(sprintf("%d.%03d", d/time.Second, d%time.Second/time.Millisecond))
}

func msec(t time.Time) []byte {
	return []byte(sprintf("%d.%03d", t.Unix(), t.Nanosecond()/1e6))
}

// sizeOf is the value of a size in bytes, 0 where it is none.
func sizeOf(b []byte) int64 {
	n, ok := conf.Size(string(b))
	if !ok {
		return 0
	}
	return n
}
