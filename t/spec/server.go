package spec

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Server is a started server process, the leader of its own process group.
type Server struct {
	root   string
	cmd    *exec.Cmd
	output lockedBuffer
	done   chan struct{} // closed when the process has ended
	err    error         // of Wait; read it after done

	losesSignals bool // see quit
}

// Start starts the binary in the foreground with root as its prefix. The
// configuration root/conf/nginx.conf must say "daemon off" and write its pid
// file to root/logs/nginx.pid. Start returns when the server is ready, which is
// when that file is there, or when it has ended.
func Start(bin *Binary, root string) (*Server, error) {
	s := &Server{root: root, done: make(chan struct{}), losesSignals: bin.IsNginx()}
	s.cmd = exec.Command(bin.Path, "-e", filepath.Join(root, "logs", "error.log"), "-p", root+"/",
		"-c", filepath.Join(root, "conf", "nginx.conf"))
	s.cmd.Stdout, s.cmd.Stderr = &s.output, &s.output
	s.cmd.WaitDelay = time.Second
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	kept.tell('+', s.cmd.Process.Pid)
	go func() {
		s.err = s.cmd.Wait()
		close(s.done)
	}()
	return s, s.ready(20 * time.Second)
}

// ErrExited is returned by Start when the server ended instead of serving.
var ErrExited = errors.New("the server ended at its start")

func (s *Server) ready(limit time.Duration) error {
	pid := filepath.Join(s.root, "logs", "nginx.pid")
	deadline := time.After(limit)
	for {
		if text, err := os.ReadFile(pid); err == nil && bytes.HasSuffix(text, []byte("\n")) {
			return nil
		}
		select {
		case <-s.done:
			return fmt.Errorf("%w: %v", ErrExited, s.err)
		case <-deadline:
			return fmt.Errorf("the server wrote no pid file within %v", limit)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// ExitCode waits up to limit for the process to end; ok is false when it has not.
func (s *Server) ExitCode(limit time.Duration) (code int, ok bool) {
	late := time.NewTimer(limit)
	defer late.Stop()
	select {
	case <-s.done:
	case <-late.C:
	}
	if !s.ended() {
		return 0, false
	}
	return s.cmd.ProcessState.ExitCode(), true
}

// Output returns what the server has written to its standard streams.
func (s *Server) Output() string { return s.output.String() }

// Pid returns the id of the started process.
func (s *Server) Pid() int { return s.cmd.Process.Pid }

// ErrSlowQuit is returned by Stop when the server had to be ended by force.
var ErrSlowQuit = errors.New("the server did not end within 3 s of QUIT")

// Stop ends the server with QUIT and returns an error when it had ended before
// by itself, when it ended with another code than 0, or when that took more
// than three seconds (ErrSlowQuit), in which case it was ended by force. Nothing
// of its process group is left afterwards.
func (s *Server) Stop() error {
	defer kept.tell('-', s.Pid())
	defer func() { _ = syscall.Kill(-s.Pid(), syscall.SIGKILL) }()
	if s.ended() {
		return fmt.Errorf("the server had ended by itself: %s", s.cmd.ProcessState)
	}
	if s.quit(3 * time.Second) {
		return s.clean()
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	if _, ok := s.ExitCode(time.Second); !ok {
		_ = syscall.Kill(-s.Pid(), syscall.SIGKILL)
		<-s.done
	}
	return ErrSlowQuit
}

func (s *Server) clean() error {
	if s.cmd.ProcessState.Success() {
		return nil
	}
	return fmt.Errorf("the server ended after QUIT with %s", s.cmd.ProcessState)
}

// quit sends QUIT and waits for the end. A real nginx without a master loses a
// signal that arrives just before it begins to wait for events, until the next
// event; it is told again.
func (s *Server) quit(limit time.Duration) bool {
	step := limit
	if s.losesSignals {
		step = limit / 8
	}
	for deadline := time.Now().Add(limit); time.Now().Before(deadline) && !s.ended(); {
		_ = s.cmd.Process.Signal(syscall.SIGQUIT)
		s.ExitCode(step)
	}
	return s.ended()
}

func (s *Server) ended() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// lockedBuffer is a buffer that may be read while the process writes to it.
type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
