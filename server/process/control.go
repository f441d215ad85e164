package process

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// A message on the control channel is one byte of command and text; with
// reopen the descriptors of all log files in the order of the cycle come along.
const (
	cmdQuit      = 'q' // finish what is active, then end
	cmdTerminate = 't' // end now
	cmdReopen    = 'r' // take new log files
	cmdListen    = 'l' // accept from all sockets with single_listener
	cmdReady     = 'R' // from the worker: it serves
	cmdLeft      = 'L' // from the worker: it accepts nothing any more
	cmdFailed    = 'F' // from the worker: it can not; the text says why
)

// control is one end of a SOCK_SEQPACKET pair.
type control struct{ f *os.File }

// pair makes a control channel: the master's end and the worker's.
func pair() (control, *os.File, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return control{}, nil, os.NewSyscallError("socketpair", err)
	}
	unix.SetNonblock(fds[0], true)
	return control{os.NewFile(uintptr(fds[0]), "control")}, os.NewFile(uintptr(fds[1]), "control"), nil
}

// attach takes the worker's end, an inherited descriptor.
func attach(fd int) control {
	unix.SetNonblock(fd, true)
	unix.CloseOnExec(fd)
	return control{os.NewFile(uintptr(fd), "control")}
}

// send writes one message; a peer that is gone or does not read loses it.
func (c control) send(cmd byte, text string, fds ...int) error {
	raw, err := c.f.SyscallConn()
	if err != nil {
		return err
	}
	var oob []byte
	if len(fds) > 0 {
		oob = unix.UnixRights(fds...)
	}
	msg := append([]byte{cmd}, text...)
	werr := raw.Write(func(fd uintptr) bool {
		err = unix.Sendmsg(int(fd), msg, oob, nil, unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT)
		return true
	})
	if werr != nil {
		return werr
	}
	return err
}

// receive waits for one message; io.EOF when the peer is gone.
func (c control) receive() (cmd byte, text string, fds []int, err error) {
	raw, err := c.f.SyscallConn()
	if err != nil {
		return 0, "", nil, err
	}
	buf := make([]byte, 4096)
	oob := make([]byte, unix.CmsgSpace(4*253))
	var n, on int
	rerr := raw.Read(func(fd uintptr) bool {
		n, on, _, _, err = unix.Recvmsg(int(fd), buf, oob, unix.MSG_CMSG_CLOEXEC)
		return err != unix.EAGAIN
	})
	if rerr != nil {
		return 0, "", nil, rerr
	}
	if err != nil {
		return 0, "", nil, err
	}
	if n == 0 {
		return 0, "", nil, io.EOF
	}
	if on > 0 {
		msgs, err := unix.ParseSocketControlMessage(oob[:on])
		if err != nil {
			return 0, "", nil, err
		}
		for i := range msgs {
			got, err := unix.ParseUnixRights(&msgs[i])
			if err != nil && !errors.Is(err, unix.EINVAL) {
				return 0, "", nil, err
			}
			fds = append(fds, got...)
		}
	}
	return buf[0], string(buf[1:n]), fds, nil
}

func (c control) close() { c.f.Close() }
