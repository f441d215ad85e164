package main

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestParseWrk(t *testing.T) {
	out := `Running 1s test @ http://127.0.0.1:8080/
  2 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.05ms  643.00us   9.21ms   81.20%
  Latency Distribution
     50%    0.95ms
     99%    3.20ms
  61000 requests in 1.10s, 9.89MB read
  Socket errors: connect 1, read 2, write 3, timeout 4
  Non-2xx or 3xx responses: 5
Requests/sec:  55454.50
Transfer/sec:      8.99MB
`
	l, err := parseWrk(out)
	want := load{requests: 61000, rate: 55454.5, p99: 3200 * time.Microsecond, failed: 15}
	if err != nil || l != want {
		t.Errorf("got %+v (%v), expected %+v", l, err, want)
	}
	if _, err := parseWrk(strings.ReplaceAll(out, "99%", "98%")); err == nil {
		t.Error("a report without the 99th percentile was accepted")
	}
}

func TestMedian(t *testing.T) {
	runs := []measurement{{rate: 5}, {rate: 1}, {rate: 3}}
	if got := median(runs, func(m measurement) float64 { return m.rate }); got != 3 {
		t.Errorf("the median of 5, 1 and 3 is %v", got)
	}
}

// The CPU time and the memory of this process are found through its group.
func TestGroup(t *testing.T) {
	group := syscall.Getpgrp()
	pids, err := groupMembers(group)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, pid := range pids {
		found = found || pid == os.Getpid()
	}
	if !found {
		t.Errorf("%d is not among %v", os.Getpid(), pids)
	}
	var self syscall.Rusage
	for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end); {
	}
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &self); err != nil {
		t.Fatal(err)
	}
	cpu, err := groupCPU(group)
	own := time.Duration(self.Utime.Nano() + self.Stime.Nano())
	if err != nil || cpu+30*time.Millisecond < own {
		t.Errorf("the group has used %v (%v), this process alone %v", cpu, err, own)
	}
	if sum, _, err := groupPSS(group); err != nil || sum < 1<<20 {
		t.Errorf("the group uses %d bytes (%v)", sum, err)
	}
}

func TestCaseNames(t *testing.T) {
	if _, err := choose("return,nosuch"); err == nil || !strings.Contains(err.Error(), `no case "nosuch"`) {
		t.Errorf("got %v", err)
	}
	got, err := choose("static,return")
	if err != nil || len(got) != 2 || got[0].name != "static" {
		t.Errorf("got %v (%v)", got, err)
	}
}

// TestDict runs the comparison of dictionary and map for a moment: it prints a
// row for each call, with figures that are no nonsense.
func TestDict(t *testing.T) {
	var out strings.Builder
	if err := runDict(&out, 1, time.Millisecond); err != nil {
		t.Fatal(err)
	}
	for _, label := range []string{"get of 100 bytes", "incr"} {
		_, row, ok := strings.Cut(out.String(), label)
		row, _, _ = strings.Cut(row, "\n")
		f := strings.Fields(row)
		if !ok || len(f) != 3 || strings.HasPrefix(f[0], "0.0") || strings.HasPrefix(f[1], "0.0") {
			t.Errorf("no row %q in\n%s", label, out.String())
		}
	}
}
