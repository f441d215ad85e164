package handlers_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestCountersOverReload: the counters of a set with counters_survive_reload go
// on, also beside new ones, in another order and after the death of all workers;
// those of others begin anew.
func TestCountersOverReload(t *testing.T) {
	s := newSite(t)
	generation := 0
	load := func(survive, counters string) {
		generation++
		s.write(2, "counters_survive_reload "+survive+";", fmt.Sprintf(`server_name set; %s location / { counter $cnt_a inc; return 200 here; } location /value { return 200 "%d:$cnt_a"; }`, counters, generation))
		if generation == 1 {
			s.start()
			return
		}
		s.reload()
		s.until("the configuration is taken", func() bool {
			s.http.CloseIdleConnections()
			v, err := s.try("/value")
			return err == nil && strings.HasPrefix(v, fmt.Sprint(generation, ":")) && len(s.workers()) == 2
		})
	}
	count := func(n, want int) {
		t.Helper()
		for range n {
			s.get("/")
		}
		s.until(fmt.Sprintf("%d requests are counted", want), func() bool { return s.get("/value") == fmt.Sprintf("%d:%d", generation, want) })
	}
	load("off", "counter $cnt_b;")
	count(3, 3)
	load("off", "counter $cnt_b;")
	count(2, 2)
	load("on", "counter $cnt_b;")
	count(5, 5)
	load("on", "counter $cnt_c; counter $cnt_d; counter $cnt_b;")
	count(1, 6)
	for _, pid := range s.workers() {
		s.kill(pid, syscall.SIGKILL)
	}
	s.until("new workers have the values", func() bool { v, err := s.try("/value"); return err == nil && v == fmt.Sprint(generation, ":6") })
	count(1, 7)
}

// TestPersistentCounters: counters outlive the server, an orderly end wholly, a
// kill of all processes up to the last interval; the file is whole at any moment,
// and one that is damaged is told in a line.
func TestPersistentCounters(t *testing.T) {
	s := newSite(t)
	file := s.dir + "/locks/counters.json"
	write := func(every string) {
		s.write(2, "counters_survive_reload on; counters_persistent_storage LOCKS/counters.json "+every+";", `counter_set_id set; location / { counter $cnt_a inc; return 200 here; } location /value { return 200 $cnt_a; }`)
	}
	write("")
	s.start()
	for range 7 {
		s.get("/")
	}
	s.until("seven requests are counted", func() bool { return s.get("/value") == "7" })
	s.stop()
	if text, _ := os.ReadFile(file); string(text) != `{"set":{"cnt_a":7}}`+"\n" {
		t.Fatalf("after the end the file has %q", text)
	}

	write("20ms")
	s.start()
	if v := s.get("/value"); v != "7" {
		t.Errorf("after the start the counter is %s", v)
	}
	end := s.load()
	for stop := time.Now().Add(time.Second); time.Now().Before(stop); {
		text, err := os.ReadFile(file)
		if err != nil || !json.Valid(text) {
			t.Fatalf("while it is saved the file has %q, %v", text, err)
		}
	}
	end()
	value := s.get("/value")
	saved := fmt.Sprintf(`{"set":{"cnt_a":%s}}`+"\n", value)
	s.until("the last value is saved", func() bool { text, _ := os.ReadFile(file); return string(text) == saved })
	for _, pid := range append([]int{s.cmd.Process.Pid}, s.workers()...) {
		s.kill(pid, syscall.SIGKILL)
	}
	s.cmd.Wait()
	s.start()
	if v := s.get("/value"); v != value {
		t.Errorf("after the death of all processes the counter is %s, it was %s", v, value)
	}
	s.stop()

	if err := os.WriteFile(file, []byte(saved[:len(saved)-3]), 0o644); err != nil {
		t.Fatal(err)
	}
	s.start()
	if v := s.get("/value"); v != "0" {
		t.Errorf("a damaged file has given %s", v)
	}
	if n := s.count(`\[error\] \d+#\d+: load counters from .*: the file is damaged: unexpected end of JSON input, they begin at zero`); n != 1 {
		t.Errorf("%d lines about the damage", n)
	}

	// a folder where nothing can be written costs one line
	os.Chmod(s.dir+"/locks", 0o555)
	defer os.Chmod(s.dir+"/locks", 0o777)
	s.until("that is told", func() bool {
		s.get("/")
		return s.count(`save counters: .*permission denied`) > 0
	})
	time.Sleep(100 * time.Millisecond)
	if n := s.count("save counters: "); n != 1 {
		t.Errorf("%d lines about a folder that can not be written", n)
	}
}
