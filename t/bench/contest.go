package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/perigee-server/perigee/t/spec"
)

// contest is the two servers and how they are measured.
type contest struct {
	options
	dir     string
	servers [2]*spec.Binary // the peer, then the server to measure
}

// errRefused is returned for a case whose configuration a server refuses.
var errRefused = errors.New("a server refuses the configuration")

func newContest(dir string, o options) (*contest, error) {
	peer, err := spec.OpenBinary(o.peer)
	if err != nil {
		return nil, err
	}
	var measured *spec.Binary
	if o.binary == "" {
		measured, err = spec.FindBinary(dir)
	} else {
		measured, err = spec.OpenBinary(o.binary)
	}
	if err != nil {
		return nil, err
	}
	if err := writeCertificate(dir); err != nil {
		return nil, err
	}
	return &contest{options: o, dir: dir, servers: [2]*spec.Binary{peer, measured}}, nil
}

func (c *contest) print(w io.Writer) {
	fmt.Fprintf(w, "%d CPUs, %d rounds of %v, wrk with %d connections\n", runtime.NumCPU(), c.rounds, c.duration, connections)
	for i, b := range c.servers {
		first, _, _ := strings.Cut(b.Build, "\n")
		fmt.Fprintf(w, "%c: %s (%s)\n", 'A'+i, b.Path, first)
	}
	fmt.Fprintln(w)
}

// run measures one case: both servers run all the time, and the load goes to
// one and the other in turn.
func (c *contest) run(ctx context.Context, bc benchCase) (*result, error) {
	var ports spec.Ports
	defer ports.Release()
	backend, stop, err := c.startBackend(bc, &ports)
	if err != nil {
		return nil, err
	}
	defer stop()
	var sides [2]*side
	for i, bin := range c.servers {
		s, err := c.start(bin, bc, backend, &ports, i)
		if err != nil {
			return nil, err
		}
		defer s.stop()
		sides[i] = s
	}
	r := &result{name: bc.name}
	for i, s := range sides {
		if _, r.fresh[i], err = groupPSS(s.server.Pid()); err != nil {
			return nil, err
		}
		if _, err := s.measure(ctx, time.Second); err != nil { // warm-up
			return nil, err
		}
	}
	for range c.rounds {
		for i, s := range sides {
			m, err := s.measure(ctx, c.duration)
			if err != nil {
				return nil, err
			}
			r.runs[i] = append(r.runs[i], m)
		}
	}
	return r, nil
}

const frame = `%sworker_processes %d;
daemon off;
master_process on;
error_log %s/logs/error.log crit;
pid %s/logs/nginx.pid;
worker_rlimit_nofile 20000;
events { worker_connections 4096; }
http {
    access_log off;
    default_type text/plain;
    keepalive_requests 100000000;
    client_body_temp_path %[4]s/client_body_temp;
    proxy_temp_path %[4]s/proxy_temp;
    %[5]s
    server {
        listen 127.0.0.1:%[6]d%[7]s;
        server_name localhost;
        %[8]s
    }
}
%[9]s`

// write writes a server root and returns its path.
func (c *contest) write(bin *spec.Binary, bc benchCase, backend string, port int, name string) (string, error) {
	root := filepath.Join(c.dir, name)
	workers, listen, extra := bc.workers, "", bc.server
	if workers == 0 {
		workers = 2
	}
	if bc.tls {
		listen = " ssl"
		extra = fmt.Sprintf("ssl_certificate %[1]s/cert.pem; ssl_certificate_key %[1]s/key.pem; %s", c.dir, bc.server)
		if bc.close {
			extra = "ssl_session_tickets off; ssl_session_cache off; " + extra
		}
	}
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;\n"
	}
	config := fmt.Sprintf(frame, bin.LoadLines(), workers, root, root, bc.http, port, listen, extra, user)
	config = strings.NewReplacer("$BACKEND", backend, "$ROOT", root).Replace(config)
	for path, text := range map[string]string{
		"conf/nginx.conf": config,
		"html/1k.txt":     strings.Repeat("0123456789abcde\n", 64),
		"logs/error.log":  "",
	} {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	return root, nil
}

// start starts one side of a case.
func (c *contest) start(bin *spec.Binary, bc benchCase, backend string, ports *spec.Ports, index int) (*side, error) {
	port, err := ports.Take()
	if err != nil {
		return nil, err
	}
	if index == 0 && bc.peer != "" {
		bc.server, bc.http = bc.peer, ""
	}
	root, err := c.write(bin, bc, backend, port, fmt.Sprintf("%s-%d", bc.name, index))
	if err != nil {
		return nil, err
	}
	check := exec.Command(bin.Path, "-t", "-e", root+"/logs/error.log", "-p", root+"/", "-c", root+"/conf/nginx.conf")
	if out, err := check.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %c says: %s", errRefused, 'A'+index, firstLine(string(out)))
	}
	server, err := spec.Start(bin, root)
	if err != nil {
		return nil, err
	}
	s := &side{server: server, root: root, scheme: "http", addr: fmt.Sprintf("127.0.0.1:%d", port), benchCase: bc}
	if bc.tls {
		s.scheme = "https"
	}
	time.Sleep(300 * time.Millisecond) // until the workers are there
	return s, s.probe()
}

func firstLine(s string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return first
}

// startBackend starts the upstream server of a case, an nginx whose CPU time
// is not counted.
func (c *contest) startBackend(bc benchCase, ports *spec.Ports) (addr string, stop func(), err error) {
	if !bc.backend {
		return "", func() {}, nil
	}
	port, err := ports.Take()
	if err != nil {
		return "", nil, err
	}
	plain := benchCase{name: "backend", server: `location / { return 200 "hello, world\n"; }`}
	root, err := c.write(c.servers[0], plain, "", port, bc.name+"-backend")
	if err != nil {
		return "", nil, err
	}
	server, err := spec.Start(c.servers[0], root)
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("127.0.0.1:%d", port), func() { _ = server.Stop() }, nil
}
