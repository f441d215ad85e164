package process

import (
	"github.com/perigee-server/perigee/server/cycle"
	"golang.org/x/sys/unix"
)

// asDaemon is set in a process that Daemonize has started.
var asDaemon = Child() == "daemon"

// detached reports whether the process and its workers shall have no terminal:
// a daemon, and what an upgrade of a daemon has started.
func detached(c *cycle.Cycle) bool { return asDaemon || upgraded && c.Core.Daemon.V }

// stderrOf is what standard error of a detached process is: the error log, where
// the traces of a crash belong; 2 itself where the log is standard error or no
// file (ngx_log_redirect_stderr).
func stderrOf(c *cycle.Cycle) uintptr {
	if f := c.Core.ErrorLog.File(c); f != nil && f.Handle() != nil {
		return rawFD(f.Handle())
	}
	return 2
}

// redirectStderr makes standard error of this process what stderrOf says; again
// after every reopening of the logs.
func redirectStderr(c *cycle.Cycle) {
	if fd := stderrOf(c); fd != 2 {
		unix.Dup3(int(fd), 2, 0)
	}
}
