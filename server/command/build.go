package command

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/perigee-server/perigee/server/handler/build"
)

const buildUsage = `Usage: perigee build --with LIBRARY[@VERSION] … -o FILE [--source DIR] [-- FLAG …]

Makes a program that is this server with libraries of handlers linked in.

  --with LIBRARY  a folder with a Go package (/dir, ./dir), or an import path
  -o FILE         the program to make
  --source DIR    the server's own source; without it that of this program
  FLAG …          flags for go build
`

// buildCommand is `perigee build`; it returns the exit code.
func buildCommand(args []string, stderr io.Writer) int {
	o, err := buildOptions(args)
	if err != nil {
		fmt.Fprintf(stderr, "perigee build: %s\n\n%s", err, buildUsage)
		return 1
	}
	if o == nil {
		io.WriteString(stderr, buildUsage)
		return 0
	}
	dir, err := os.MkdirTemp("", "perigee-build-")
	if err != nil {
		fmt.Fprintf(stderr, "perigee build: %s\n", err)
		return 1
	}
	defer os.RemoveAll(dir)
	o.Cache = dir
	if _, err := build.Executable(*o); err != nil {
		fmt.Fprintf(stderr, "perigee build: %s\n", err)
		return 1
	}
	return 0
}

// buildOptions reads the words of `perigee build`; nil asks for help.
func buildOptions(args []string) (*build.Options, error) {
	o := &build.Options{}
	for i := 0; i < len(args); i++ {
		a := args[i]
		name, value, has := strings.Cut(a, "=")
		next := func() (string, error) {
			if has {
				return value, nil
			}
			if i++; i >= len(args) {
				return "", fmt.Errorf("option %q needs a value", name)
			}
			return args[i], nil
		}
		var v string
		var err error
		switch name {
		case "-h", "--help":
			return nil, nil
		case "--":
			o.Flags = args[i+1:]
			i = len(args)
		case "--with":
			if v, err = next(); err == nil {
				path, version, _ := strings.Cut(v, "@")
				o.Libraries = append(o.Libraries, build.Library{Path: path, Version: version})
			}
		case "-o":
			if v, err = next(); err == nil {
				o.Output, err = filepath.Abs(v)
			}
		case "--source":
			o.Source, err = next()
		default:
			err = fmt.Errorf("unknown option %q", a)
		}
		if err != nil {
			return nil, err
		}
	}
	if o.Output == "" {
		return nil, fmt.Errorf("-o FILE is missing")
	}
	return o, nil
}
