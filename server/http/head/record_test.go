package head

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestRecord asks a running nginx what it makes of all inputs and writes the
// answers to testdata. It runs only when PERIGEE_RECORD_NGINX names a binary.
func TestRecord(t *testing.T) {
	binary := os.Getenv("PERIGEE_RECORD_NGINX")
	if binary == "" {
		t.Skip("PERIGEE_RECORD_NGINX is not set")
	}
	r := startReference(t, binary)

	var records []record
	for _, s := range sweeps {
		records = append(records, record{s.kind, s.text, make([]string, 2)})
	}
	add := func(kind string, inputs []string) {
		for _, input := range inputs {
			records = append(records, record{kind, input, nil})
		}
	}
	add("line", lineCases)
	add("slashes", lineCases[len(lineCases)-len(uriCases):])
	add("field", fieldCases)
	add("host", hostCases)
	add("status", statusCases)
	add("chunked", chunkedCases)

	slots := make(chan bool, 200)
	var all sync.WaitGroup
	run := func(f func()) {
		slots <- true
		all.Go(func() {
			defer func() { <-slots }()
			f()
		})
	}
	for i := range records {
		rec := &records[i]
		before, after, isSweep := strings.Cut(rec.input, "§")
		if !isSweep {
			run(func() {
				code, details := r.ask(rec.kind, rec.input, true)
				rec.results = []string{string(code), details}
			})
			continue
		}
		var codes [2][256]byte
		var sweep sync.WaitGroup
		for b := range 256 {
			input := before + string([]byte{byte(b)})
			sweep.Add(2)
			run(func() { codes[0][b], _ = r.ask(rec.kind, input+after, true); sweep.Done() })
			run(func() { codes[1][b], _ = r.ask(rec.kind, input, false); sweep.Done() })
		}
		sweep.Wait()
		rec.results[0], rec.results[1] = string(codes[0][:]), string(codes[1][:])
	}
	all.Wait()

	var out bytes.Buffer
	out.WriteString("# Recorded from nginx/1.22.1 by TestRecord: kind, input, what nginx did. See recorded_test.go.\n")
	for _, rec := range records {
		words := append([]string{rec.kind, rec.input}, rec.results...)
		for i, w := range words {
			if i > 0 {
				out.WriteByte('\t')
			}
			out.WriteString(strconv.Quote(w))
		}
		out.WriteByte('\n')
	}
	if err := os.WriteFile(recordFile, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// reference is a running nginx in front of an upstream that echoes requests.
type reference struct{ ports map[string]int }

func startReference(t *testing.T, binary string) *reference {
	dir := t.TempDir()
	echo := listen(t)
	go echoRequests(echo)
	status := listen(t)
	go sendStatus(status)

	r := &reference{ports: map[string]int{}}
	var servers strings.Builder
	const show = `return 200 "$request_method|$request_uri|$uri|$args|$host|$server_protocol|$request";`
	for kind, body := range map[string]string{
		"line":    show,
		"slashes": show,
		"host":    `return 200 "$host";`,
		"field":   "proxy_pass http://" + echo.Addr().String() + `; proxy_set_header Host ""; proxy_set_header Connection "";`,
		"status":  "proxy_pass http://" + status.Addr().String() + "; proxy_read_timeout 600ms; proxy_buffering off;",
		"chunked": "proxy_pass http://" + echo.Addr().String() + ";",
	} {
		l := listen(t)
		r.ports[kind] = l.Addr().(*net.TCPAddr).Port
		l.Close()
		merge := "on"
		if kind == "slashes" {
			merge = "off"
		}
		fmt.Fprintf(&servers, "server { listen 127.0.0.1:%d; merge_slashes %s; location / { %s } }\n", r.ports[kind], merge, body)
	}
	conf := fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log stderr crit;
		events { worker_connections 4096; }
		http {
			access_log off; client_header_timeout 600ms; client_body_timeout 600ms; lingering_close off;
			client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy;
			fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
			types { x/a a; x/b b; x/html html; } default_type x/none;
			%[2]s
		}`, dir, servers.String())
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "-p", dir, "-e", "stderr", "-c", file)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for range 100 {
		if c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", r.ports["line"])); err == nil {
			c.Close()
			return r
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("nginx does not answer")
	return nil
}

func listen(t *testing.T) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// echoRequests answers each HTTP/1.0 request with its own bytes.
func echoRequests(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(5 * time.Second))
			var got []byte
			buf := make([]byte, 64<<10)
			for {
				n, err := c.Read(buf)
				got = append(got, buf[:n]...)
				if err != nil || wholeRequest(got) {
					break
				}
			}
			fmt.Fprintf(c, "HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(got), got)
		}()
	}
}

// sendStatus answers with the line that the request names in hex.
func sendStatus(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(5 * time.Second))
			buf := make([]byte, 64<<10)
			n, _ := c.Read(buf)
			var line []byte
			fmt.Sscanf(string(buf[:n]), "GET /%x ", &line)
			_, _ = c.Write(line)
			// Closing now would end an incomplete line; nginx's timeout shall.
			_, _ = c.Read(buf)
		}()
	}
}

func wholeRequest(got []byte) bool {
	head, body, ok := bytes.Cut(got, []byte("\r\n\r\n"))
	if !ok {
		return false
	}
	_, length, ok := strings.Cut(string(head), "Content-Length: ")
	if !ok {
		return true
	}
	length, _, _ = strings.Cut(length, "\r")
	n, _ := strconv.Atoi(length)
	return len(body) >= n
}

// ask sends one input and returns what became of it. A whole one is completed
// to a request, else nginx gets nothing behind it.
func (r *reference) ask(kind, input string, whole bool) (byte, string) {
	switch kind {
	case "line", "slashes":
		if whole {
			input += "Host: h\r\n\r\n"
		}
	case "field":
		input = "GET / HTTP/1.1\r\nHost: h\r\n" + input
		if whole {
			input += "\r\n"
		}
	case "host":
		input = "GET / HTTP/1.1\r\nHost: " + input + "\r\n\r\n"
	case "status":
		if whole {
			input += "\r\n"
		}
		input = fmt.Sprintf("GET /%x HTTP/1.0\r\n\r\n", input)
	case "chunked":
		input = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + input
	}
	c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", r.ports[kind]))
	if err != nil {
		return otherwise, ""
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(3 * time.Second))
	_, _ = io.WriteString(c, input)
	return classify(kind, firstResponse(c))
}

// firstResponse reads one response, or all until nginx closes.
func firstResponse(c net.Conn) []byte {
	var got []byte
	buf := make([]byte, 64<<10)
	for {
		n, err := c.Read(buf)
		got = append(got, buf[:n]...)
		if err != nil {
			return got
		}
		if head, body, ok := bytes.Cut(got, []byte("\r\n\r\n")); ok && bytes.HasPrefix(got, []byte("HTTP/")) {
			if _, length, ok := strings.Cut(string(head), "Content-Length: "); ok {
				length, _, _ = strings.Cut(length, "\r")
				if n, _ := strconv.Atoi(length); len(body) >= n {
					return append(append(head, "\r\n\r\n"...), body[:n]...)
				}
			}
		}
	}
}

func classify(kind string, got []byte) (byte, string) {
	if len(got) == 0 {
		return waiting, ""
	}
	if kind == "status" {
		// What nginx takes for HTTP/0.9 it passes on without a head of its own.
		line, _, valid := strings.Cut(string(got), "\r\nServer: nginx")
		switch {
		case !valid:
			return skipped, ""
		case line[9:12] == "504":
			return waiting, ""
		}
		return answered, line[9:]
	}
	if !bytes.HasPrefix(got, []byte("HTTP/1.1 ")) { // HTTP/0.9
		if bytes.HasPrefix(got, []byte("<html>")) {
			return refused, ""
		}
		return answered, "|" + string(got)
	}
	head, body, _ := strings.Cut(string(got), "\r\n\r\n")
	switch head[9:12] {
	case "400":
		return refused, ""
	case "505":
		return version, ""
	case "408":
		return waiting, ""
	case "405":
		return answered, ""
	case "200":
	default:
		return otherwise, head[9:12]
	}

	switch kind {
	case "line", "slashes":
		_, mime, _ := strings.Cut(head, "Content-Type: ")
		mime, _, _ = strings.Cut(mime, "\r")
		if body == "" { // HEAD
			return answered, ""
		}
		return answered, mime + "|" + body
	case "field", "chunked":
		if _, echoed, ok := strings.Cut(body, "\r\n"); ok {
			body = echoed
		}
		fields, rest, _ := strings.Cut(body, "\r\n\r\n")
		if kind == "chunked" {
			return answered, rest
		}
		if fields == "\r\n" || fields == "" {
			return skipped, ""
		}
		return answered, fields + "\r\n"
	}
	return answered, body
}
