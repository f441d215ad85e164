package http

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"

	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/server/log"
)

// tlsSession is TLS on a connection: the handshake runs on a goroutine of its
// own without the baton; afterwards reading and writing are done inline, on
// memory and the connection's socket.
type tlsSession struct {
	c      *Conn
	conn   *tls.Conn
	server *Server // chosen by SNI
	name   string
	state  tls.ConnectionState
	out    []byte        // encrypted, not yet taken by the socket
	ready  chan struct{} // a byte came while the handshake waits
	gone   chan struct{} // the connection was closed
	inline bool

	greeting greeting
	offered  []uint16    // the client's cipher suites
	config   *tls.Config // of the server
	verdict  string      // on the client's certificate, "" when none was asked for
}

// pause is the error with which the socket below says "nothing now"; crypto/tls
// keeps its state over errors that call themselves temporary.
type pause struct{}

func (pause) Error() string   { return "nothing to read now" }
func (pause) Timeout() bool   { return true }
func (pause) Temporary() bool { return true }

// rawConn is the net.Conn below a tls.Conn.
type rawConn struct{ s *tlsSession }

func (w rawConn) Read(p []byte) (int, error) {
	s := w.s
	for {
		n, err := s.c.ev.TryRead(p)
		if err != event.ErrAgain {
			if !s.inline {
				s.greeting.heard(p[:max(n, 0)])
			}
			return n, err
		}
		if s.inline {
			return 0, pause{}
		}
		select {
		case <-s.ready:
		case <-s.gone:
			return 0, net.ErrClosed
		}
	}
}

func (w rawConn) Write(p []byte) (int, error) {
	s := w.s
	if s.inline {
		s.out = append(s.out, p...)
		return len(p), nil
	}
	s.greeting.said(p)
	sent := 0
	for {
		n, err := s.c.ev.TryWrite(p[sent:])
		sent += n
		if err != event.ErrAgain {
			return sent, err
		}
		select {
		case <-s.ready:
		case <-s.gone:
			return sent, net.ErrClosed
		}
	}
}

func (w rawConn) Close() error                     { return nil }
func (w rawConn) LocalAddr() net.Addr              { return net.TCPAddrFromAddrPort(w.s.c.Local()) }
func (w rawConn) RemoteAddr() net.Addr             { return net.TCPAddrFromAddrPort(addrPort(w.s.c.peer)) }
func (w rawConn) SetDeadline(time.Time) error      { return nil }
func (w rawConn) SetReadDeadline(time.Time) error  { return nil }
func (w rawConn) SetWriteDeadline(time.Time) error { return nil }

// beginTLS makes a connection one with TLS; the handshake starts with the
// client's first byte.
func (c *Conn) beginTLS() {
	c.state = stateHandshake
	s := &tlsSession{c: c, ready: make(chan struct{}, 1), gone: make(chan struct{})}
	c.tls = s
	c.ev.OnRead = s.first
}

// first looks at the client's first byte: a plain request gets an error page.
func (s *tlsSession) first() {
	c := s.c
	var b [1]byte
	n, err := c.ev.Peek(b[:])
	if err == event.ErrAgain {
		return
	}
	if n == 0 || err != nil {
		c.close()
		return
	}
	if b[0]&0x80 == 0 && b[0] != 0x16 { // neither SSLv2 nor a TLS handshake record
		c.tls = nil
		c.state = stateIdle
		c.ev.OnRead = c.onRead
		c.onRead()
		return
	}
	signal := func() {
		select {
		case s.ready <- struct{}{}:
		default:
		}
	}
	c.ev.OnRead, c.ev.OnWrite = signal, signal
	s.conn = tls.Server(rawConn{s}, c.main.tlsConfig(c, s))
	s.c.work.Enter()
	go func() {
		err := s.conn.Handshake()
		c.work.Loop.Post(func() {
			s.c.work.Leave()
			s.done(err)
		})
	}()
}

// done goes on after the handshake, with the baton.
func (s *tlsSession) done(err error) {
	c := s.c
	if c.state == stateClosed {
		return
	}
	if err != nil {
		level := log.Info
		if errors.Is(err, io.EOF) {
			c.logf(level, "peer closed connection in SSL handshake while SSL handshaking")
		} else {
			c.logf(level, "SSL_do_handshake() failed (%s) while SSL handshaking", err)
		}
		c.close()
		return
	}
	s.inline = true
	s.state = s.conn.ConnectionState()
	if s.server != nil {
		c.server = s.server
	}
	c.ev.OnRead, c.ev.OnWrite = c.onRead, c.onWrite
	c.state = stateIdle
	c.onRead()
}

// read decrypts what has come.
func (s *tlsSession) read(p []byte) (int, error) {
	n, err := s.conn.Read(p)
	if n > 0 {
		return n, nil
	}
	if err == nil || errors.As(err, new(pause)) {
		s.flush() // an answer of the protocol itself
		return 0, event.ErrAgain
	}
	return 0, err
}

// write encrypts memory, of which it takes all unless the socket is still full
// with what came before.
func (s *tlsSession) write(b []byte) (int64, error) {
	if err := s.flush(); err != nil {
		return 0, err
	}
	if len(b) > 16<<10 {
		b = b[:16<<10]
	}
	n, err := s.conn.Write(b)
	if err != nil {
		return int64(n), err
	}
	return int64(n), s.flush()
}

// flush sends what is encrypted.
func (s *tlsSession) flush() error {
	if len(s.out) == 0 {
		return nil
	}
	n, err := s.c.ev.TryWrite(s.out)
	s.out = s.out[:copy(s.out, s.out[n:])]
	return err
}

// close says good-bye.
func (s *tlsSession) close() {
	select {
	case <-s.gone:
		return
	default:
		close(s.gone)
	}
	if s.inline {
		s.conn.CloseWrite()
		s.flush()
	}
}

// recv reads from the client, through TLS where that is on.
func (c *Conn) recv(p []byte) (int, error) {
	if c.tls != nil {
		return c.tls.read(p)
	}
	if !c.ev.Readable() {
		return 0, event.ErrAgain
	}
	return c.ev.TryRead(p)
}

// TLS is the state of the connection's TLS, nil without.
func (c *Conn) TLS() *tls.ConnectionState {
	if c.tls == nil {
		return nil
	}
	return &c.tls.state
}
