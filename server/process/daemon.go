package process

import (
	"fmt"
	"os"
	"syscall"
)

// Child reports what this process was started as by another one of ours:
// "worker", "daemon" or "".
func Child() string { return os.Getenv(bootEnv) }

// Daemonize starts the program again in a session of its own and waits until
// it says that it serves, or ends. It returns the exit code.
func Daemonize() int {
	r, w, err := os.Pipe()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	null, err := os.OpenFile("/dev/null", os.O_RDWR, 0)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	pid, err := syscall.ForkExec("/proc/self/exe", Args, &syscall.ProcAttr{
		Files: []uintptr{rawFD(null), rawFD(null), 2, rawFD(w)},
		Env:   append(os.Environ(), bootEnv+"=daemon"),
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "daemon:", err)
		return 1
	}
	w.Close()
	var b [1]byte
	if n, _ := r.Read(b[:]); n == 1 {
		return 0
	}
	var st syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &st, 0, nil); err == nil && st.Exited() && st.ExitStatus() != 0 {
		return st.ExitStatus()
	}
	return 1
}

// daemonReady tells the process that waits in Daemonize that the server serves.
// Without a Daemonize it does nothing.
func daemonReady() {
	if Child() != "daemon" {
		return
	}
	os.Unsetenv(bootEnv)
	w := os.NewFile(bootFD, "ready")
	w.Write([]byte{1})
	w.Close()
}

// rawFD is the descriptor of a file, without switching it to blocking mode as
// Fd would.
func rawFD(f *os.File) uintptr {
	var fd uintptr
	if raw, err := f.SyscallConn(); err == nil {
		raw.Control(func(d uintptr) { fd = d })
	}
	return fd
}
