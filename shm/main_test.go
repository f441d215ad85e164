package shm

import (
	"os"
	"strconv"
	"testing"
)

// The multi-process tests run this test binary again in the roles below.
const roleEnv = "PERIGEE_SHM_ROLE"

var roles = map[string]func() error{}

func TestMain(m *testing.M) {
	if role := os.Getenv(roleEnv); role != "" {
		if err := roles[role](); err != nil {
			os.Stderr.WriteString(role + ": " + err.Error() + "\n")
			os.Exit(3)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// setting reads a number that scales a test from the environment.
func setting(name string, def int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return def
}
