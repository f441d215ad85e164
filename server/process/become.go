package process

import (
	"fmt"
	"os"
	"syscall"

	"github.com/perigee-server/perigee/server/cycle"
)

// Become makes the executable that the cycle's workers need that of this
// process, for a server without a master. It returns when there is no other one.
func Become(c *cycle.Cycle) error {
	exe, _, err := c.Executable()
	if err != nil || exe == "" {
		return err
	}
	return fmt.Errorf("start of %s failed: %w", exe, syscall.Exec(exe, Args, os.Environ()))
}
