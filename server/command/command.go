// Package command is the command line: nginx's switches, and what they start.
package command

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/log"
	"github.com/perigee-server/perigee/server/process"
)

// The places that are used when the command line names no others.
const (
	DefaultPrefix   = "/usr/local/perigee/"
	DefaultConf     = "conf/nginx.conf"
	DefaultErrorLog = "logs/error.log"
)

// flags are nginx's switches.
type flags struct {
	help, version, versions  bool
	test, dump, quiet        bool
	signal                   string
	prefix, conf, log, param string
}

// Main runs the program and returns its exit code. It is the whole of main.go
// but for the imports that choose the modules.
func Main() int {
	if process.Child() == "worker" {
		return process.Worker()
	}
	if process.Child() == "init" {
		return process.Init()
	}
	id := cycle.Identify(process.Args[0])
	if len(process.Args) > 1 && process.Args[1] == "build" {
		return buildCommand(process.Args[2:], os.Stderr)
	}
	if len(process.Args) > 1 {
		if s, ok := cycle.FindSubcommand(process.Args[1]); ok {
			return s.Run(process.Args[2:], func(prefix, conf string) int {
				o := options(id, &flags{prefix: prefix, conf: conf, log: "stderr"})
				return serve(o, early(o, &flags{}))
			})
		}
	}
	f, err := parse(process.Args[1:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %s\n", id.Name, err)
		return 1
	}
	if f.help || f.version || f.versions {
		introduce(id, f)
		return 0
	}
	o := options(id, f)
	early := early(o, f)
	if f.signal != "" {
		return send(o, early, f.signal)
	}
	if f.test {
		return check(o, early, f)
	}
	return serve(o, early)
}

// parse reads the switches as nginx does: several letters may share a dash, a
// value may follow at once or as the next word.
func parse(args []string) (*flags, error) {
	f := &flags{}
	for i := 0; i < len(args); i++ {
		a := args[i]
		if len(a) < 2 || a[0] != '-' {
			return nil, fmt.Errorf("invalid option: %q", a)
		}
		for j := 1; j < len(a); j++ {
			value := func(what string) (string, error) {
				v := a[j+1:]
				if v == "" {
					i++
					if i >= len(args) {
						return "", fmt.Errorf("option \"-%c\" requires %s", a[j], what)
					}
					v = args[i]
				}
				j = len(a)
				return v, nil
			}
			var err error
			switch c := a[j]; c {
			case '?', 'h':
				f.help, f.version = true, true
			case 'v':
				f.version = true
			case 'V':
				f.version, f.versions = true, true
			case 't':
				f.test = true
			case 'T':
				f.test, f.dump = true, true
			case 'q':
				f.quiet = true
			case 'p':
				f.prefix, err = value("directory name")
			case 'e':
				f.log, err = value("file name")
			case 'c':
				f.conf, err = value("file name")
			case 'g':
				f.param, err = value("parameter")
			case 's':
				f.signal, err = value("parameter")
				if err == nil && !process.KnownSignal(f.signal) {
					err = fmt.Errorf("invalid option: \"-s %s\"", f.signal)
				}
			default:
				err = fmt.Errorf("invalid option: \"%c\"", c)
			}
			if err != nil {
				return nil, err
			}
		}
	}
	return f, nil
}

// options makes the paths of the command line absolute.
func options(id cycle.Identity, f *flags) cycle.Options {
	o := cycle.Options{Identity: id, Params: f.param, Prefix: DefaultPrefix}
	if f.prefix != "" {
		o.Prefix = absolute(f.prefix)
	}
	if !strings.HasSuffix(o.Prefix, "/") {
		o.Prefix += "/"
	}
	under := func(name, def string) string {
		if name == "" {
			name = def
		}
		if name[0] == '/' {
			return name
		}
		return o.Prefix + name
	}
	o.ConfPath = under(f.conf, defaultConf(o.Prefix))
	o.ErrorLog = f.log
	if f.log != "stderr" {
		o.ErrorLog = under(f.log, DefaultErrorLog)
	}
	return o
}

// defaultConf is conf/nginx.conf, or nginx.conf where a prefix has just that.
func defaultConf(prefix string) string {
	if _, err := os.Stat(prefix + DefaultConf); err != nil {
		if _, err := os.Stat(prefix + "nginx.conf"); err == nil {
			return "nginx.conf"
		}
	}
	return DefaultConf
}

func absolute(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		return abs
	}
	return dir
}

// introduce prints -h, -v and -V.
func introduce(id cycle.Identity, f *flags) {
	w := os.Stderr
	fmt.Fprintf(w, "%s version: %s\n", id.Name, id.Full())
	if f.help {
		fmt.Fprintf(w, `Usage: %s [-?hvVtTq] [-s signal] [-p prefix]
             [-e filename] [-c filename] [-g directives]

Options:
  -?,-h         : this help
  -v            : show version and exit
  -V            : show version and configure options then exit
  -t            : test configuration and exit
  -T            : test configuration, dump it and exit
  -q            : suppress non-error messages during configuration testing
  -s signal     : send signal to a master process: stop, quit, reopen, reload
  -p prefix     : set prefix path (default: %s)
  -e filename   : set error log file (default: %s)
  -c filename   : set configuration file (default: %s)
  -g directives : set global directives out of configuration file

`, id.Name, DefaultPrefix, DefaultErrorLog, DefaultConf)
	}
	if f.versions {
		versions(w, id)
	}
}

// early is the logger until the configuration names another: standard error,
// and the log of -e where it can be opened.
func early(o cycle.Options, f *flags) *log.Logger {
	l := &log.Logger{}
	level := log.Notice
	if f.quiet {
		level = log.Error
	}
	l.Add(console{o.Identity.Name}, level)
	if o.ErrorLog == "stderr" {
		return l
	}
	h, err := os.OpenFile(o.ErrorLog, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		l.Print(log.Alert, 0, log.Errno(fmt.Sprintf("could not open error log file: open() %q failed", o.ErrorLog), err), "")
		return l
	}
	l.Add(file{h}, level)
	return l
}

// console prints early messages as nginx does: `nginx: [emerg] …`.
type console struct{ name string }

func (c console) WriteLine(_ log.Level, line []byte) {
	_, rest, ok := strings.Cut(string(line), " [")
	if !ok {
		os.Stderr.Write(line)
		return
	}
	level, msg, _ := strings.Cut(rest, "] ")
	if _, after, ok := strings.Cut(msg, ": "); ok {
		msg = after
	}
	fmt.Fprintf(os.Stderr, "%s: [%s] %s", c.name, level, msg)
}

type file struct{ h *os.File }

func (f file) WriteLine(_ log.Level, line []byte) { f.h.Write(line) }

// load reads the configuration with messages going to the early logger.
func load(o cycle.Options, role cycle.Role, l *log.Logger) (*cycle.Cycle, error) {
	c := cycle.New(o, role, nil)
	c.Log = l
	if err := c.Load(); err != nil {
		return nil, err
	}
	return c, nil
}

func report(l *log.Logger, err error) {
	for _, line := range strings.Split(err.Error(), "\n") {
		l.Print(log.Emerg, 0, line, "")
	}
}

// send is -s.
func send(o cycle.Options, l *log.Logger, word string) int {
	c, err := load(o, cycle.Tester, l)
	if err != nil {
		report(l, err)
		return 1
	}
	if err := process.Signal(word, c.Core.PID.V); err != nil {
		l.Print(log.Error, 0, err.Error(), "")
		return 1
	}
	return 0
}

// check is -t and -T.
func check(o cycle.Options, l *log.Logger, f *flags) int {
	c, err := load(o, cycle.Tester, l)
	if err == nil {
		err = c.Build()
	}
	if err == nil {
		err = c.OpenFiles()
	}
	if err == nil {
		err = process.Initialise(c, 0, true)
	}
	if err == nil {
		err = process.Check(c)
	}
	if err != nil {
		report(l, err)
		fmt.Fprintf(os.Stderr, "%s: configuration file %s test failed\n", o.Identity.Name, o.ConfPath)
		return 1
	}
	if !f.quiet {
		fmt.Fprintf(os.Stderr, "%s: the configuration file %s syntax is ok\n", o.Identity.Name, o.ConfPath)
		fmt.Fprintf(os.Stderr, "%s: configuration file %s test is successful\n", o.Identity.Name, o.ConfPath)
	}
	if f.dump {
		dump(c.Sources)
	}
	return 0
}

func dump(files []conf.Source) {
	for _, s := range files {
		fmt.Printf("# configuration file %s:\n", s.Name)
		os.Stdout.Write(s.Text)
		fmt.Print("\n")
	}
}

// serve starts the server.
func serve(o cycle.Options, l *log.Logger) int {
	held := &holdback{}
	quiet := &log.Logger{}
	quiet.Add(held, log.Notice)
	c := cycle.New(o, cycle.Master, nil)
	c.Log, c.Console = quiet, console{o.Identity.Name}
	err := c.Load()
	if err != nil {
		held.release(l)
		report(l, err)
		return 1
	}
	if c.Core.Daemon.V && process.Child() == "" && !process.Upgrading() {
		return process.Daemonize() // the child says what there is to say
	}
	held.release(l)
	if err := c.Build(); err != nil {
		report(l, err)
		return 1
	}
	again := func(role cycle.Role) (*cycle.Cycle, error) {
		c := cycle.New(o, role, nil)
		c.Log = l
		err := c.Load()
		if err == nil {
			err = c.Build()
		}
		if err != nil {
			return nil, err
		}
		return c, nil
	}
	if c.Core.MasterProcess.V {
		return process.Run(c, again)
	}
	if err := process.Become(c); err != nil {
		report(l, err)
		return 1
	}
	c.Role = cycle.Single
	return process.Single(c, again)
}

// holdback keeps early lines until it is known which process says them.
type holdback struct{ lines []heldLine }

type heldLine struct {
	level log.Level
	text  string
}

func (h *holdback) WriteLine(level log.Level, line []byte) {
	h.lines = append(h.lines, heldLine{level, string(line)})
}

func (h *holdback) release(l *log.Logger) {
	for _, line := range h.lines {
		_, msg, ok := strings.Cut(line.text, "] ")
		if _, after, cut := strings.Cut(msg, ": "); ok && cut {
			msg = after
		}
		l.Print(line.level, 0, strings.TrimSuffix(msg, "\n"), "")
	}
}
