package wire

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/perigee-server/perigee/t/spec"
)

// lanes is how many cases run at once: each lane has listeners and an upstream
// server of its own, so that what reaches the upstream belongs to one case.
const lanes = 24

type lane struct {
	addr, loose string
	upstream    *upstream
}

// Battery is a running server with its lanes.
type Battery struct {
	server *spec.Server
	root   string
	ports  spec.Ports
	lanes  []*lane
}

const preamble = `
daemon off;
master_process off;
worker_processes 1;
error_log %[1]s/logs/error.log info;
pid %[1]s/logs/nginx.pid;
events { worker_connections 2048; }
http {
    access_log off;
    default_type text/plain;
    client_body_temp_path %[1]s/client_body_temp;
    proxy_temp_path %[1]s/proxy_temp;
    client_header_timeout 30s;
    client_body_timeout 30s;
    keepalive_timeout 30s;
    proxy_http_version 1.1;
    absolute_redirect off;
`

const locations = `
        server_name %[2]s;
        location / { return 200 "%[2]s $request_method uri=$uri args=$args host=$host http_host=$http_host length=$http_content_length request_uri=$request_uri $server_protocol\n"; }
        location /up { proxy_pass http://%[3]s; }
        location /as/ { proxy_pass http://%[3]s/base/; }
        location /stream { proxy_pass http://%[3]s; proxy_request_buffering off; }
        location /small { client_max_body_size 100; return 200 "small\n"; }
        location /smallup { client_max_body_size 100; proxy_pass http://%[3]s; }
        location /files/ { root %[1]s; }
`

// StartBattery starts the binary with a listener pair per lane.
func StartBattery(bin *spec.Binary) (*Battery, error) {
	root, err := os.MkdirTemp("", "pw-")
	if err != nil {
		return nil, err
	}
	b := &Battery{root: root}
	config, err := b.config()
	if err != nil {
		_ = b.Stop()
		return nil, err
	}
	for path, text := range map[string]string{"conf/nginx.conf": config, "files/ten.txt": "0123456789", "logs/.keep": ""} {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	if b.server, err = spec.Start(bin, root); err != nil {
		err = fmt.Errorf("%w\n%s\n%s", err, b.server.Output(), b.ErrorLog())
		_ = b.Stop()
		return nil, err
	}
	return b, nil
}

func (b *Battery) config() (string, error) {
	var out strings.Builder
	fmt.Fprintf(&out, preamble, b.root)
	for range lanes {
		up, err := newUpstream()
		if err != nil {
			return "", err
		}
		l := &lane{upstream: up}
		b.lanes = append(b.lanes, l)
		if l.addr, err = b.listener(&out, up, ""); err != nil {
			return "", err
		}
		if l.loose, err = b.listener(&out, up, looseOptions); err != nil {
			return "", err
		}
	}
	out.WriteString("}\n")
	if os.Geteuid() == 0 {
		out.WriteString("user root;\n")
	}
	return out.String(), nil
}

const looseOptions = "ignore_invalid_headers off; underscores_in_headers on; merge_slashes off;"

// listener adds a listener with two virtual servers and returns its address.
func (b *Battery) listener(out *strings.Builder, up *upstream, options string) (string, error) {
	port, err := b.ports.Take()
	if err != nil {
		return "", err
	}
	for _, name := range []string{"localhost", "b.test"} {
		fmt.Fprintf(out, "    server {\n        listen 127.0.0.1:%d;\n        %s", port, options)
		fmt.Fprintf(out, locations, b.root, name, up.addr())
		out.WriteString("    }\n")
	}
	return fmt.Sprintf("127.0.0.1:%d", port), nil
}

// ErrorLog returns the server's error log and what it wrote to its streams.
func (b *Battery) ErrorLog() string {
	data, err := os.ReadFile(filepath.Join(b.root, "logs", "error.log"))
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// Stop stops the server and removes its files.
func (b *Battery) Stop() error {
	var err error
	if b.server != nil {
		err = b.server.Stop()
	}
	for _, l := range b.lanes {
		_ = l.upstream.listener.Close()
	}
	b.ports.Release()
	_ = os.RemoveAll(b.root)
	return err
}

// patience is how long to wait: how long a connection must be silent to count
// as open, and how long to wait for what is expected.
type patience struct{ silence, limit time.Duration }

// Run runs one case in a lane. want is the expected paragraph, "" while
// recording: it only says how long it pays to wait.
func (l *lane) run(c Case, want string, p patience) (Outcome, error) {
	addr := l.addr
	if c.Loose {
		addr = l.loose
	}
	cl, err := dial(addr, c)
	if err != nil {
		return Outcome{}, err
	}
	deadline := time.Now().Add(p.limit)
	cl.read(p.silence)
	for want != "" && !cl.eof && time.Now().Before(deadline) &&
		(expectsClosed(want) || len(cl.answers()) < expectsAnswers(want)) {
		cl.read(p.silence)
	}
	o := Outcome{Answers: cl.answers(), Closed: cl.eof}
	_ = cl.conn.Close()
	o.Upstream = l.upstream.take()
	return o, nil
}
