package conf

import (
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"syscall"
)

// Error is a mistake in a configuration, worded as nginx words it.
type Error struct {
	Msg string
	// File is where the mistake is; empty when no file was open yet.
	File string
	// Line counts from 1; it is not printed for the command line.
	Line int
	// Err is the cause when the system refused to give a file; it may be nil.
	Err error
}

// Error returns the message with its place: `Msg in File:Line`.
func (e *Error) Error() string {
	if e.File == "" {
		return e.Msg
	}
	if e.File == CommandLine {
		return e.Msg + " in " + CommandLine
	}
	return e.Msg + " in " + e.File + ":" + strconv.Itoa(e.Line)
}

// Unwrap returns the system's error, so that errors.Is(err, fs.ErrNotExist)
// works.
func (e *Error) Unwrap() error { return e.Err }

// systemMessage words a failed call as nginx does:
// `open() "/x" failed (2: No such file or directory)`.
func systemMessage(call, name string, err error) string {
	var path *fs.PathError
	if errors.As(err, &path) && path.Op == "read" {
		call = "pread()"
	}
	return call + ` "` + name + `" failed (` + reason(err) + ")"
}

func reason(err error) string {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return err.Error()
	}
	text := errno.Error()
	return strconv.Itoa(int(errno)) + ": " + strings.ToUpper(text[:1]) + text[1:]
}
