package handlers_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
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
