package api

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/perigee-server/perigee/server/event"
)

// tlsLink is TLS above a connection. The handshake runs on a goroutine of its
// own: memory goes to and fro, and the script's task does the reading and
// writing. Afterwards TLS is done inline.
type tlsLink struct {
	ev      *event.Conn
	conn    *tls.Conn
	session *tlsSessions

	in, out []byte // encrypted: from the peer, for the peer
	ended   error  // of what comes from the peer

	inline bool
	want   bool          // the handshake waits for more
	more   chan struct{} // it has come
	gone   chan struct{} // nobody waits for the handshake any more
	left   atomic.Bool
	hear   func(finished bool, err error) // under the loop: the handshake has stopped
}

// tlsFault is why TLS has failed, in ngx_lua's words.
type tlsFault struct {
	text  string
	cause error
}

func (f *tlsFault) Error() string { return f.text }

// pause is what reading says while nothing is there; crypto/tls goes on after
// temporary errors.
type pause struct{}

func (pause) Error() string   { return "nothing to read now" }
func (pause) Timeout() bool   { return true }
func (pause) Temporary() bool { return true }

func newTLSLink(ev *event.Conn, cfg *tls.Config, sessions *tlsSessions) *tlsLink {
	t := &tlsLink{ev: ev, session: sessions, more: make(chan struct{}), gone: make(chan struct{})}
	t.conn = tls.Client(tlsMemory{t}, cfg)
	return t
}

// handshake does the handshake within a time. The error is a *tlsFault, one of
// the connection's, event.ErrTimeout or the task's cancellation.
func (t *tlsLink) handshake(limit time.Duration) error {
	loop := t.ev.Loop()
	task := loop.Current()
	late, finished := false, false
	var failed error
	timer := loop.NewTimer(func() { late = true; loop.Wake(task); t.ev.Interrupt() })
	timer.Reset(limit)
	defer timer.Remove()
	t.hear = func(done bool, err error) {
		if t.left.Load() {
			return
		}
		if done {
			finished, failed = true, err
		} else {
			t.want = true
		}
		loop.Wake(task)
	}
	go func() {
		err := t.conn.Handshake()
		loop.Post(func() { t.hear(true, err) })
	}()
	err := func() error {
		for {
			for !t.want && !finished {
				if err := loop.Park(); err != nil {
					return err
				}
				if late && !t.want && !finished {
					return event.ErrTimeout
				}
			}
			if err := t.drain(limit); err != nil && !finished {
				return err
			}
			if finished {
				break
			}
			if err := t.feed(&late, limit); err != nil {
				return err
			}
			t.want = false
			t.more <- struct{}{}
		}
		return nil
	}()
	if err != nil {
		t.left.Store(true)
		close(t.gone)
		return err
	}
	if failed != nil {
		if t.ended != nil {
			failed = nil // the peer has gone
		}
		return &tlsFault{"handshake failed", failed}
	}
	t.inline = true
	return nil
}

// drain writes what is encrypted, waiting for the socket.
func (t *tlsLink) drain(limit time.Duration) error {
	for {
		err := t.flush()
		if err != event.ErrAgain {
			return err
		}
		if err := t.ev.WaitWrite(limit); err != nil {
			return err
		}
	}
}

// feed reads what the peer sends for the handshake.
func (t *tlsLink) feed(late *bool, limit time.Duration) error {
	var buf [4096]byte
	for {
		n, err := t.ev.TryRead(buf[:])
		switch {
		case n > 0:
			t.in = append(t.in, buf[:n]...)
			return nil
		case err == event.ErrAgain:
			err = t.ev.WaitRead(limit)
			if err == nil && *late {
				err = event.ErrTimeout
			}
			if err != nil {
				return err
			}
		default: // the handshake itself says what that means
			t.ended = err
			return nil
		}
	}
}

// flush writes what the socket takes of what is encrypted.
func (t *tlsLink) flush() error {
	if len(t.out) == 0 {
		return nil
	}
	n, err := t.ev.TryWrite(t.out)
	t.out = t.out[:copy(t.out, t.out[n:])]
	return err
}

// read decrypts what has come.
func (t *tlsLink) read(p []byte) (int, error) {
	n, err := t.conn.Read(p)
	switch {
	case n > 0:
		return n, nil
	case err == nil || errors.As(err, new(pause)):
		t.flush() // answers of the protocol itself
		return 0, event.ErrAgain
	case err == io.ErrUnexpectedEOF:
		return 0, io.EOF
	}
	return 0, err
}

// write encrypts; all of p is taken unless what came before is still there.
func (t *tlsLink) write(p []byte) (int, error) {
	if err := t.flush(); err != nil {
		return 0, err
	}
	if len(p) > 0 {
		if _, err := t.conn.Write(p); err != nil {
			return 0, err
		}
	}
	return len(p), t.flush()
}

// close says good-bye.
func (t *tlsLink) close() {
	if t.inline {
		t.conn.CloseWrite()
		t.flush()
	}
}

// tlsMemory is the net.Conn below crypto/tls.
type tlsMemory struct{ t *tlsLink }

func (m tlsMemory) Read(p []byte) (int, error) {
	t := m.t
	for {
		if len(t.in) > 0 {
			n := copy(p, t.in)
			t.in = t.in[n:]
			return n, nil
		}
		if t.ended != nil {
			return 0, t.ended
		}
		if t.inline {
			n, err := t.ev.TryRead(p)
			if err == event.ErrAgain {
				return 0, pause{}
			}
			return n, err
		}
		t.ev.Loop().Post(func() { t.hear(false, nil) })
		select {
		case <-t.more:
		case <-t.gone:
			return 0, net.ErrClosed
		}
	}
}

func (m tlsMemory) Write(p []byte) (int, error) {
	m.t.out = append(m.t.out, p...)
	return len(p), nil
}

func (tlsMemory) Close() error                     { return nil }
func (tlsMemory) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (tlsMemory) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (tlsMemory) SetDeadline(time.Time) error      { return nil }
func (tlsMemory) SetReadDeadline(time.Time) error  { return nil }
func (tlsMemory) SetWriteDeadline(time.Time) error { return nil }

// tlsSessions is the session of one connection, which a script may keep for
// another one.
type tlsSessions struct {
	state *tls.ClientSessionState
}

// Get gives the session to resume (tls.ClientSessionCache).
func (s *tlsSessions) Get(string) (*tls.ClientSessionState, bool) { return s.state, s.state != nil }

// Put keeps the session (tls.ClientSessionCache). With TLS 1.3 it comes after
// the handshake.
func (s *tlsSessions) Put(_ string, state *tls.ClientSessionState) { s.state = state }

var (
	_ net.Conn               = tlsMemory{}
	_ tls.ClientSessionCache = (*tlsSessions)(nil)
)
