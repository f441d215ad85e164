package spec

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// layout is where one block runs: its server root, its port, and the values of
// the variables that its sections may use.
type layout struct {
	root  string
	port  int
	rand  map[string]int
	ports *Ports
	env   map[string]string // defaults of variables of the environment
}

func (l *layout) path(elem ...string) string {
	return filepath.Join(append([]string{l.root}, elem...)...)
}

var variable = regexp.MustCompile(`\$(TEST_NGINX_[_A-Z0-9]+)`)

// expand replaces $TEST_NGINX_* variables. An unknown one is an error, so that
// a misspelling does not become part of a configuration.
func (l *layout) expand(text string) (string, error) {
	var failed error
	out := variable.ReplaceAllStringFunc(text, func(name string) string {
		value, err := l.variable(name[1:])
		if err != nil && failed == nil {
			failed = err
		}
		return value
	})
	return out, failed
}

func (l *layout) variable(name string) (string, error) {
	switch {
	case name == "TEST_NGINX_SERVER_PORT" || name == "TEST_NGINX_PORT":
		return fmt.Sprint(l.port), nil
	case name == "TEST_NGINX_HTML_DIR":
		return l.path("html"), nil
	case name == "TEST_NGINX_SERVROOT":
		return l.root, nil
	case strings.HasPrefix(name, "TEST_NGINX_RAND_PORT_"):
		if l.rand[name] == 0 {
			port, err := l.ports.Take()
			if err != nil {
				return "", err
			}
			l.rand[name] = port
		}
		return fmt.Sprint(l.rand[name]), nil
	}
	if value, ok := os.LookupEnv(name); ok {
		return value, nil
	}
	if value, ok := l.env[name]; ok {
		return value, nil
	}
	return "", fmt.Errorf("the variable $%s is not set", name)
}

// own replaces $ServerPort and $ServerPortForClient, which expectations may use.
func (l *layout) own(text string) string {
	text = serverPort.ReplaceAllLiteralString(text, fmt.Sprint(l.port))
	return text
}

var serverPort = regexp.MustCompile(`\$ServerPort(?:ForClient)?\b`)

const indexPage = `<html><head><title>It works!</title></head><body>It works!</body></html>`

// prepare makes the server root: its directories, the user files and the
// configuration, which it also returns.
func (l *layout) prepare(b *Block, s Settings, bin *Binary) (string, error) {
	for _, dir := range []string{"logs", "html", "conf"} {
		if err := os.MkdirAll(l.path(dir), 0o755); err != nil {
			return "", err
		}
	}
	if err := os.WriteFile(l.path("html", "index.html"), []byte(indexPage), 0o644); err != nil {
		return "", err
	}
	if err := l.userFiles(b); err != nil {
		return "", err
	}
	config, err := l.config(b, s, bin)
	if err != nil {
		return "", err
	}
	return config, os.WriteFile(l.path("conf", "nginx.conf"), []byte(config), 0o644)
}

// config writes what Test::Nginx writes: the block's parts in a fixed frame.
func (l *layout) config(b *Block, s Settings, bin *Binary) (string, error) {
	part := map[string]string{}
	for _, name := range []string{"main_config", "post_main_config", "http_config", "config"} {
		text, err := l.expand(b.Text(name))
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		part[name] = text
	}
	var out strings.Builder
	w := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }

	level := s.LogLevel
	if b.Has("log_level") {
		level = strings.TrimSpace(b.Text("log_level"))
	}
	workers := fmt.Sprint(s.Workers)
	if b.Has("workers") {
		workers = strings.TrimSpace(b.Text("workers"))
	}
	master := "off"
	if s.Master || strings.TrimSpace(b.Text("master")) == "on" {
		master = "on"
	}
	w("worker_processes  %s;", workers)
	w("daemon off;")
	w("master_process %s;", master)
	w("error_log %s %s;", l.path("logs", "error.log"), level)
	w("pid       %s;", l.path("logs", "nginx.pid"))
	w("%s", bin.LoadLines())
	w("%s", part["main_config"])
	w("http {")
	w("    access_log %s;", l.path("logs", "access.log"))
	for _, temp := range []string{"client_body", "proxy", "fastcgi", "scgi", "uwsgi"} {
		if bin.lacks(temp) || setsTemp(part["http_config"], temp) {
			continue
		}
		w("    %s_temp_path %s;", temp, l.path(temp+"_temp"))
	}
	w("    default_type text/plain;")
	w("    keepalive_timeout  68000ms;")
	w("%s", part["http_config"])
	name := "localhost"
	if b.Has("server_name") {
		name = strings.TrimSpace(b.Text("server_name"))
	}
	w("    server {")
	w("        listen          %d;", l.port)
	w("        server_name     '%s';", strings.ReplaceAll(strings.ReplaceAll(name, `\`, `\\`), `'`, `\'`))
	w("        client_max_body_size 30M;")
	w("%s", part["config"])
	if !s.NoRootLocation {
		w("        location / {")
		w("            root %s;", l.path("html"))
		w("            index index.html index.htm;")
		w("        }")
	}
	w("    }")
	w("}")
	w("%s", part["post_main_config"])
	w("events {")
	w("    accept_mutex off;")
	w("    worker_connections  %d;", s.WorkerConnections)
	w("}")
	if os.Geteuid() == 0 {
		w("user root;")
	}
	return out.String(), nil
}

var tempPath = regexp.MustCompile(`\b(\w+)_temp_path\b`)

func setsTemp(config, name string) bool {
	for _, m := range tempPath.FindAllStringSubmatch(config, -1) {
		if m[1] == name {
			return true
		}
	}
	return false
}

var fileLine = regexp.MustCompile(`^>>> (\S+)(?:\s+(\S+))?\s*$`)

// userFiles writes the files of the user_files section. A line ">>> NAME" or
// ">>> NAME YYYYMMDDhhmm[.ss]" begins each; names are relative to html/.
func (l *layout) userFiles(b *Block) error {
	v, ok := b.Value("user_files")
	if !ok {
		return nil
	}
	if v.Kind == List {
		return l.listedFiles(v.Items)
	}
	var name, date, body string
	flush := func() error {
		if name == "" {
			return nil
		}
		return l.userFile(name, date, body)
	}
	for _, line := range strings.SplitAfter(v.Text, "\n") {
		m := fileLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if m == nil {
			body += line
			continue
		}
		if err := flush(); err != nil {
			return err
		}
		name, date, body = m[1], m[2], ""
	}
	return flush()
}

// listedFiles writes the files of "user_files eval": [[name => body, date], …].
func (l *layout) listedFiles(items []Value) error {
	for _, item := range items {
		if item.Kind != List || len(item.Items) < 2 || len(item.Items) > 3 {
			return fmt.Errorf("user_files: an item must be [name, body] or [name, body, date]")
		}
		date := ""
		if len(item.Items) == 3 {
			date = item.Items[2].Text
		}
		if err := l.userFile(item.Items[0].Text, date, item.Items[1].Text); err != nil {
			return err
		}
	}
	return nil
}

func (l *layout) userFile(name, date, body string) error {
	path := name
	if !filepath.IsAbs(name) {
		path = l.path("html", name)
	}
	body, err := l.expand(body)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(body), 0o644); err != nil || date == "" {
		return err
	}
	at, err := parseDate(date)
	if err != nil {
		return err
	}
	return os.Chtimes(path, at, at)
}

// parseDate reads the date of touch -t, in GMT.
func parseDate(s string) (time.Time, error) {
	for _, format := range []string{"200601021504.05", "200601021504"} {
		if at, err := time.Parse(format, s); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("the date %q is not YYYYMMDDhhmm[.ss]", s)
}
