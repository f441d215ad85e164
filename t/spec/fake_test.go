package spec

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 7 && os.Args[1] == "-e" {
		os.Exit(fakeServer(os.Args))
	}
	if err := Guard(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	logPatience = 300 * time.Millisecond
	os.Exit(m.Run())
}

var (
	fakeListen  = regexp.MustCompile(`listen +(\d+);`)
	fakeCommand = regexp.MustCompile(`(?m)^\s*fake_(\w+)(?: (.*))?;$`)
)

// fakeServer is this test binary as a server that the runner can start. The
// "directives" fake_* of its configuration tell it how to misbehave.
func fakeServer(args []string) int {
	root := args[4]
	text, err := os.ReadFile(filepath.Join(root, "conf/nginx.conf"))
	if err != nil {
		return 3
	}
	does := map[string]string{}
	for _, m := range fakeCommand.FindAllStringSubmatch(string(text), -1) {
		does[m[1]] = m[2]
	}
	log, err := os.OpenFile(filepath.Join(root, "logs/error.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return 3
	}
	if line, ok := does["refuse"]; ok {
		fmt.Fprintln(log, line)
		return 1
	}
	quit := make(chan os.Signal, 1)
	signal.Notify(quit, syscall.SIGQUIT)
	l, err := net.Listen("tcp", "127.0.0.1:"+fakeListen.FindStringSubmatch(string(text))[1])
	if err != nil {
		return 3
	}
	pid := fmt.Sprintf("%d\n", os.Getpid())
	if err := os.WriteFile(filepath.Join(root, "logs/nginx.pid"), []byte(pid), 0o644); err != nil {
		return 3
	}
	go fakeServe(l, log, does)
	<-quit
	if _, ok := does["stay"]; ok {
		select {}
	}
	if _, ok := does["fail"]; ok {
		return 9
	}
	return 0
}

// fakeServe answers every request with the line "hello".
func fakeServe(l net.Listener, log *os.File, does map[string]string) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		in := bufio.NewReader(conn)
		for line, err := in.ReadString('\n'); err == nil && strings.TrimSpace(line) != ""; line, err = in.ReadString('\n') {
		}
		if line, ok := does["log"]; ok {
			fmt.Fprintln(log, line)
		}
		if line, ok := does["stderr"]; ok {
			fmt.Fprintln(os.Stderr, line)
		}
		if _, ok := does["hang"]; ok {
			continue
		}
		fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nX-Fake: yes\r\nContent-Length: 6\r\n\r\nhello\n")
		if _, ok := does["crash"]; ok {
			os.Exit(7)
		}
		_ = conn.Close()
	}
}
