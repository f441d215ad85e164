// Package cycle is what a configuration becomes: the registry of modules and
// directives, the state while directives are applied, the settings of the core,
// log files, listening sockets, and the sealed snapshot of every file read.
//
// A cycle belongs to one generation: a reload makes a new one.
package cycle

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/server/log"
	"github.com/perigee-server/perigee/shm"
)

// Role says what a process is.
type Role int

// The roles of processes.
const (
	Tester Role = iota // -t, -T
	Master
	Init   // loads libraries and runs init code, once per generation
	Worker // serves
	Single // master_process off: master and worker in one
)

// Options are what the command line says.
type Options struct {
	Prefix   string // -p, ends with a slash
	ConfPath string // -c, full
	ErrorLog string // -e, full; "stderr" is standard error
	Params   string // -g
	Identity Identity
}

// Cycle is one generation of the server.
type Cycle struct {
	Options
	Role Role
	Log  *log.Logger
	Core Core

	Files     []*File
	Listening []*Listening
	Snapshot  *Snapshot
	Sources   []conf.Source // the configuration's files, for -T

	// Told means that another process has read the same configuration before,
	// and has logged what there was to say about it.
	Told bool

	// Console gets warnings and errors besides the error log until Started.
	Console log.Writer

	started   atomic.Bool
	protocols map[string]any
	unknown   []error
	procs     int
	zones     *shm.Set
	zoneDecls map[string]*Zone
	dicts     map[string]*shm.Dict
	initSteps []initStep

	makeExecutable func() (string, error)
	executable     *os.File
	executablePath string
}

// New makes an empty cycle; snapshot is nil to read files as they are now.
func New(o Options, role Role, snapshot *Snapshot) *Cycle {
	if snapshot == nil {
		snapshot = NewSnapshot()
	}
	return &Cycle{Options: o, Role: role, Log: log.Early(), Snapshot: snapshot, protocols: map[string]any{}, zones: shm.NewSet(), zoneDecls: map[string]*Zone{}}
}

// FullName makes a path relative to the prefix absolute (ngx_conf_full_name).
func (c *Cycle) FullName(name string) string {
	if name == "" || name[0] == '/' {
		return name
	}
	return c.Prefix + name
}

// ConfName makes a path relative to the configuration file's folder absolute.
func (c *Cycle) ConfName(name string) string {
	if name == "" || name[0] == '/' {
		return name
	}
	return filepath.Dir(c.ConfPath) + "/" + name
}

// ReadFile reads a file while the configuration is applied and while init code
// runs; its contents are what workers see.
func (c *Cycle) ReadFile(path string) ([]byte, error) { return c.Snapshot.ReadFile(path) }

// Protocol returns what a top-level block stored with SetProtocol, nil when the
// block is absent.
func (c *Cycle) Protocol(name string) any { return c.protocols[name] }

// SetProtocol stores the configuration of a top-level block.
func (c *Cycle) SetProtocol(name string, v any) { c.protocols[name] = v }

// Errors is a list of configuration errors.
type Errors []error

func (e Errors) Error() string {
	var b strings.Builder
	for i, err := range e {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(err.Error())
	}
	return b.String()
}

// Load reads and applies the configuration.
func (c *Cycle) Load() error {
	c.Core.defaults()
	o := conf.Options{
		ReadFile: c.ReadFile,
		Glob:     c.Snapshot.Glob,
		Raw:      isRaw,
		Dir:      filepath.Dir(c.ConfPath),
	}
	cf := &Conf{Cycle: c}
	if c.Params != "" {
		tree, err := conf.ParseString("command line", c.Params, o)
		if err != nil {
			return err
		}
		if err := cf.Apply(tree.Directives, Main, &c.Core); err != nil {
			return c.fail(err)
		}
	}
	tree, err := conf.Parse(c.ConfPath, o)
	if err != nil {
		return err
	}
	c.Sources = tree.Sources
	if err := cf.Apply(tree.Directives, Main, &c.Core); err != nil {
		return c.fail(err)
	}
	if len(c.unknown) > 0 {
		return c.fail(nil)
	}
	return c.Core.finish(c)
}

// fail joins the collected unknown directives with the error that stopped.
func (c *Cycle) fail(err error) error {
	if len(c.unknown) == 0 {
		return err
	}
	all := Errors(c.unknown)
	if err != nil {
		all = append(all, err)
	}
	return all
}

// OpenFiles opens the log files; the master does, workers inherit.
func (c *Cycle) OpenFiles() error {
	for _, f := range c.Files {
		if f.Handle() != nil {
			continue
		}
		h, err := openAppend(f.Name)
		if err != nil {
			return errors.New(log.Errno(fmt.Sprintf("open() %q failed", f.Name), err))
		}
		f.Swap(h)
	}
	return nil
}

// Reopen opens all log files by name again (USR1).
func (c *Cycle) Reopen() {
	for _, f := range c.Files {
		f.Flush()
		if err := f.Reopen(); err != nil {
			c.Log.Print(log.Emerg, 0, log.Errno(fmt.Sprintf("open() %q failed", f.Name), err), "")
		}
	}
}

// Close closes the cycle's log files.
func (c *Cycle) Close() {
	for _, f := range c.Files {
		f.Flush()
		f.Swap(nil)
	}
	if c.executable != nil {
		c.executable.Close()
		c.executable = nil
	}
}

// Identity is the name under which the server introduces itself.
type Identity struct {
	Name    string // perigee or nginx
	Version string
}

// Identify returns the identity that belongs to the name the program was
// started under.
func Identify(argv0 string) Identity {
	if filepath.Base(argv0) == "nginx" {
		return Identity{"nginx", "1.22.1"}
	}
	return Identity{"perigee", Version}
}

// Full is name/version, as in the Server header.
func (id Identity) Full() string { return id.Name + "/" + id.Version }

// ConfigureArguments are the --with-… and --without-… flags that are true of
// this server; scripts and test harnesses look for them in -V.
const ConfigureArguments = "--with-pcre --with-threads --with-http_ssl_module --with-http_gzip_static_module --with-http_realip_module " +
	"--with-http_stub_status_module --without-http_fastcgi_module --without-http_scgi_module --without-http_uwsgi_module"

// Version is Perigee's version.
const Version = "0.1.0"

// Hostname is the name of this machine, in lower case.
var Hostname = func() string {
	h, _ := os.Hostname()
	return strings.ToLower(h)
}()

// Procs is the GOMAXPROCS of a worker of this cycle: 1, unless a module asked
// for more with NeedProcs.
func (c *Cycle) Procs() int { return max(c.procs, 1) }

// NeedProcs asks for at least n processors for the Go code of each worker.
func (c *Cycle) NeedProcs(n int) { c.procs = max(c.procs, n) }

// startup is the console while the server starts.
type startup struct{ c *Cycle }

func (s startup) WriteLine(level log.Level, line []byte) {
	if !s.c.started.Load() && s.c.Console != nil {
		s.c.Console.WriteLine(level, line)
	}
}

// Started ends the copies of warnings on the console.
func (c *Cycle) Started() { c.started.Store(true) }
