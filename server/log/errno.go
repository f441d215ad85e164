package log

import (
	"errors"
	"strconv"
	"strings"
	"syscall"
)

// Errno appends the cause of a failed system call to a message as nginx does:
// ` (2: No such file or directory)`. Errors without an errno are appended after
// a colon.
func Errno(msg string, err error) string {
	if err == nil {
		return msg
	}
	var e syscall.Errno
	if errors.As(err, &e) {
		return msg + " (" + Cause(e) + ")"
	}
	return msg + ": " + err.Error()
}

// Cause words an errno as nginx does: `2: No such file or directory`.
func Cause(e syscall.Errno) string {
	text := e.Error()
	if fixed, ok := glibc[e]; ok {
		text = fixed
	} else if text != "" {
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	return strconv.Itoa(int(e)) + ": " + text
}

// glibc holds the messages that Go words in another way than the C library.
var glibc = map[syscall.Errno]string{
	syscall.EIO:             "Input/output error",
	syscall.EXDEV:           "Invalid cross-device link",
	syscall.ETXTBSY:         "Text file busy",
	syscall.ENOTTY:          "Inappropriate ioctl for device",
	syscall.EDOM:            "Numerical argument out of domain",
	syscall.ENAMETOOLONG:    "File name too long",
	syscall.ENOTSUP:         "Operation not supported",
	syscall.EAFNOSUPPORT:    "Address family not supported by protocol",
	syscall.ENOTCONN:        "Transport endpoint is not connected",
	syscall.EISCONN:         "Transport endpoint is already connected",
	syscall.EPROTONOSUPPORT: "Protocol not supported",
}
