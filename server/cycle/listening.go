package cycle

import (
	"time"

	"github.com/perigee-server/perigee/server/event"
	"golang.org/x/sys/unix"
)

// Listening is one listening socket of the configuration, or with ReusePort one
// for each worker.
type Listening struct {
	// Addr is canonical: "0.0.0.0:80", "[::]:80" or "unix:/path".
	Addr string
	SocketOptions

	// Steer is which worker gets a connection, of those that have a socket each.
	Steer Steer

	// FDs are the sockets: one, or one for each worker in a fixed order, and where
	// they are steered also those of workers that an earlier cycle had. -1 where
	// not open.
	FDs []int

	// Accept gets a connection in a worker, with the baton.
	Accept func(w *Work, fd int, peer unix.Sockaddr)

	// Owner is the protocol.
	Owner string
}

// Steer is who chooses the worker for a connection to a reuseport group.
type Steer int

const (
	// SteerKernel leaves it to the kernel, which chooses by a hash.
	SteerKernel Steer = iota
	// SteerSingle is single_listener: one worker takes all connections.
	SteerSingle
	// SteerLeastConn is reuseport_balance least_conn: workers with fewer
	// connections get more of the new ones.
	SteerLeastConn
)

// SocketOptions are the options of listen that belong to the socket.
type SocketOptions struct {
	Backlog   int // 0: 511, nginx's default on Linux
	Rcvbuf    int
	Sndbuf    int
	FastOpen  int // TCP_FASTOPEN queue; 0 for off
	Deferred  bool
	ReusePort bool
	IPv6Only  bool
	Bind      bool // a socket of its own although a wildcard one exists
	KeepAlive int  // so_keepalive: 0 unset, 1 on, -1 off
	KeepIdle  time.Duration
	KeepIntvl time.Duration
	KeepCount int
	AnySet    bool // some option was given, so a second listen must not give others
}

// Listen notes a listening socket of the configuration.
func (c *Cycle) Listen(ln *Listening) { c.Listening = append(c.Listening, ln) }

// Work is a worker at work: what protocols get in the serving process.
type Work struct {
	Cycle *Cycle
	Loop  *event.Loop
	Slot  int // 0 … Count-1
	Count int // workers of this generation
	// Generation counts the cycles that a master has had serving.
	Generation uint64
	// ZoneSlots are the owner slots in shared memory of the workers of this
	// generation, by Slot.
	ZoneSlots []int

	// Pids lists the processes of this generation's workers; nil for one that
	// serves alone.
	Pids func() []int

	// Active counts what keeps a quitting worker alive, connections mostly.
	Active int
	// Quitting is set once the worker shall end as soon as Active is 0.
	Quitting bool
	// Exiting is set when it shall end at once.
	Exiting bool

	// End ends the process, for Restart and Fail; the process sets it.
	End func(again bool, reason string)

	// Connections in use, of Core.WorkerConnections.
	Connections int

	channels  map[string]*Channel
	listening bool

	onQuit []func()
	onExit []func()
	done   func()
}

// OnQuit adds a function that is called when the worker begins to quit
// gracefully: close what is idle.
func (w *Work) OnQuit(f func()) { w.onQuit = append(w.onQuit, f) }

// OnExit adds a function that is called right before the process ends.
func (w *Work) OnExit(f func()) { w.onExit = append(w.onExit, f) }

// Quit begins the graceful end; done is called once nothing is active any more.
func (w *Work) Quit(done func()) {
	w.Quitting = true
	w.done = done
	for _, f := range w.onQuit {
		f()
	}
	w.check()
}

// Exit calls the functions given to OnExit.
func (w *Work) Exit() {
	for _, f := range w.onExit {
		f()
	}
	w.onExit = nil
}

// Enter notes something that a quitting worker waits for; Leave its end.
func (w *Work) Enter() { w.Active++ }

// Leave is the counterpart of Enter.
func (w *Work) Leave() {
	w.Active--
	w.check()
}

func (w *Work) check() {
	if w.Quitting && w.Active == 0 && w.done != nil {
		done := w.done
		w.done = nil
		done()
	}
}

// Protocol is what a family of modules (http) does in a worker.
type Protocol struct {
	Name string
	// Start prepares serving; an error ends the worker with code 2.
	Start func(w *Work) error
}

var protocols []Protocol

// RegisterProtocol adds a protocol; called from init functions.
func RegisterProtocol(p Protocol) { protocols = append(protocols, p) }

// Start starts every protocol in a worker.
func (w *Work) Start() error {
	for _, p := range protocols {
		if err := p.Start(w); err != nil {
			return err
		}
	}
	return nil
}
