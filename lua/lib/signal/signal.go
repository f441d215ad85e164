// Package signal is the module "resty.signal" in Go.
package signal

import (
	"errors"
	"os"
	"strings"
	"syscall"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
)

// numbers are those of Linux.
var numbers = map[string]syscall.Signal{
	"NONE": 0,
	"HUP":  syscall.SIGHUP, "INT": syscall.SIGINT, "QUIT": syscall.SIGQUIT, "ILL": syscall.SIGILL, "TRAP": syscall.SIGTRAP,
	"ABRT": syscall.SIGABRT, "BUS": syscall.SIGBUS, "FPE": syscall.SIGFPE, "KILL": syscall.SIGKILL, "USR1": syscall.SIGUSR1,
	"SEGV": syscall.SIGSEGV, "USR2": syscall.SIGUSR2, "PIPE": syscall.SIGPIPE, "ALRM": syscall.SIGALRM,
	"TERM": syscall.SIGTERM, "CHLD": syscall.SIGCHLD, "CONT": syscall.SIGCONT, "STOP": syscall.SIGSTOP,
	"TSTP": syscall.SIGTSTP, "TTIN": syscall.SIGTTIN, "TTOU": syscall.SIGTTOU, "URG": syscall.SIGURG,
	"XCPU": syscall.SIGXCPU, "XFSZ": syscall.SIGXFSZ, "VTALRM": syscall.SIGVTALRM, "PROF": syscall.SIGPROF,
	"WINCH": syscall.SIGWINCH, "IO": syscall.SIGIO, "PWR": syscall.SIGPWR, "SYS": syscall.SIGSYS,
}

// Open makes the module.
func Open(L *lua.LState) *lua.LTable {
	module := L.NewTable()
	module.RawSetString("version", lua.LString("0.03"))
	module.RawSetString("kill", L.NewFunction(kill))
	module.RawSetString("signum", L.NewFunction(signum))
	return module
}

// number reads a signal: a number, or a name with or without "SIG".
func number(L *lua.LState, index int) (syscall.Signal, bool) {
	switch v := L.Get(index).(type) {
	case lua.LNumber:
		return syscall.Signal(v), true
	case lua.LString:
		n, ok := numbers[strings.TrimPrefix(string(v), "SIG")]
		return n, ok
	}
	return 0, false
}

// kill is kill(pid, signal): true, or nil and the reason. Only single
// processes can be addressed.
func kill(L *lua.LState) int {
	pid := int(vm.CheckNumber(L, 1))
	n, ok := number(L, 2)
	if !ok {
		return refuse(L, "unknown signal name")
	}
	if pid <= 0 {
		return refuse(L, "process groups can not be signalled")
	}
	process, err := os.FindProcess(pid)
	if err == nil {
		err = process.Signal(n)
	}
	if errors.Is(err, os.ErrProcessDone) {
		err = syscall.ESRCH
	}
	if err != nil {
		var reason syscall.Errno
		if errors.As(err, &reason) {
			text := reason.Error()
			return refuse(L, strings.ToUpper(text[:1])+text[1:])
		}
		return refuse(L, err.Error())
	}
	L.Push(lua.LTrue)
	return 1
}

func signum(L *lua.LState) int {
	n, ok := number(L, 1)
	if !ok {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(lua.LNumber(n))
	return 1
}

func refuse(L *lua.LState, message string) int {
	L.Push(lua.LNil)
	L.Push(lua.LString(message))
	return 2
}
