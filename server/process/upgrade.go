package process

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/perigee-server/perigee/server/log"
	"golang.org/x/sys/unix"
)

// inheritEnv hands the listening sockets to the new binary of an upgrade: a
// JSON object, address → descriptors.
const inheritEnv = "PERIGEE_INHERIT"

// upgraded is set in a process that an upgrade has started.
var upgraded bool

// inheritedSockets takes what the binary before has handed over.
func inheritedSockets(l *log.Logger) sockets {
	text, ok := os.LookupEnv(inheritEnv)
	if !ok {
		return nil
	}
	os.Unsetenv(inheritEnv)
	upgraded = true
	var s sockets
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		l.Printf(log.Emerg, "invalid %s environment variable, ignored: %s", inheritEnv, err)
		return nil
	}
	l.Printf(log.Notice, "using inherited sockets from %q", text)
	for _, fds := range s {
		for _, fd := range fds {
			unix.CloseOnExec(fd)
			unix.SetNonblock(fd, true)
		}
	}
	return s
}

// Upgrading reports whether this process was started by an upgrade, and so must
// not daemonise.
func Upgrading() bool { _, ok := os.LookupEnv(inheritEnv); return ok }

// startUpgrade executes what argv[0] names now, with the listening sockets
// (USR2). The old master keeps serving beside the new one.
func (m *master) startUpgrade() {
	if m.upgrade != 0 || m.quitting || m.stopping {
		return
	}
	oldPath := m.pidPath + oldSuffix
	if err := os.Rename(m.pidPath, oldPath); err != nil {
		m.cycle.Log.Print(log.Alert, 0, log.Errno(fmt.Sprintf("rename() %s to %s failed before executing new binary process %q", m.pidPath, oldPath, Args[0]), err), "")
		return
	}
	m.pidPath = oldPath
	fds := []uintptr{0, 1, 2}
	pass := sockets{}
	for addr, have := range m.socks {
		for _, fd := range have {
			pass[addr] = append(pass[addr], len(fds))
			fds = append(fds, uintptr(fd))
		}
	}
	text, _ := json.Marshal(pass)
	env := append(os.Environ(), inheritEnv+"="+string(text))
	fds, steer, done := m.steering.hand(fds)
	defer done()
	fds, zones := m.handZones(fds)
	env = append(env, zones)
	if steer != "" {
		env = append(env, steer)
	}
	pid, err := syscall.ForkExec(m.reexec, Args, &syscall.ProcAttr{Files: fds, Env: env})
	if err != nil {
		m.cycle.Log.Print(log.Alert, 0, log.Errno(fmt.Sprintf("execve() failed while executing new binary process %q", m.reexec), err), "")
		m.upgradeEnded()
		return
	}
	m.upgrade = pid
	m.cycle.Log.Printf(log.Notice, "start new binary process %q %d", m.reexec, pid)
}

// upgradeEnded takes the pid file back after the new binary has gone.
func (m *master) upgradeEnded() {
	if m.upgrade != 0 {
		m.cycle.Log.Printf(log.Notice, "new binary process %d exited", m.upgrade)
	}
	m.upgrade = 0
	m.steering.point(m.cycle.Log, m.steering.at) // whatever the new binary has set
	now := strings.TrimSuffix(m.pidPath, oldSuffix)
	if err := os.Rename(m.pidPath, now); err != nil {
		m.cycle.Log.Print(log.Alert, 0, log.Errno(fmt.Sprintf("rename() %s back to %s failed", m.pidPath, now), err), "")
		return
	}
	m.pidPath = now
	if m.resting && !m.quitting && !m.stopping {
		m.resting = false
		m.restart()
	}
}
