package process_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// stat is what /proc/PID/stat says of a process.
type stat struct {
	state         byte
	parent, group int
}

func statOf(pid int) (stat, bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, false
	}
	f := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(f) < 3 {
		return stat{}, false
	}
	parent, _ := strconv.Atoi(f[1])
	group, _ := strconv.Atoi(f[2])
	return stat{f[0][0], parent, group}, true
}

// processes lists the living processes that fit, sorted.
func processes(fits func(stat) bool) []int {
	entries, _ := os.ReadDir("/proc")
	var out []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if st, ok := statOf(pid); ok && st.state != 'Z' && st.state != 'X' && fits(st) {
			out = append(out, pid)
		}
	}
	slices.Sort(out)
	return out
}

func childrenOf(pid int) []int {
	return processes(func(s stat) bool { return pid > 1 && s.parent == pid })
}

func groupOf(group int) []int {
	return processes(func(s stat) bool { return group > 1 && s.group == group })
}

// alive reports whether a process runs; a dead one that nobody has waited for
// does not.
func alive(pid int) bool {
	st, ok := statOf(pid)
	return ok && st.state != 'Z' && st.state != 'X'
}

// title is what ps shows as the command.
func title(pid int) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return strings.TrimRight(strings.ReplaceAll(string(text), "\x00", " "), " ")
}

// serving are the workers of a master that have introduced themselves and are
// not shutting down.
func serving(master int) []int {
	var out []int
	for _, pid := range childrenOf(master) {
		if strings.HasSuffix(title(pid), ": worker process") {
			out = append(out, pid)
		}
	}
	return out
}

// status is a field of /proc/PID/status.
func status(pid int, name string) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(text)) {
		if v, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// descriptors counts what a process has open.
func descriptors(pid int) int {
	entries, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return len(entries)
}

// pss is the proportional set size of a process in bytes, 0 when it can not be
// read.
func pss(pid int) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "Pss:" {
			n, _ := strconv.Atoi(f[1])
			return n << 10
		}
	}
	return 0
}

// zombies are the children that a process has not waited for.
func zombies(pid int) []int {
	entries, _ := os.ReadDir("/proc")
	var out []int
	for _, e := range entries {
		if n, err := strconv.Atoi(e.Name()); err == nil {
			if st, ok := statOf(n); ok && st.state == 'Z' && st.parent == pid {
				out = append(out, n)
			}
		}
	}
	return out
}
