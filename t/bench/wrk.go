package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

const connections = 64

// load is what wrk reports.
type load struct {
	requests int64
	rate     float64
	p99      time.Duration
	failed   int64
}

// load has wrk send requests for a time.
func (s *side) load(ctx context.Context, length time.Duration) (load, error) {
	args := []string{"-t2", fmt.Sprintf("-c%d", connections), fmt.Sprintf("-d%ds", int(length.Seconds())), "--latency"}
	if s.close {
		args = append(args, "-H", "Connection: close")
	}
	if s.post > 0 {
		script := filepath.Join(s.root, "post.lua")
		text := fmt.Sprintf("wrk.method = \"POST\"\nwrk.body = string.rep(\"x\", %d)\n", s.post)
		if err := os.WriteFile(script, []byte(text), 0o644); err != nil {
			return load{}, err
		}
		args = append(args, "-s", script)
	}
	out, err := exec.CommandContext(ctx, "wrk", append(args, s.url())...).CombinedOutput()
	if err != nil {
		return load{}, fmt.Errorf("wrk: %w\n%s", err, out)
	}
	return parseWrk(string(out))
}

var (
	wrkRequests = regexp.MustCompile(`(?m)^\s+(\d+) requests in `)
	wrkRate     = regexp.MustCompile(`(?m)^Requests/sec:\s+([\d.]+)`)
	wrkP99      = regexp.MustCompile(`(?m)^\s+99%\s+([\d.]+)(us|ms|s|m)\b`)
	wrkStatus   = regexp.MustCompile(`(?m)^\s+Non-2xx or 3xx responses: (\d+)`)
	wrkErrors   = regexp.MustCompile(`(?m)^\s+Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)`)
)

var wrkUnits = map[string]time.Duration{"us": time.Microsecond, "ms": time.Millisecond, "s": time.Second, "m": time.Minute}

func parseWrk(out string) (load, error) {
	requests, rate, p99 := wrkRequests.FindStringSubmatch(out), wrkRate.FindStringSubmatch(out), wrkP99.FindStringSubmatch(out)
	if requests == nil || rate == nil || p99 == nil {
		return load{}, fmt.Errorf("the output of wrk is not understood:\n%s", out)
	}
	var l load
	var err error
	if l.requests, err = strconv.ParseInt(requests[1], 10, 64); err != nil {
		return load{}, err
	}
	if l.rate, err = strconv.ParseFloat(rate[1], 64); err != nil {
		return load{}, err
	}
	f, err := strconv.ParseFloat(p99[1], 64)
	if err != nil {
		return load{}, err
	}
	l.p99 = time.Duration(f * float64(wrkUnits[p99[2]]))
	for _, m := range [][]string{wrkStatus.FindStringSubmatch(out), wrkErrors.FindStringSubmatch(out)} {
		if m == nil {
			continue
		}
		for _, text := range m[1:] {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return load{}, err
			}
			l.failed += n
		}
	}
	return l, nil
}

// packages are what a benchmark needs from Debian.
var packages = []string{"wrk", "nginx", "libnginx-mod-http-echo", "libnginx-mod-http-lua"}

// installed makes sure that wrk and the peer are there: as root they are
// installed, else a line says what is missing and the benchmark is skipped.
func installed(ctx context.Context, peer string) bool {
	missing := ""
	for _, program := range []string{"wrk", peer} {
		if _, err := exec.LookPath(program); err != nil {
			missing = program
		}
	}
	if missing == "" {
		return true
	}
	if os.Geteuid() != 0 {
		fmt.Printf("skipped: %s is not installed, and only root can install it\n", missing)
		return false
	}
	cmd := exec.CommandContext(ctx, "apt-get", append([]string{"install", "-y", "--no-install-recommends"}, packages...)...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		fmt.Printf("skipped: %s is not installed, and apt-get install failed: %v\n", missing, err)
		return false
	}
	return true
}
