package lua_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

const profilerConf = `
	location = /profiler { lua_profiler; }
	location = /burn { content_by_lua_block {
		local function work(n) local s = 0 for i = 1, n do s = (s + i * 7) % 1000 end return s end
		local function three() local s = 0 for i = 1, 300 do s = s + work(100) end return s end
		local function one() local s = 0 for i = 1, 100 do s = s + work(100) end return s end
		local co = coroutine.wrap(function() while true do pcall(one) coroutine.yield() end end)
		local till = ngx.now() + 1.5
		repeat
			three() co()
			ngx.sleep(0.001)
			ngx.update_time()
		until ngx.now() > till
		ngx.print("burnt")
	} }
`

// counted sums the samples of the folded stacks that have all parts.
func counted(t *testing.T, folded string, parts ...string) int {
	t.Helper()
	sum := 0
next:
	for _, line := range strings.Split(strings.TrimSpace(folded), "\n") {
		stack, count, found := cutLast(line)
		if !found {
			t.Fatalf("no count in %q of %s", line, folded)
		}
		for _, part := range parts {
			if !strings.Contains(stack, part) {
				continue next
			}
		}
		n, err := strconv.Atoi(count)
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	return sum
}

func cutLast(line string) (stack, count string, found bool) {
	i := strings.LastIndexByte(line, ' ')
	if i < 0 {
		return "", "", false
	}
	return line[:i], line[i+1:], true
}

// TestProfiler burns time in two functions, one of them in a coroutine and a
// protected call, 3 to 1: the profile shows that, and not the time in which the
// script has slept.
func TestProfiler(t *testing.T) {
	s := serve(t, "", profilerConf)
	if _, body, err := s.get("/profiler"); err != nil || !strings.Contains(body, "Lua profiler: off\n") {
		t.Errorf("%q %v", body, err)
	}
	s.expect("/profiler?format=svg", 404, "")
	s.expect("/profiler?seconds=0", 400, "")
	s.expect("/profiler?do=start&rate=2000", 200, "started\n")
	s.expect("/profiler?seconds=1", 409, "")
	s.expect("/profiler?do=stop", 200, "")
	folded, ratio := "", 0.0
	for range 4 { // others may take the processor from one of the two more than from the other
		s.expect("/profiler?do=start&rate=2000", 200, "started\n")
		s.expect("/burn", 200, "burnt")
		status, text, err := s.get("/profiler?do=stop")
		if err != nil || status != 200 {
			t.Fatal(status, err)
		}
		three, one := counted(t, text, "three content_by_lua("), counted(t, text, ";co;", ";pcall;", "):4")
		if three < 100 || one < 30 {
			t.Fatalf("%d and %d samples in\n%s", three, one, text)
		}
		if folded, ratio = text, float64(three)/float64(one); ratio > 2.2 && ratio < 4 {
			break
		}
	}
	if ratio < 2.2 || ratio > 4 {
		t.Errorf("3 : 1 shows as %.2f : 1\n%s", ratio, folded)
	}
	for _, line := range strings.Split(strings.TrimSpace(folded), "\n") {
		if !strings.HasPrefix(line, "content_by_lua;content_by_lua(nginx.conf:") {
			t.Errorf("not joined to the script: %q", line)
		}
	}
	if most := 1500 * 2 * 13 / 10; counted(t, folded) > most {
		t.Errorf("%d samples in 1.5 s: time in which nothing ran counts\n%s", counted(t, folded), folded)
	}
	if _, svg, err := s.get("/profiler?format=svg"); err != nil || !regexp.MustCompile(`<title>three content_by_lua\(nginx\.conf:\d+\):3: \d+ samples, `).MatchString(svg) {
		t.Errorf("%v %s", err, svg)
	}
	if _, pprof, err := s.get("/profiler?format=pprof"); err != nil || !strings.HasPrefix(pprof, "\x1f\x8b") {
		t.Errorf("%v %q", err, pprof)
	}
	// for a time, while a script runs that began before and after it
	burnt := make(chan string)
	go func() {
		time.Sleep(200 * time.Millisecond)
		_, body, err := s.get("/burn")
		if err != nil {
			body = err.Error()
		}
		burnt <- body
	}()
	status, folded, err := s.get("/profiler?seconds=1")
	if err != nil || status != 200 || !strings.Contains(folded, ";three ") {
		t.Errorf("%d %v %s", status, err, folded)
	}
	if body := <-burnt; body != "burnt" { // it has gone on after the end of the profile
		t.Error(body)
	}
	s.expect("/burn", 200, "burnt")
	if text := s.log(); strings.Contains(text, "[alert]") || strings.Contains(text, "[error]") {
		t.Errorf("the log:\n%s", text)
	}
}
