package cycle

import (
	"os"
	"os/user"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/server/log"
)

// Core holds the settings of the main context and of the events block.
type Core struct {
	Daemon          Opt[bool]
	MasterProcess   Opt[bool]
	PID             Opt[string]
	Workers         int // 0: not set
	Affinity        [][]int
	AffinityAuto    bool
	Priority        Opt[int]
	User            Opt[UserIDs]
	RlimitNofile    Opt[int]
	RlimitCore      Opt[int64]
	ShutdownTimeout Opt[time.Duration]
	WorkingDir      Opt[string]
	Env             []string // NAME or NAME=value
	ErrorLog        LogSpec
	BatonWarn       Opt[time.Duration]
	ThreadPools     []string // names of thread_pool

	WorkerConnections Opt[int]
	MultiAccept       Opt[bool]
	AcceptMutex       Opt[bool]
	AcceptMutexDelay  Opt[time.Duration]

	events bool
}

// UserIDs are the numbers behind the user directive.
type UserIDs struct {
	Name     string
	UID, GID int
}

type corePlace struct{}

func (corePlace) At(c *Conf) *Core { return &c.Cycle.Core }

var core corePlace

func init() {
	Register("core", []Directive{
		{Name: "daemon", In: Main, Args: "flag", Set: SetFlag(core, func(c *Core) *Opt[bool] { return &c.Daemon }), Doc: "Whether the server detaches from its terminal."},
		{Name: "master_process", In: Main, Args: "flag", Set: SetFlag(core, func(c *Core) *Opt[bool] { return &c.MasterProcess }), Doc: "Whether workers are processes of their own; off means one process that does it all."},
		{Name: "pid", In: Main, Args: "1", Set: SetString(core, func(c *Core) *Opt[string] { return &c.PID }), Doc: "The file that holds the master's process number."},
		{Name: "worker_processes", In: Main, Args: "1", Set: setWorkers, Doc: "How many workers serve; auto is one for each processor."},
		{Name: "worker_cpu_affinity", In: Main, Args: "1+", Set: setAffinity, Doc: "Binds workers to processors by bit masks."},
		{Name: "worker_priority", In: Main, Args: "1", Set: setPriority, Doc: "The nice value of workers."},
		{Name: "worker_rlimit_nofile", In: Main, Args: "1", Set: SetNumber(core, func(c *Core) *Opt[int] { return &c.RlimitNofile }), Doc: "The limit of open files of workers."},
		{Name: "worker_rlimit_core", In: Main, Args: "1", Set: SetOffset(core, func(c *Core) *Opt[int64] { return &c.RlimitCore }), Doc: "The limit of the size of core files of workers."},
		{Name: "worker_shutdown_timeout", In: Main, Args: "1", Set: SetMsec(core, func(c *Core) *Opt[time.Duration] { return &c.ShutdownTimeout }), Doc: "How long a quitting worker waits for its connections."},
		{Name: "working_directory", In: Main, Args: "1", Set: SetString(core, func(c *Core) *Opt[string] { return &c.WorkingDir }), Doc: "The working directory of workers."},
		{Name: "user", In: Main, Args: "1-2", Set: setUser, Doc: "The user and group of workers, when the master is root."},
		{Name: "env", In: Main, Args: "1", Set: func(c *Conf) error { c.Cycle.Core.Env = append(c.Cycle.Core.Env, c.Arg(0)); return nil }, Doc: "An environment variable that workers keep or get."},
		{Name: "error_log", In: Main, Args: "1+", Set: func(c *Conf) error { return c.Cycle.Core.ErrorLog.Add(c) }, Doc: "Where errors are logged, and from which level on."},
		{Name: "baton_warn", In: Main, Args: "1", Set: SetMsec(core, func(c *Core) *Opt[time.Duration] { return &c.BatonWarn }), Doc: "Request code that keeps a worker's event loop busy longer than this is logged with its stack; 0 turns that off."},
		{Name: "load_module", In: Main, Args: "1", Set: loadModule, Doc: "Accepted: nginx's modules are built in."},
		{Name: "events", In: Main, Args: "0 block", Set: setEvents, Doc: "The block of settings of connection processing."},
		{Name: "timer_resolution", In: Main, Args: "1", Set: Ignore, Doc: "No effect: the clock is read once for each batch of events."},
		{Name: "lock_file", In: Main, Args: "1", Set: Ignore, Doc: "No effect: accepting is passed round without a lock file."},
		{Name: "debug_points", In: Main, Args: "1", Set: Ignore, Doc: "No effect: it is for debugging nginx's own C code."},
		{Name: "pcre_jit", In: Main, Args: "flag", Set: Ignore, Doc: "No effect: the engine for regular expressions is chosen for each expression."},
		{Name: "thread_pool", In: Main, Args: "2-3", Set: setThreadPool, Doc: "Accepted: blocking file operations run on goroutines, which need no pool."},
		{Name: "ssl_engine", In: Main, Args: "1", Set: Ignore, Doc: "No effect: there is no OpenSSL engine; TLS is crypto/tls."},
		{Name: "ssl_object_cache_inheritable", In: Main, Args: "flag", Set: Ignore, Doc: "No effect: workers parse certificates from the snapshot of their generation."},
		{Name: "quic_bpf", In: Main, Args: "flag", Set: Ignore, Doc: "No effect: there is no QUIC listener."},
	})
	Register("events", []Directive{
		{Name: "worker_connections", In: Events, Args: "1", Set: SetNumber(core, func(c *Core) *Opt[int] { return &c.WorkerConnections }), Doc: "How many connections a worker may have open."},
		{Name: "multi_accept", In: Events, Args: "flag", Set: SetFlag(core, func(c *Core) *Opt[bool] { return &c.MultiAccept }), Doc: "Whether a worker accepts all waiting connections at once."},
		{Name: "accept_mutex", In: Events, Args: "flag", Set: SetFlag(core, func(c *Core) *Opt[bool] { return &c.AcceptMutex }), Doc: "Accepted: accepting is passed from worker to worker in any case."},
		{Name: "accept_mutex_delay", In: Events, Args: "1", Set: SetMsec(core, func(c *Core) *Opt[time.Duration] { return &c.AcceptMutexDelay }), Doc: "No effect: no worker polls for the right to accept."},
		{Name: "use", In: Events, Args: "1", Set: setUse, Doc: "The connection processing method; epoll is the one there is."},
		{Name: "debug_connection", In: Events, Args: "1", Set: Ignore, Doc: "No effect: the debug level of error_log holds for all connections of its place."},
		{Name: "epoll_events", In: Events, Args: "1", Set: Ignore, Doc: "No effect: a batch is 512 events."},
		{Name: "worker_aio_requests", In: Events, Args: "1", Set: Ignore, Doc: "No effect: there is no kernel AIO."},
	})
}

func (c *Core) defaults() { *c = Core{} }

// finish sets what was not set, once the whole configuration is read.
func (c *Core) finish(cy *Cycle) error {
	if !c.events {
		return &conf.Error{Msg: `no "events" section in configuration`}
	}
	c.Daemon.Merge(nil, true)
	c.MasterProcess.Merge(nil, true)
	c.PID.Merge(nil, "logs/"+cy.Identity.Name+".pid")
	c.PID.V = cy.FullName(c.PID.V)
	if c.Workers == 0 {
		c.Workers = 1
	}
	c.BatonWarn.Merge(nil, 100*time.Millisecond)
	c.WorkerConnections.Merge(nil, 512)
	c.MultiAccept.Merge(nil, false)
	c.AcceptMutex.Merge(nil, false)
	if !c.User.Set && os.Geteuid() == 0 {
		c.User.V = nobody()
	}
	cy.Log = c.ErrorLog.Logger(cy, nil)
	if cy.Console != nil {
		cy.Log.Add(startup{cy}, log.Warn)
	}
	return nil
}

func setWorkers(c *Conf) error {
	core := &c.Cycle.Core
	if core.Workers != 0 {
		return c.Wrong("is duplicate")
	}
	if c.Arg(0) == "auto" {
		core.Workers = runtime.NumCPU()
		return nil
	}
	n, ok := Number(c.Arg(0))
	if !ok {
		return c.Wrong("invalid value")
	}
	core.Workers = max(n, 1)
	return nil
}

func setAffinity(c *Conf) error {
	core := &c.Cycle.Core
	if core.Affinity != nil || core.AffinityAuto {
		return c.Wrong("is duplicate")
	}
	args := c.Args()
	if args[0] == "auto" {
		if len(args) > 2 {
			return c.Errorf("invalid number of arguments in %q directive", c.Dir.Name)
		}
		core.AffinityAuto = true
		args = args[1:]
	}
	for _, mask := range args {
		var cpus []int
		for i := range len(mask) {
			switch mask[len(mask)-1-i] {
			case '1':
				cpus = append(cpus, i)
			case '0':
			default:
				return c.Errorf("invalid character %q in \"worker_cpu_affinity\"", string(mask[len(mask)-1-i]))
			}
		}
		core.Affinity = append(core.Affinity, cpus)
	}
	return nil
}

func setPriority(c *Conf) error {
	o := &c.Cycle.Core.Priority
	if o.Set {
		return c.Wrong("is duplicate")
	}
	s, minus := strings.CutPrefix(c.Arg(0), "-")
	n, ok := Number(strings.TrimPrefix(s, "+"))
	if !ok {
		return c.Wrong("invalid number")
	}
	if minus {
		n = -n
	}
	o.Put(n)
	return nil
}

func setUser(c *Conf) error {
	o := &c.Cycle.Core.User
	if o.Set {
		return c.Wrong("is duplicate")
	}
	if os.Geteuid() != 0 {
		c.Warnf("the \"user\" directive makes sense only if the master process runs with super-user privileges, ignored")
		o.Set = true
		return nil
	}
	u, err := user.Lookup(c.Arg(0))
	if err != nil {
		return c.Errorf("getpwnam(%q) failed", c.Arg(0))
	}
	group := c.Arg(0)
	if len(c.Args()) == 2 {
		group = c.Arg(1)
	}
	g, err := user.LookupGroup(group)
	if err != nil {
		return c.Errorf("getgrnam(%q) failed", group)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(g.Gid)
	o.Put(UserIDs{c.Arg(0), uid, gid})
	return nil
}

// nobody is the user of workers when the configuration names none.
func nobody() UserIDs {
	u, err := user.Lookup("nobody")
	if err != nil {
		return UserIDs{"nobody", 65534, 65534}
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	return UserIDs{"nobody", uid, gid}
}

func loadModule(c *Conf) error {
	c.Noticef("module %q is built in or has no counterpart, \"load_module\" is ignored", c.Arg(0))
	return nil
}

func setThreadPool(c *Conf) error {
	if len(c.Args()) < 2 || !strings.HasPrefix(c.Arg(1), "threads=") {
		return c.Errorf("missing \"threads\" parameter in thread pool %q", c.Arg(0))
	}
	if _, ok := Number(strings.TrimPrefix(c.Arg(1), "threads=")); !ok {
		return c.Errorf("invalid threads value %q", c.Arg(1))
	}
	c.Cycle.Core.ThreadPools = append(c.Cycle.Core.ThreadPools, c.Arg(0))
	return nil
}

// HasThreadPool reports whether thread_pool has named a pool.
func (c *Core) HasThreadPool(name string) bool { return slices.Contains(c.ThreadPools, name) }

func setEvents(c *Conf) error {
	if c.Cycle.Core.events {
		return c.Wrong("is duplicate")
	}
	c.Cycle.Core.events = true
	return c.Block(Events, &c.Cycle.Core)
}

func setUse(c *Conf) error {
	switch c.Arg(0) {
	case "epoll":
		return nil
	case "select", "poll", "kqueue", "/dev/poll", "eventport":
		c.Warnf("the %q method is not there, epoll is used", c.Arg(0))
		return nil
	}
	return c.Errorf("invalid event type %q", c.Arg(0))
}
