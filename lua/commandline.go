package lua

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/perigee-server/perigee/lua/api"
)

// script is what `perigee lua` runs.
type script struct {
	name string // of the chunk
	text string
	args []string

	include []string // -I
	dicts   []string // --shdict 'name size'
	http    []string // --http-conf
	main    []string // --main-conf
	servers []string // --ns: name servers
	errlog  string   // --errlog-level
	workers string   // -c: connections

	removed func() // removes the temporary folder
}

// commandLine is set in a process that `perigee lua` has become.
var commandLine *script

const usage = `usage: perigee lua [options] [script.lua [args]]

  -e CODE            run CODE; may be given several times
  -I DIR             look for modules in DIR
  -l LIB             require LIB first
  -c NUM             how many connections may be open (2048)
  --shdict 'NAME SIZE'   a shared dictionary
  --http-conf CONF   directives for the http block
  --main-conf CONF   directives outside of all blocks
  --ns IP            a name server
  --errlog-level LEVEL   the error log's level (warn)
  -V, -v             the version
  -h                 this text
`

// runCommand is `perigee lua`.
func runCommand(args []string, serve func(prefix, conf string) int) int {
	s, done, err := parseCommand(args)
	if err != nil {
		fmt.Fprintf(os.Stderr, "perigee lua: %s\n%s", err, usage)
		return 2
	}
	if done {
		return 0
	}
	prefix, err := os.MkdirTemp("", "perigee-lua-")
	if err != nil {
		fmt.Fprintf(os.Stderr, "perigee lua: %s\n", err)
		return 1
	}
	defer os.RemoveAll(prefix)
	s.removed = func() { os.RemoveAll(prefix) }
	conf := filepath.Join(prefix, "nginx.conf")
	if err := os.WriteFile(conf, []byte(s.configuration(prefix)), 0o600); err != nil {
		fmt.Fprintf(os.Stderr, "perigee lua: %s\n", err)
		return 1
	}
	commandLine = s
	return serve(prefix, conf)
}

// foreign are flags of resty that make sense with its own runtime only.
var foreign = []string{"--gdb", "--gdb-opts", "--rr", "--stap", "--stap-opts", "--valgrind", "--valgrind-opts", "--resolve-ipv6", "--user-runner", "-j"}

// parseCommand reads the options. done means that all was said already.
func parseCommand(args []string) (s *script, done bool, err error) {
	s = &script{name: "=(command line -e)", errlog: "warn", workers: "2048"}
	var code, require []string
	for len(args) > 0 {
		a := args[0]
		if a == "--" {
			args = args[1:]
			break
		}
		if !strings.HasPrefix(a, "-") || a == "-" {
			break
		}
		args = args[1:]
		name, value, joined := strings.Cut(a, "=")
		if !strings.HasPrefix(a, "--") {
			name, value, joined = a, "", false
		}
		switch name {
		case "-h", "--help", "-?":
			fmt.Print(usage)
			return nil, true, nil
		case "-v", "-V":
			fmt.Println("perigee lua, " + api.Version)
			return nil, true, nil
		}
		for _, f := range foreign {
			if name == f || f == "-j" && strings.HasPrefix(a, "-j") {
				return nil, false, fmt.Errorf("option %q is for LuaJIT or its tools and does not exist here", a)
			}
		}
		var into *[]string
		switch name {
		case "-e":
			into = &code
		case "-I":
			into = &s.include
		case "-l":
			into = &require
		case "--shdict":
			into = &s.dicts
		case "--http-conf":
			into = &s.http
		case "--main-conf":
			into = &s.main
		case "--ns":
			into = &s.servers
		case "--errlog-level", "-c":
		default:
			return nil, false, fmt.Errorf("unknown option %q", a)
		}
		if !joined {
			if len(args) == 0 {
				return nil, false, fmt.Errorf("option %q requires a value", a)
			}
			value, args = args[0], args[1:]
		}
		switch {
		case into != nil:
			*into = append(*into, value)
		case name == "-c":
			s.workers = value
		default:
			s.errlog = value
		}
	}
	for _, lib := range require {
		s.text += fmt.Sprintf("require %q; ", lib)
	}
	switch {
	case len(code) > 0:
		s.text += strings.Join(code, " ")
		s.args = append([]string{"-e"}, args...)
	case len(args) > 0:
		source, err := os.ReadFile(args[0])
		if err != nil {
			return nil, false, fmt.Errorf("can not read %s", err)
		}
		s.name = "@" + args[0]
		s.text += withoutShebang(string(source))
		s.args = args
	default:
		return nil, false, fmt.Errorf("there is neither a script nor -e")
	}
	return s, false, nil
}

// withoutShebang makes the line for the shell a comment.
func withoutShebang(source string) string {
	if strings.HasPrefix(source, "#") {
		return "--" + source
	}
	return source
}

// configuration is that of a server without listeners.
func (s *script) configuration(prefix string) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("daemon off; master_process off; worker_processes 1; baton_warn 0;")
	line("pid %s/pid; error_log stderr %s;", prefix, s.errlog)
	for _, m := range s.main {
		line("%s", m)
	}
	line("events { worker_connections %s; }", s.workers)
	line("http {\naccess_log off;")
	path := ""
	for _, dir := range s.include {
		path += dir + "/?.lua;" + dir + "/?/init.lua;"
	}
	line("lua_package_path \"%s;\";", path+";")
	for _, d := range s.dicts {
		line("lua_shared_dict %s;", d)
	}
	if len(s.servers) > 0 {
		line("resolver %s;", strings.Join(s.servers, " "))
	}
	for _, h := range s.http {
		line("%s", h)
	}
	line("init_worker_by_lua_block { }\n}")
	return b.String()
}

// start runs the script as soon as the loop runs; the process ends with it.
func (s *script) start(e *api.Engine) error {
	e.Loop.Go(func() {
		os.Exit(e.RunScript(s.name, s.text, s.args, s.removed))
	})
	return nil
}
