package wire

import (
	"errors"
	"net"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/perigee-server/perigee/t/spec"
)

// Outcome is what a case led to.
type Outcome struct {
	Answers  []Answer
	Closed   bool     // the server closed the connection
	Upstream []string // what the upstream server read, one text per connection
}

// Answer is one response. Body is kept where it shows how the request was
// understood: not of error pages, which carry the server's name.
type Answer struct {
	Status   int // 0: an answer without a head, as in HTTP/0.9
	Location string
	Body     string
}

// client sends a case and collects the answers.
type client struct {
	conn net.Conn
	one  Case
	got  []byte
	eof  bool
}

func dial(addr string, c Case) (*client, error) {
	conn, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return nil, err
	}
	cl := &client{conn: conn, one: c}
	go cl.send()
	return cl, nil
}

// send writes the input. A write error is no failure: a server may refuse and
// close before it has read everything.
func (cl *client) send() {
	step := len(cl.one.Send)
	if cl.one.Bytes {
		step = 1
	}
	for at := 0; at < len(cl.one.Send); at += step {
		if _, err := cl.conn.Write([]byte(cl.one.Send[at:min(at+step, len(cl.one.Send))])); err != nil {
			return
		}
		if cl.one.Bytes {
			time.Sleep(200 * time.Microsecond)
		}
	}
	if cl.one.Finish {
		_ = cl.conn.(*net.TCPConn).CloseWrite()
	}
}

// read reads until the connection ends or was silent for the given time.
func (cl *client) read(silence time.Duration) {
	buf := make([]byte, 64<<10)
	for !cl.eof {
		_ = cl.conn.SetReadDeadline(time.Now().Add(silence))
		n, err := cl.conn.Read(buf)
		cl.got = append(cl.got, buf[:n]...)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
		cl.eof = err != nil
	}
}

// answers parses what was read.
func (cl *client) answers() []Answer {
	var out []Answer
	rest := string(cl.got)
	for rest != "" {
		isInterim := strings.HasPrefix(rest, "HTTP/1.1 100 ")
		r, err := spec.ParseResponse(rest, cl.one.Head || isInterim)
		if err != nil && r == nil || r != nil && r.Cut {
			return append(out, Answer{Body: signature.ReplaceAllString(rest, "$1 SERVER $2")})
		}
		out = append(out, newAnswer(r))
		rest = r.Left
	}
	return out
}

// signature is the line of an error page that names the server.
var signature = regexp.MustCompile(`(<hr><center>)[^<]*(</center>)`)

func newAnswer(r *spec.Response) Answer {
	a := Answer{Status: int(r.Code[0]-'0')*100 + int(r.Code[1]-'0')*10 + int(r.Code[2]-'0')}
	a.Location, _ = r.Header("Location")
	if a.Status < 300 && !strings.HasPrefix(r.Body, "<html>") {
		a.Body = r.Body
		if kind, _ := r.Header("Content-Type"); strings.HasPrefix(kind, "multipart/") {
			a.Body = "multipart"
		}
	}
	return a
}
