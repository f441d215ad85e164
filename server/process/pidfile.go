package process

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/perigee-server/perigee/server/log"
)

// oldSuffix is what an upgrade appends to the old master's pid file.
const oldSuffix = ".oldbin"

func writePID(path string) error {
	err := os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o644)
	if err != nil {
		return errors.New(log.Errno(fmt.Sprintf("open() %q failed", path), err))
	}
	return nil
}

func removePID(path string, l *log.Logger) {
	if err := os.Remove(path); err != nil {
		l.Print(log.Alert, 0, log.Errno(fmt.Sprintf("unlink() %q failed", path), err), "")
	}
}

// signals are the words of -s.
var signals = map[string]syscall.Signal{
	"stop":   syscall.SIGTERM,
	"quit":   syscall.SIGQUIT,
	"reload": syscall.SIGHUP,
	"reopen": syscall.SIGUSR1,
}

// Signal sends the signal that -s names to the running master.
func Signal(word, pidPath string) error {
	text, err := os.ReadFile(pidPath)
	if err != nil {
		return errors.New(log.Errno(fmt.Sprintf("open() %q failed", pidPath), err))
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || pid <= 0 {
		return fmt.Errorf("invalid PID number %q in %q", strings.TrimSpace(string(text)), pidPath)
	}
	if err := syscall.Kill(pid, signals[word]); err != nil {
		return errors.New(log.Errno(fmt.Sprintf("kill(%d, %d) failed", pid, int(signals[word])), err))
	}
	return nil
}

// KnownSignal reports whether -s knows the word.
func KnownSignal(word string) bool { _, ok := signals[word]; return ok }
