package lua_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// source is a server that sends bodies, and tells how far it came.
func source(t *testing.T) (address string, sent chan int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	sent = make(chan int, 16)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				r, err := http.ReadRequest(bufio.NewReader(c))
				if err != nil {
					return
				}
				size, _ := strconv.Atoi(r.URL.Query().Get("size"))
				short, _ := strconv.Atoi(r.URL.Query().Get("short"))
				c.(*net.TCPConn).SetWriteBuffer(64 << 10)
				fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nConnection: close\r\nX-Size: %d\r\nContent-Length: %d\r\n\r\n", size, size)
				if slow := r.URL.Query().Get("slow"); slow != "" {
					time.Sleep(300 * time.Millisecond)
				}
				block := []byte(strings.Repeat("0123456789abcdef", 1024))
				n := 0
				for n < size-short {
					k, err := c.Write(block[:min(len(block), size-short-n)])
					n += k
					if err != nil {
						break
					}
				}
				sent <- n
			}()
		}
	}()
	return l.Addr().String(), sent
}

func streamConf(address string) string {
	return `
	location /up { internal; proxy_pass http://` + address + `; proxy_http_version 1.1; }
	location = /all { content_by_lua_block {
		local res = ngx.location.capture("/up?size=10485760", {stream = true})
		assert(res.status == 200 and res.header["X-Size"] == "10485760" and res.body == nil)
		local total, most = 0, 0
		collectgarbage() local before = collectgarbage("count")
		for chunk in res.reader do
			total, most = total + #chunk, math.max(most, #chunk)
		end
		ngx.print(total, " ", most <= 65536, " ", tostring(res.truncated), " ", tostring(res:read()))
	} }
	location = /relay { content_by_lua_block {
		local res = ngx.location.capture("/up?size=3000000", {stream = true})
		ngx.header["X-Size"] = res.header["X-Size"]
		while true do
			local chunk, err = res:read(1000)
			if not chunk then assert(not err, err) break end
			ngx.print(chunk)
			ngx.flush(true)
		end
	} }
	location = /header { content_by_lua_block {
		local t = ngx.now()
		local res = ngx.location.capture("/up?size=10&slow=1", {stream = true})
		ngx.update_time()
		local early = ngx.now() - t < 0.2
		ngx.print(tostring(early), " ", res.status, " ", res:read())
	} }
	location = /stop { content_by_lua_block {
		local res = ngx.location.capture("/up?size=104857600", {stream = true})
		ngx.print(#res:read(10), " ")
		ngx.sleep(0.2)
		ngx.print(res:close(), " ", select(2, res:read()), " ", select(2, res:close()))
	} }
	location = /drop { content_by_lua_block {
		local res = ngx.location.capture("/up?size=104857600", {stream = true})
		ngx.sleep(0.1)
		ngx.print("dropped")
	} }
	location = /short { content_by_lua_block {
		local res = ngx.location.capture("/up?size=100000&short=10", {stream = true})
		local total = 0
		while true do
			local chunk, err = res:read()
			if not chunk then ngx.print(total, " ", err, " ", tostring(res.truncated)) break end
			total = total + #chunk
		end
	} }
	location = /file { content_by_lua_block {
		local res = ngx.location.capture("/big.bin", {stream = true})
		local total = 0
		for chunk in res.reader do total = total + #chunk ngx.sleep(0) end
		ngx.print(total)
	} }
	location = /own { content_by_lua_block {
		local a = ngx.location.capture("/made?n=1", {stream = true})
		local b = ngx.location.capture("/made?n=2", {stream = true})
		ngx.print(a:read(), b:read(), a:read(), b:read(), tostring(a:read()), ngx.location.capture("/none", {stream = true}).status)
	} }
	location = /made { content_by_lua_block { ngx.print("a", ngx.var.arg_n) ngx.flush() ngx.sleep(0.05) ngx.print("b", ngx.var.arg_n) } }
`
}

// TestStreamedCapture reads bodies of subrequests while they come: none is held
// in memory, and one that is not read is not made.
func TestStreamedCapture(t *testing.T) {
	address, sent := source(t)
	s := serve(t, "", streamConf(address))
	s.put("html/big.bin", strings.Repeat("x", 5<<20))
	s.expect("/all", 200, "10485760 true false nil")
	if n := <-sent; n != 10485760 {
		t.Errorf("%d bytes were sent", n)
	}
	status, body, err := s.get("/relay")
	if err != nil || status != 200 || len(body) != 3000000 || strings.Trim(body, "0123456789abcdef") != "" {
		t.Errorf("%d, %d bytes, %v", status, len(body), err)
	}
	<-sent
	s.expect("/header", 200, "true 200 0123456789")
	<-sent
	for path, want := range map[string]string{"/stop": "10 1 closed closed", "/drop": "dropped"} {
		s.expect(path, 200, want)
		select {
		case n := <-sent:
			if n > 20<<20 {
				t.Errorf("%s: %d bytes of 100 MB were sent though nobody read", path, n)
			}
		case <-time.After(5 * time.Second):
			t.Errorf("%s: the upstream connection is open", path)
		}
	}
	s.expect("/short", 200, "99990 truncated true")
	<-sent
	s.expect("/file", 200, "5242880")
	s.expect("/own", 200, "a1a2b1b2nil404")
	s.expect("/file", 200, "5242880")
	if text := s.log(); strings.Contains(text, "[alert]") || strings.Contains(text, "lua ") || strings.Contains(text, "/stop") || strings.Contains(text, "/drop") {
		t.Errorf("the log:\n%s", text)
	}
}
