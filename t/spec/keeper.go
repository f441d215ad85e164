package spec

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// The keeper is a second process of the test binary. It is told which process
// groups were started and which have ended, and kills what is left when its
// input ends: a test binary that panics, is killed or runs into its time limit
// runs no cleanup of its own.
type keeper struct {
	mu sync.Mutex
	in io.WriteCloser
}

const keeperVariable = "PERIGEE_T_KEEPER"

var kept keeper

func (k *keeper) start() error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), keeperVariable+"=1")
	// A group of its own: an interrupt at the terminal must not end it first.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	k.in = in
	return nil
}

func (k *keeper) tell(sign byte, group int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.in == nil {
		return
	}
	fmt.Fprintf(k.in, "%c%d\n", sign, group)
}

// keep is the keeper's whole life.
func keep(in io.Reader) {
	groups := map[int]bool{}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		group, err := strconv.Atoi(strings.TrimLeft(lines.Text(), "+-"))
		if err != nil || group < 2 {
			continue
		}
		if lines.Text()[0] == '+' {
			groups[group] = true
			continue
		}
		delete(groups, group)
	}
	for group := range groups {
		_ = syscall.Kill(-group, syscall.SIGKILL)
	}
}
