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
)

// clockTick is the unit of the times in /proc/PID/stat; USER_HZ is 100 on every
// architecture that Go runs on under Linux.
const clockTick = 10 * time.Millisecond

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

// groupCPU returns the user and system time of a process group's members.
func groupCPU(group int) (time.Duration, error) {
	pids, err := groupMembers(group)
	if err != nil {
		return 0, err
	}
	var ticks int64
	for _, pid := range pids {
		fields, err := stat(pid)
		if err != nil {
			return 0, err
		}
		for _, field := range fields[11:13] { // utime, stime
			n, err := strconv.ParseInt(field, 10, 64)
			if err != nil {
				return 0, err
			}
			ticks += n
		}
	}
	return time.Duration(ticks) * clockTick, nil
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
