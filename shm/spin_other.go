//go:build !amd64 && !arm64

package shm

// spin spends some tens of nanoseconds a turn.
//
//go:noinline
func spin(turns uint32) {
	for range turns * 64 {
	}
}
