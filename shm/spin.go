//go:build amd64 || arm64

package shm

// spin spends some tens of nanoseconds a turn, at least one turn, and leaves the
// core's resources to the other hardware thread, which may be the holder's.
//
//go:noescape
func spin(turns uint32)
