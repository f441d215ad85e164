package cbpf

import (
	"fmt"
	"sync"

	"golang.org/x/sys/unix"
)

// Support says what this process may do on this kernel: nil where it works,
// else an error that wraps ErrNotSupported or says what else went wrong.
type Support struct {
	Classic  error
	Extended error
}

// Probe tries both ways on a socket of its own, once; the answer is kept.
func Probe() Support { return probe() }

var probe = sync.OnceValue(func() Support {
	fd, err := probeSocket()
	if err != nil {
		err = fmt.Errorf("probe: %w", err)
		return Support{err, err}
	}
	defer unix.Close(fd)
	s := Support{Classic: AttachConstant(fd, 0)}
	st, err := NewSteering(1)
	if err != nil {
		s.Extended = err
		return s
	}
	defer st.Close()
	if s.Extended = st.Set(0, fd); s.Extended == nil {
		s.Extended = st.Attach(fd)
	}
	return s
})

func probeSocket() (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	}
	if err == nil {
		err = unix.Listen(fd, 1)
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}
