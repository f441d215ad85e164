package process

import (
	"os"
	"os/user"
	"runtime"
	"strconv"
	"syscall"

	"github.com/perigee-server/perigee/server/cycle"
	"golang.org/x/sys/unix"
)

// dropPrivileges makes the process run as the configured user; for all threads.
func dropPrivileges(u cycle.UserIDs) error {
	if os.Geteuid() != 0 || u.UID == 0 && u.GID == 0 {
		return nil
	}
	groups := []int{u.GID}
	if who, err := user.Lookup(u.Name); err == nil {
		if ids, err := who.GroupIds(); err == nil {
			for _, id := range ids {
				if n, err := strconv.Atoi(id); err == nil && n != u.GID {
					groups = append(groups, n)
				}
			}
		}
	}
	if err := syscall.Setgroups(groups); err != nil {
		return os.NewSyscallError("initgroups", err)
	}
	if err := syscall.Setgid(u.GID); err != nil {
		return os.NewSyscallError("setgid", err)
	}
	if err := syscall.Setuid(u.UID); err != nil {
		return os.NewSyscallError("setuid", err)
	}
	return nil
}

// setLimits applies the rlimits of the configuration.
func setLimits(c *cycle.Core) error {
	if c.RlimitNofile.Set {
		n := uint64(c.RlimitNofile.V)
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
			return os.NewSyscallError("setrlimit(RLIMIT_NOFILE)", err)
		}
	}
	if c.RlimitCore.Set {
		n := uint64(c.RlimitCore.V)
		if err := syscall.Setrlimit(unix.RLIMIT_CORE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
			return os.NewSyscallError("setrlimit(RLIMIT_CORE)", err)
		}
	}
	return nil
}

// affinity is the set of processors for a worker, nil for all.
func affinity(c *cycle.Core, slot int) []int {
	switch {
	case c.AffinityAuto:
		all := allowed()
		if len(c.Affinity) > 0 {
			all = c.Affinity[0]
		}
		if len(all) == 0 {
			return nil
		}
		return []int{all[slot%len(all)]}
	case len(c.Affinity) > 0:
		return c.Affinity[min(slot, len(c.Affinity)-1)]
	}
	return nil
}

func allowed() []int {
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) != nil {
		return nil
	}
	var out []int
	for i := range 1024 {
		if set.IsSet(i) {
			out = append(out, i)
		}
	}
	return out
}

// startOn runs start on a thread that has the worker's affinity and priority,
// which the new process inherits; both are properties of threads.
func startOn(c *cycle.Core, slot int, start func() (int, error)) (int, error) {
	cpus := affinity(c, slot)
	if cpus == nil && !c.Priority.Set {
		return start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if cpus != nil {
		var was, set unix.CPUSet
		for _, i := range cpus {
			set.Set(i)
		}
		if err := unix.SchedGetaffinity(0, &was); err != nil {
			return 0, os.NewSyscallError("sched_getaffinity", err)
		}
		if err := unix.SchedSetaffinity(0, &set); err != nil {
			return 0, os.NewSyscallError("sched_setaffinity", err)
		}
		defer unix.SchedSetaffinity(0, &was)
	}
	if c.Priority.Set {
		was, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
		if err == nil {
			err = unix.Setpriority(unix.PRIO_PROCESS, 0, c.Priority.V)
		}
		if err != nil {
			return 0, os.NewSyscallError("setpriority", err)
		}
		defer unix.Setpriority(unix.PRIO_PROCESS, 0, 20-was) // the raw call counts from 40 down
	}
	return start()
}
