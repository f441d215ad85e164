package proxy

import (
	"errors"
	"io"
	"net/netip"
	"strconv"
	"syscall"
	"time"

	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/log"
	"github.com/perigee-server/perigee/server/upstream"
	"golang.org/x/sys/unix"
)

// exchange is one request passed on, over all its attempts.
type exchange struct {
	r     *http.Request
	s     *settings
	t     *target
	group *upstream.Group
	conn  *upstream.Conn
	tried []*upstream.Peer
	start time.Time

	request  []byte // the head that is sent
	early    []byte // of a body that is passed on as it comes: what had come at first
	bodySent bool   // parts of a streamed body are gone: no other attempt

	buf      []byte // what came from the server: buf[from:to]
	from, to int
	body     []byte // the buffer for the response's body
	resp     response
	attempts []attempt
	doing    string // for the log

	script   upstream.Attempts // of a group whose balancer is a script
	wait     limits
	task     *event.Task
	pool     *spare
	giveBack func()
	onAbort  func()
}

// attempt is what variables tell of one server.
type attempt struct {
	addr     string
	status   int
	connect  time.Duration // -1: none
	header   time.Duration
	total    time.Duration
	length   int64
	received int64
	sent     int64
}

// limits are how long the present attempt waits for the server.
type limits struct{ connect, send, read time.Duration }

var exchanges = http.NewContext[exchange]()

// handle passes the request on.
func handle(r *http.Request) http.Status {
	s := confs.Of(r)
	x := newExchange(r, s)
	exchanges.Set(r, x)
	if s.pass.value != nil {
		if rc := x.evaluate(); rc != http.OK {
			return rc
		}
	}
	buffered := s.requestBuffering.V || r.ChunkedBody && s.version.V < 1001
	if s.passBody.V && s.body.V == nil && buffered && !r.HasOwnBody() {
		if rc := r.ReadBody(); rc != http.OK {
			return rc
		}
	}
	if !s.passBody.V {
		r.DiscardBody()
	} else if r.HasBody() && !r.Body().Read() && s.body.V == nil {
		if rc := x.readEarly(); rc != http.OK {
			return rc
		}
	}
	rc := x.run()
	r.UpstreamEnds() // log lines go on to name it
	return rc
}

// spare are exchanges whose requests have ended, of one worker.
type spare struct{ free []*exchange }

var spares = http.NewMain(func() *spare { return &spare{} }, nil)

// newExchange takes an exchange from the pool; it goes back when the request's
// memory does.
func newExchange(r *http.Request, s *settings) *exchange {
	p := spares.Of(r)
	var x *exchange
	if n := len(p.free); n > 0 {
		x = p.free[n-1]
		p.free = p.free[:n-1]
	} else {
		x = &exchange{pool: p}
		x.giveBack = x.recycle
		x.onAbort = x.clientGone
	}
	x.r, x.s, x.t, x.start = r, s, s.pass, time.Now()
	r.Main.AtEnd(x.giveBack)
	return x
}

// recycle puts the exchange back into the pool.
func (x *exchange) recycle() {
	if len(x.pool.free) >= 64 {
		return
	}
	buf, request := x.buf, x.request
	if len(buf) > 8<<10 {
		buf = nil
	}
	*x = exchange{pool: x.pool, giveBack: x.giveBack, onAbort: x.onAbort, buf: buf, request: request[:0], body: x.body,
		attempts: x.attempts[:0], tried: x.tried[:0], resp: response{fields: x.resp.fields[:0]}}
	x.pool.free = append(x.pool.free, x)
}

// clientGone ends the task that passes the request on.
func (x *exchange) clientGone() { x.task.Cancel(errGone) }

// evaluate makes the target of a URL with variables.
func (x *exchange) evaluate() http.Status {
	r := x.r
	url := string(x.t.value.Eval(r))
	t := &target{url: url, value: x.t.value}
	if err := t.parse(url); err != nil {
		r.Logf(log.Error, "%s in %q", err, url)
		return 500
	}
	x.t = t
	return http.OK
}

// resolve finds the servers of a target that variables have made.
func (x *exchange) resolve() http.Status {
	if x.t.group != nil {
		return http.OK
	}
	err := x.t.resolveNow(x.r)
	switch {
	case err == nil:
		return http.OK
	case errors.Is(err, errGone):
		x.r.Logf(log.Info, "client prematurely closed connection")
		return 499
	}
	x.r.Logf(log.Error, "%s", err)
	return 502
}

// LogName is what log lines call the upstream, also after the exchange.
func (x *exchange) LogName() string {
	name := x.t.host
	if x.conn != nil {
		name = x.conn.Peer.Name
	} else if n := len(x.tried); n > 0 {
		name = x.tried[n-1].Name
	}
	uri := x.sent()
	if uri == nil {
		uri = x.uri()
	}
	return x.t.scheme + "://" + name + string(uri)
}

// run makes attempts until one gives a response.
func (x *exchange) run() http.Status {
	r := x.r
	if !x.s.ignoreAbort.V && !r.IsSub() {
		x.task = r.Loop().Current()
		remove := r.OnAbort(x.onAbort)
		defer remove()
	}
	if rc := x.resolve(); rc != http.OK {
		return rc
	}
	x.group = x.t.group
	upstream.Note(r, x.group)
	r.SetUpstreamLog(x)
	for {
		rc, again := x.attempt()
		if !again {
			return rc
		}
	}
}

var errGone = errors.New("client closed connection")

// attempt passes the request to one server; again asks for the next one.
func (x *exchange) attempt() (rc http.Status, again bool) {
	r := x.r
	peer, rc := x.pick()
	if rc != http.OK {
		return rc, false
	}
	if peer == nil && r.Loop().Current().Cause() != nil { // while the group's names were resolved
		x.attempts = append(x.attempts, attempt{addr: x.group.Name, status: 499, connect: -1, header: -1})
		return 499, false
	}
	if peer == nil {
		r.Logf(log.Error, "no live upstreams while connecting to upstream")
		x.attempts = append(x.attempts, attempt{addr: x.group.Name, status: 502, connect: -1, header: -1})
		return 502, false
	}
	began := time.Now()
	x.attempts = append(x.attempts, attempt{addr: peer.Name, connect: -1, header: -1})
	a := &x.attempts[len(x.attempts)-1]
	defer func() { a.total = time.Since(began) }()
	fail := func(why uint, status http.Status) (http.Status, bool) {
		a.status = int(status)
		return x.failed(peer, why, status)
	}
	x.doing = "connecting to upstream"
	x.conn = x.group.Get(peer)
	if x.conn == nil {
		c, err := upstream.Dial(r.Loop(), peer, x.local(), x.wait.connect)
		if err != nil {
			return x.broken(peer, "connect()", err, fail)
		}
		x.conn = c
		x.setKeepalive(c)
	}
	x.conn.Idle, x.conn.Uses = x.script.Idle, x.script.Uses
	peer.Acquire()
	defer peer.Release()
	a.connect = time.Since(began)
	x.doing = "sending request to upstream"
	sent, err := x.send()
	a.sent = sent
	if err != nil && !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
		return x.broken(peer, "send()", err, fail)
	}
	x.doing = "reading response header from upstream"
	rc, err = x.readHead(a)
	a.header = time.Since(began)
	if err != nil {
		if x.conn.Reused && x.to == 0 && !x.bodySent && (err == io.EOF || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)) {
			// a kept connection that the server had closed: not the server's fault
			x.conn.Discard()
			x.conn = nil
			x.attempts = x.attempts[:len(x.attempts)-1]
			return http.OK, true
		}
		return x.broken(peer, "recv()", err, fail)
	}
	if rc != http.OK {
		return fail(nextInvalid, rc)
	}
	a.status = x.resp.status
	if bit := statusBit(x.resp.status); bit != 0 && x.s.next.V&bit != 0 && x.mayRetry(bit) && x.hasOther(peer) {
		return fail(bit, http.Status(x.resp.status))
	}
	peer.Worked()
	return x.respond(a), false
}

// pick chooses the server of an attempt, nil when none is left. A status other
// than OK ends the request.
func (x *exchange) pick() (*upstream.Peer, http.Status) {
	s := x.s
	x.wait = limits{s.connectTimeout.V, s.sendTimeout.V, s.readTimeout.V}
	if x.group.Script == nil {
		return x.group.Pick(x.r, x.tried), http.OK
	}
	a := &x.script
	if a.Group != x.group {
		a.Begin(x.group, s.nextTries.V)
	}
	peer, rc := a.Next(x.r, x.tried)
	if a.Connect > 0 {
		x.wait.connect = a.Connect
	}
	if a.Send > 0 {
		x.wait.send = a.Send
	}
	if a.Read > 0 {
		x.wait.read = a.Read
	}
	return peer, rc
}

// local is the address of proxy_bind, nil without one.
func (x *exchange) local() unix.Sockaddr {
	if x.script.Local != nil {
		return x.script.Local
	}
	if x.s.bind.V == nil {
		return nil
	}
	text := string(x.s.bind.V.Eval(x.r))
	host, port, err := upstream.SplitHostPort(text, 0)
	if err != nil {
		host, port = text, 0
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		x.r.Logf(log.Error, "invalid local address %q", text)
		return nil
	}
	return upstream.FromIP(a, port).Addr
}

// hasOther reports whether another server could be tried.
func (x *exchange) hasOther(peer *upstream.Peer) bool {
	if x.group.Script != nil {
		return x.script.Left > 1
	}
	return x.group.Pick(x.r, append(x.tried, peer)) != nil
}

func statusBit(code int) uint {
	switch code {
	case 500:
		return next500
	case 502:
		return next502
	case 503:
		return next503
	case 504:
		return next504
	case 403:
		return next403
	case 404:
		return next404
	case 429:
		return next429
	}
	return 0
}

// broken handles a system call that failed.
func (x *exchange) broken(peer *upstream.Peer, call string, err error, fail func(uint, http.Status) (http.Status, bool)) (http.Status, bool) {
	r := x.r
	switch {
	case errors.Is(err, errGone):
		if x.to == 0 { // nothing has come back yet
			x.doing = "sending request to upstream"
		}
		r.Logf(log.Info, "client prematurely closed connection, so upstream connection is closed too while %s", x.doing)
		x.closeConn()
		x.attempts[len(x.attempts)-1].status = 499
		return 499, false
	case err == event.ErrTimeout:
		r.Logf(log.Error, "upstream timed out (110: Connection timed out) while %s", x.doing)
		return fail(nextTimeout, 504)
	case err == io.EOF:
		r.Logf(log.Error, "upstream prematurely closed connection while %s", x.doing)
		return fail(nextError, 502)
	case errors.As(err, new(*upstream.RefusedError)):
		var refused *upstream.RefusedError
		errors.As(err, &refused)
		if local, ok := refused.Bind(); ok {
			r.Logf(log.Crit, "%s while %s", log.Errno("bind("+local+") failed", err), x.doing)
			x.attempts[len(x.attempts)-1].status = 500
			return 500, false
		}
		r.Logf(refused.Level(), "%s while %s", log.Errno("connect() to "+refused.Name+" failed", err), x.doing)
		return fail(nextError, 502)
	case errors.As(err, new(syscall.Errno)):
		r.Logf(log.Error, "%s while %s", log.Errno(call+" failed", err), x.doing)
		return fail(nextError, 502)
	}
	x.closeConn()
	if t := r.Loop().Current(); t.Cause() != nil {
		return http.Error, false
	}
	if st, ok := err.(clientError); ok {
		return http.Status(st), false
	}
	r.Logf(log.Error, "%s while %s", err, x.doing)
	return fail(nextError, 502)
}

// clientError is a status that the reading of the client's body ended with.
type clientError http.Status

func (e clientError) Error() string { return "client error " + strconv.Itoa(int(e)) }

// failed notes a failure and decides about another attempt.
func (x *exchange) failed(peer *upstream.Peer, why uint, status http.Status) (http.Status, bool) {
	x.closeConn()
	if why != next403 && why != next404 && why != next429 {
		peer.Failed(x.r.Loop().Now())
	}
	x.tried = append(x.tried, peer)
	scripted := x.group.Script != nil
	more := scripted && x.script.Failed(why&(next403|next404) != 0, int(status))
	if x.s.next.V&why == 0 || !x.mayRetry(why) {
		return status, false
	}
	if !scripted && x.s.nextTries.V > 0 && len(x.tried) >= x.s.nextTries.V {
		return status, false
	}
	if d := x.s.nextTimeout.V; d > 0 && time.Since(x.start) >= d {
		return status, false
	}
	if scripted && !more || !scripted && x.group.Pick(x.r, x.tried) == nil {
		return status, false
	}
	return http.OK, true
}

// mayRetry reports whether the request may be sent again.
func (x *exchange) mayRetry(why uint) bool {
	if x.s.next.V&nextOff != 0 || x.bodySent {
		return false
	}
	idempotent := x.r.Method&(head.MethodPost|head.MethodLock|head.MethodPatch) == 0
	return idempotent || x.s.next.V&nextNonIdempotent != 0 || x.doing == "connecting to upstream"
}

func (x *exchange) closeConn() {
	if x.conn != nil {
		x.conn.Discard()
		x.conn = nil
	}
	x.from, x.to = 0, 0
}
