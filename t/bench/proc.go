package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// groupMembers returns the processes of a process group, which a server's
// master and workers share.
func groupMembers(group int) ([]int, error) {
	paths, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	var out []int
	for _, path := range paths {
		pid, err := strconv.Atoi(filepath.Base(path))
		if err != nil {
			continue
		}
		fields, err := stat(pid)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // it has ended
		}
		if err != nil {
			return nil, err
		}
		if fields[2] == strconv.Itoa(group) {
			out = append(out, pid)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no process in group %d", group)
	}
	return out, nil
}

// stat returns the fields of /proc/PID/stat behind the name: state, ppid, pgrp, …
func stat(pid int) ([]string, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	end := bytes.LastIndexByte(data, ')')
	fields := strings.Fields(string(data[end+1:]))
	if end < 0 || len(fields) < 13 {
		return nil, fmt.Errorf("/proc/%d/stat is not understood", pid)
	}
	return fields, nil
}

// groupCPU returns the CPU time of a process group's members.
func groupCPU(group int) (time.Duration, error) {
	pids, err := groupMembers(group)
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	for _, pid := range pids {
		d, err := cpuTime(pid)
		if err != nil {
			return 0, err
		}
		sum += d
	}
	return sum, nil
}

// cpuTime is how long the threads of a process have run, to the nanosecond. The
// times in /proc/PID/stat are samples of a clock of 100 Hz, which do not count
// fairly what timers wake at the same rhythm.
func cpuTime(pid int) (time.Duration, error) {
	const cpuclockSched = 2 // of the kernel's ids of clocks of processes
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|cpuclockSched), &ts); err != nil {
		return 0, fmt.Errorf("CPU time of process %d: %w", pid, err)
	}
	return time.Duration(ts.Nano()), nil
}

// groupPSS returns the proportional set size of a group's members in bytes, and
// that of its members other than the leader, which are the workers, on average.
func groupPSS(group int) (sum, worker int64, err error) {
	pids, err := groupMembers(group)
	if err != nil {
		return 0, 0, err
	}
	for _, pid := range pids {
		n, err := pss(pid)
		if err != nil {
			return 0, 0, err
		}
		sum += n
		if pid != group {
			worker += n
		}
	}
	return sum, worker / int64(max(1, len(pids)-1)), nil
}

// pss reads the proportional set size of a process from /proc/PID/smaps_rollup.
func pss(pid int) (int64, error) {
	path := fmt.Sprintf("/proc/%d/smaps_rollup", pid)
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for _, line := range strings.Split(string(data), "\n") {
		rest, ok := strings.CutPrefix(line, "Pss:")
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
		return n << 10, err
	}
	return 0, fmt.Errorf("%s is not understood", path)
}
