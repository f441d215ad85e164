package api

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"syscall"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/lua/vm"
	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/log"
)

// wire is what a cosocket reads and writes: a connection to a peer, the body of
// the request, or the client's connection.
type wire interface {
	// tryRead reads what is there: event.ErrAgain when nothing is, io.EOF at
	// the end.
	tryRead(p []byte) (int, error)
	tryWrite(p []byte) (int, error)
	waitRead(d time.Duration) error
	waitWrite(d time.Duration) error
}

// timeouts are how long a cosocket waits, 0 where the configuration decides.
type timeouts struct{ connect, send, read time.Duration }

// tcpSocket is a TCP or Unix-domain cosocket (ngx_http_lua_socket_tcp_upstream_t).
// Its Lua object is a table that holds it at index 1.
type tcpSocket struct {
	own   *Ctx // whose request or timer has connected it
	place int  // in own.sockets, for those of requests
	lease *lease
	conf  *Location
	t     timeouts
	made  bool // connect was called

	wire wire
	peer *peerConn // wire, for connections that are our own
	kind socketKind
	pool *socketPool // that counts the connection
	key  string      // the pool's name
	bind bindAddr
	cert *clientCert
	pem  *trustedStore

	connecting, reading, writing *event.Task // who waits for what
	readClosed, writeClosed      bool
	eof                          bool

	buf      []byte // unread bytes are buf[from:to]
	from, to int
	mode     readMode
	rest     int
	acc      strings.Builder // of a read that took several pieces
	piece    []byte          // of one that took only one
	until    *untilPattern
}

// socketKind tells whose connection a cosocket uses.
type socketKind uint8

const (
	upstreamSocket socketKind = iota
	bodySocket                // ngx.req.socket()
	rawSocket                 // ngx.req.socket(true)
	pipeStream                // a standard stream of a child process
)

func init() {
	family(func(e *Engine) {
		methods := e.L.NewTable()
		methods.RawSetString("__index", methods)
		e.socketMethods(methods, "bind", "connect", "receive", "receiveany", "receiveuntil", "send", "close", "settimeout", "settimeouts",
			"getreusedtimes", "setkeepalive", "setoption", "getoption", "getfd", "sslhandshake", "setclientcert", "settrustedstore", "getsslsession", "getsslpointer", "getsslctx")
		e.tcpMethods = methods
		tcp := e.bind(Waiting, newTCP)
		sockets := e.sub("socket")
		sockets.RawSetString("tcp", tcp)
		sockets.RawSetString("stream", tcp)
		sockets.RawSetString("connect", e.bind(Waiting, connectTCP))
	})
}

// tcpMethods are the functions of cosockets by name. Those that have to wait
// look themselves whether they may.
var tcpMethods = map[string]function{
	"close":          closeSocket,
	"settimeout":     setTimeout,
	"settimeouts":    setTimeouts,
	"getreusedtimes": reusedTimes,
}

func (e *Engine) socketMethods(into *lua.LTable, names ...string) {
	for _, name := range names {
		in := anyPhase
		if name == "connect" || name == "bind" {
			in = Waiting
		}
		into.RawSetString(name, e.bind(in, tcpMethods[name]))
	}
}

func newTCP(e *Engine, c *Ctx, L *lua.LState) int {
	if n := L.GetTop(); n != 0 {
		L.RaiseError("expecting zero arguments, but got %d", n)
	}
	L.Push(e.socketObject(&tcpSocket{}, e.tcpMethods))
	return 1
}

// socketObject makes the Lua object of a cosocket.
func (e *Engine) socketObject(s any, methods *lua.LTable) *lua.LTable {
	t := e.L.CreateTable(1, 0)
	t.RawSetInt(1, &lua.LUserData{Value: s})
	t.Metatable = methods
	return t
}

// connectTCP is ngx.socket.connect.
func connectTCP(e *Engine, c *Ctx, L *lua.LState) int {
	object := e.socketObject(&tcpSocket{}, e.tcpMethods)
	L.Insert(object, 1)
	if n := connect(e, c, L); n != 1 {
		return n
	}
	L.Push(object)
	return 1
}

// socketOf is the cosocket that is the first argument, nil for a table that is
// none.
func socketOf(L *lua.LState) *tcpSocket {
	s, _ := socketIn(vm.CheckTable(L, 1)).(*tcpSocket)
	if s != nil {
		s.reap()
	}
	return s
}

// reap closes a socket whose thread was killed while it waited, and has not
// unwound yet.
func (s *tcpSocket) reap() {
	for _, t := range [...]*event.Task{s.connecting, s.reading, s.writing} {
		if t != nil && t.Cause() != nil {
			s.finalize()
			return
		}
	}
}

// waits notes that the present task waits; waited must follow.
func (s *tcpSocket) waits(c *Ctx, what **event.Task) *event.Task {
	t := c.E.Loop.Current()
	*what = t
	return t
}

// waited ends what waits has begun. A task whose socket was reaped unwinds.
func (s *tcpSocket) waited(L *lua.LState, what **event.Task, me *event.Task) {
	if *what != me {
		vm.Unwind(L)
	}
	*what = nil
}

func socketIn(t *lua.LTable) any {
	if u, ok := t.RawGetInt(1).(*lua.LUserData); ok {
		return u.Value
	}
	return nil
}

// settings are those of the location that the script runs for.
func (c *Ctx) settings() *Location { return Locations.In(c.location()) }

// location is where the script runs; a timer has that of the request which
// made it.
func (c *Ctx) location() *http.Location {
	if c.R != nil {
		return c.R.Location()
	}
	if c.hand != nil {
		return c.hand.Server.Root
	}
	if c.timer != nil && c.timer.loc != nil {
		return c.timer.loc
	}
	return c.E.HTTP.Root()
}

// keep makes the socket end with the script's request or timer.
func (s *tcpSocket) keep(c *Ctx) {
	s.own = c
	if c.R == nil {
		return // see hold
	}
	if c.sockets == nil {
		c.atEnd(c.closeSockets)
		c.sockets = make([]*tcpSocket, 0, 2)
	}
	s.place = len(c.sockets)
	c.sockets = append(c.sockets, s)
}

// leave takes the socket off its owner's list.
func (s *tcpSocket) leave() {
	c := s.own
	if c == nil || s.place >= len(c.sockets) || c.sockets[s.place] != s {
		return
	}
	last := len(c.sockets) - 1
	c.sockets[s.place] = c.sockets[last]
	c.sockets[s.place].place = s.place
	c.sockets[last] = nil
	c.sockets = c.sockets[:last]
}

// closeSockets closes what the script has left open.
func (c *Ctx) closeSockets() {
	for len(c.sockets) > 0 {
		c.sockets[len(c.sockets)-1].finalize()
	}
}

// finalize ends the use of the connection.
func (s *tcpSocket) finalize() {
	s.readClosed, s.writeClosed = true, true
	s.connecting, s.reading, s.writing = nil, nil, nil
	s.dropBuffer()
	s.leave()
	if s.lease != nil {
		s.lease.release()
		s.lease = nil
	}
	if s.kind != upstreamSocket {
		return
	}
	if s.peer != nil {
		s.peer.close()
	}
	s.wire, s.peer = nil, nil
	if p := s.pool; p != nil {
		s.pool = nil
		p.release()
	}
}

// dropBuffer forgets what was read and not taken.
func (s *tcpSocket) dropBuffer() {
	if s.buf != nil && s.own != nil {
		s.own.E.shared.giveBuffer(s.buf)
	}
	s.buf, s.from, s.to = nil, 0, 0
	s.acc.Reset()
	s.piece = nil
}

// maxSpareBuffers is how many read buffers a worker keeps.
const maxSpareBuffers = 256

func (sh *shared) buffer(size int) []byte {
	if n := len(sh.buffers); n > 0 {
		b := sh.buffers[n-1]
		sh.buffers[n-1] = nil
		sh.buffers = sh.buffers[:n-1]
		if len(b) == size {
			return b
		}
	}
	return make([]byte, size)
}

func (sh *shared) giveBuffer(b []byte) {
	if len(sh.buffers) < maxSpareBuffers {
		sh.buffers = append(sh.buffers, b)
	}
}

// cancelled ends the wait of a script that was ended while it waited on the
// socket, which is closed.
func (s *tcpSocket) cancelled(L *lua.LState) {
	own := s.own
	if s.kind != pipeStream { // a child outlives its request
		s.finalize()
	}
	if own != nil {
		own.E.Interrupt(L)
	}
	vm.Unwind(L)
}

// mayWait refuses to wait where scripts can not.
func (c *Ctx) mayWait(L *lua.LState) {
	if c.Phase&Waiting == 0 {
		L.RaiseError("attempt to yield across C-call boundary")
	}
}

// check says why the socket can not be used now by c: "" when it can. It
// raises an error for the socket of another request.
func (s *tcpSocket) check(c *Ctx, L *lua.LState, reading, writing bool) string {
	if s.own != c {
		L.RaiseError("bad request")
	}
	return s.busy(reading, writing)
}

func (s *tcpSocket) busy(reading, writing bool) string {
	switch {
	case s.connecting != nil:
		return "socket busy connecting"
	case reading && s.reading != nil:
		return "socket busy reading"
	case writing && (s.writing != nil || s.kind == rawSocket && s.own.R.Pending() > 0):
		return "socket busy writing"
	}
	return ""
}

// closedError answers the use of a socket that is closed.
func (s *tcpSocket) closedError(c *Ctx, L *lua.LState, doing string) int {
	if c.settings().LogSocketErrors.V {
		var u, conn uintptr
		eof := 0
		if s != nil && s.made {
			u = reflect.ValueOf(s).Pointer()
			if s.wire != nil {
				conn = reflect.ValueOf(s.wire).Pointer()
			}
			if s.eof {
				eof = 1
			}
		}
		c.logLine(log.Error, fmt.Sprintf("attempt to %s data on a closed socket: u:%016X, c:%016X, ft:0 eof:%d", doing, u, conn, eof))
	}
	return fail(L, "closed")
}

// complain is Ctx.complain for what cosockets log; pipes have other words.
func (s *tcpSocket) complain(c *Ctx, text string) {
	if s.kind != pipeStream {
		c.complain(text)
	}
}

// complain logs a failure of a cosocket where lua_socket_log_errors is on.
func (c *Ctx) complain(text string) {
	if c.settings().LogSocketErrors.V {
		c.logLine(log.Error, text)
	}
}

// reason words an error as ngx_lua gives it to scripts.
func reason(err error) string {
	switch {
	case err == event.ErrTimeout:
		return "timeout"
	case err == io.EOF, err == event.ErrClosed:
		return "closed"
	case err == errClientAborted:
		return "client aborted"
	}
	var e syscall.Errno
	if errors.As(err, &e) {
		_, text, _ := strings.Cut(log.Cause(e), ": ")
		return strings.ToLower(text)
	}
	return "error"
}

// isFault tells the socket's own errors from the cancellation of the task.
func isFault(err error) bool {
	if err == event.ErrTimeout || err == event.ErrClosed || err == io.EOF || err == errClientAborted {
		return true
	}
	var e syscall.Errno
	return errors.As(err, &e) || errors.As(err, new(*tlsFault))
}

var errClientAborted = errors.New("client aborted")

// connectionError logs a failed system call as ngx_connection_error does for
// cosockets.
func (c *Ctx) connectionError(what string, err error) {
	level := log.Alert
	var e syscall.Errno
	if errors.As(err, &e) {
		switch e {
		case syscall.ECONNRESET, syscall.EPIPE, syscall.ENOTCONN, syscall.ETIMEDOUT, syscall.ECONNREFUSED, syscall.ECONNABORTED,
			syscall.ENETDOWN, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.EHOSTUNREACH:
			level = log.Error
		}
	}
	c.logLine(level, log.Errno(what+" failed", err))
}

func closeSocket(e *Engine, c *Ctx, L *lua.LState) int {
	if n := L.GetTop(); n != 1 {
		L.RaiseError("expecting 1 argument (including the object) but seen %d", n)
	}
	s := socketOf(L)
	if s == nil || s.wire == nil || s.readClosed && s.writeClosed {
		return fail(L, "closed")
	}
	if busy := s.check(c, L, true, true); busy != "" {
		return fail(L, busy)
	}
	if s.kind != upstreamSocket {
		return fail(L, "attempt to close a request socket")
	}
	s.finalize()
	return one(L)
}

func setTimeout(e *Engine, c *Ctx, L *lua.LState) int {
	if n := L.GetTop(); n != 2 {
		L.RaiseError("ngx.socket settimeout: expecting 2 arguments (including the object) but seen %d", n)
	}
	d := timeoutArg(L, 2)
	if s := socketOf(L); s != nil {
		s.t = timeouts{d, d, d}
	}
	return 0
}

func setTimeouts(e *Engine, c *Ctx, L *lua.LState) int {
	if n := L.GetTop(); n != 4 {
		L.RaiseError("ngx.socket settimeout: expecting 4 arguments (including the object) but seen %d", n)
	}
	t := timeouts{timeoutArg(L, 2), timeoutArg(L, 3), timeoutArg(L, 4)}
	if s := socketOf(L); s != nil {
		s.t = t
	}
	return 0
}

// timeoutArg is an argument in milliseconds; 0 stands for the configured time.
func timeoutArg(L *lua.LState, n int) time.Duration {
	ms, ok := toInt(L.Get(n))
	if ok && (ms < 0 || ms > 1<<31-1) {
		L.RaiseError("bad timeout value")
	}
	return time.Duration(ms) * time.Millisecond
}

func (s *tcpSocket) connectTimeout() time.Duration {
	if s.t.connect > 0 {
		return s.t.connect
	}
	return s.conf.ConnectTimeout.V
}

func (s *tcpSocket) sendTimeout() time.Duration {
	if s.t.send > 0 {
		return s.t.send
	}
	return s.conf.SendTimeout.V
}

func (s *tcpSocket) readTimeout() time.Duration {
	if s.t.read > 0 {
		return s.t.read
	}
	return s.conf.ReadTimeout.V
}

func reusedTimes(e *Engine, c *Ctx, L *lua.LState) int {
	if n := L.GetTop(); n != 1 {
		L.RaiseError("expecting 1 argument (including the object), but got %d", n)
	}
	s := socketOf(L)
	if s == nil || s.peer == nil || s.readClosed && s.writeClosed {
		return fail(L, "closed")
	}
	L.Push(lua.LNumber(s.peer.reused))
	return 1
}
