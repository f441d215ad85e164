package cbpf

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// ErrNotSupported is wrapped by every error that says that the kernel, the kind
// of socket or the user's rights do not allow what was asked for. The caller
// falls back.
var ErrNotSupported = errors.New("not supported")

// classify wraps an error of the kernel; refusals that another try can not
// change become ErrNotSupported with a reason.
func classify(op string, err error) error {
	if err == nil {
		return nil
	}
	reason := ""
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		reason = "no permission"
	case errors.Is(err, unix.EOPNOTSUPP):
		reason = "not for this kind of socket (is it MPTCP?)"
	case errors.Is(err, unix.ENOPROTOOPT), errors.Is(err, unix.ENOSYS):
		reason = "not known to this kernel"
	default:
		return fmt.Errorf("%s: %w", op, err)
	}
	return fmt.Errorf("%s: %s: %w: %w", op, reason, ErrNotSupported, err)
}
