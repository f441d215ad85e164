package recorded

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// configuration is what the reference runs with: %s are the modules' folder
// and the port.
const configuration = `
load_module %[1]s/ndk_http_module.so;
load_module %[1]s/ngx_http_lua_module.so;
daemon off;
master_process off;
error_log error.log notice;
pid nginx.pid;
env LUA_CPATH;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  lua_shared_dict dogs 1m;
  lua_shared_dict cats 32k;
  lua_regex_match_limit 100000;
  server {
    listen 127.0.0.1:%[2]d;
    location / { content_by_lua_file cases.lua; }
  }
}
`

// record runs the cases in the reference, puts its results into the cases and
// writes the file anew.
func record(t *testing.T, binary, path string, lines []string, cases []recordedCase) {
	t.Helper()
	results := reference(t, binary, cases)
	var out []string
	next := 0
	for i := range cases {
		out = append(out, lines[next:cases[i].at]...)
		next = cases[i].at
		if next < len(lines) && strings.HasPrefix(lines[next], "= ") {
			next++
		}
		cases[i].want = results[i]
		out = append(out, "= "+results[i])
	}
	out = append(out, lines[next:]...)
	if err := os.WriteFile(path, []byte(strings.Join(out, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// reference gives the line that the reference prints for each case.
func reference(t *testing.T, binary string, cases []recordedCase) []string {
	t.Helper()
	folder := t.TempDir()
	var script strings.Builder
	script.WriteString(harness)
	for _, c := range cases {
		fmt.Fprintf(&script, "ngx.say((run_case(%s):gsub('[\\r\\n]', '~'))) ngx.flush(true)\n", quoted(c.source))
	}
	port := freePort(t)
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("cases.lua", script.String())
	write("nginx.conf", fmt.Sprintf(configuration, os.Getenv("PERIGEE_RECORD_MODULES"), port))
	server := exec.Command(binary, "-p", folder, "-c", "nginx.conf", "-e", "error.log")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	}()
	body := get(t, fmt.Sprintf("http://127.0.0.1:%d/", port))
	results := strings.Split(strings.TrimSuffix(body, "\n"), "\n")
	if len(results) != len(cases) {
		log, _ := os.ReadFile(filepath.Join(folder, "error.log"))
		t.Fatalf("the reference gave %d lines for %d cases: %s\n%s", len(results), len(cases), body, log)
	}
	return results
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func get(t *testing.T, url string) string {
	t.Helper()
	client := http.Client{Timeout: 30 * time.Second}
	for deadline := time.Now().Add(5 * time.Second); ; {
		answer, err := client.Get(url)
		if err == nil {
			defer answer.Body.Close()
			body, err := io.ReadAll(answer.Body)
			if err != nil {
				t.Fatalf("the reference broke off behind %d lines: %v", strings.Count(string(body), "\n"), err)
			}
			return string(body)
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
