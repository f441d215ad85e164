package cycle

import (
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/perigee-server/perigee/server/log"
)

// Syslog sends messages to a syslog server in the BSD form, as nginx's
// `syslog:server=…,facility=…,tag=…,severity=…,nohostname`.
type Syslog struct {
	network, addr string
	facility      int
	severity      int
	tag           string
	nohost        bool

	mu   sync.Mutex
	conn net.Conn
}

var facilities = strings.Fields("kern user mail daemon auth intern lpr news uucp clock authpriv ftp ntp audit alert cron local0 local1 local2 local3 local4 local5 local6 local7")
var severities = []string{"", "emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"}

// NewSyslog parses the parameters behind "syslog:".
func NewSyslog(c *Conf, params string) (*Syslog, error) {
	s := &Syslog{facility: 23, severity: 6, tag: c.Cycle.Identity.Name}
	for _, p := range strings.Split(params, ",") {
		key, v, _ := strings.Cut(p, "=")
		switch key {
		case "server":
			s.network, s.addr = "udp", v
			if path, ok := strings.CutPrefix(v, "unix:"); ok {
				s.network, s.addr = "unixgram", path
			} else if _, _, err := net.SplitHostPort(v); err != nil {
				s.addr = net.JoinHostPort(strings.Trim(v, "[]"), "514")
			}
		case "facility":
			n := indexOf(facilities, v)
			if n < 0 {
				return nil, c.Errorf("unknown syslog facility %q", v)
			}
			s.facility = n
		case "severity":
			n := indexOf(severities, v)
			if n < 1 {
				return nil, c.Errorf("unknown syslog severity %q", v)
			}
			s.severity = n - 1
		case "tag":
			if len(v) > 32 {
				return nil, c.Errorf("syslog tag length exceeds 32")
			}
			for _, r := range v {
				if !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_') {
					return nil, c.Errorf("syslog \"tag\" only allows alphanumeric characters and underscore")
				}
			}
			s.tag = v
		case "nohostname":
			s.nohost = true
		default:
			return nil, c.Errorf("unknown syslog parameter %q", p)
		}
	}
	if s.addr == "" {
		return nil, c.Errorf("no syslog server specified")
	}
	return s, nil
}

func indexOf(list []string, s string) int {
	for i, v := range list {
		if v == s {
			return i
		}
	}
	return -1
}

// WriteLine sends a line of the error log, with the severity of its level.
func (s *Syslog) WriteLine(level log.Level, line []byte) { s.send(max(int(level)-1, 0), line) }

// Write sends a line of an access log.
func (s *Syslog) Write(line []byte) (int, error) {
	s.send(s.severity, line)
	return len(line), nil
}

// send writes one datagram. A message that can not be sent is lost, as with
// nginx; the next one tries to connect anew.
func (s *Syslog) send(severity int, line []byte) {
	b := make([]byte, 0, 64+len(line))
	b = append(b, '<')
	b = strconv.AppendInt(b, int64(s.facility*8+severity), 10)
	b = append(b, '>')
	b = time.Now().AppendFormat(b, time.Stamp)
	b = append(b, ' ')
	if !s.nohost {
		b = append(append(b, Hostname...), ' ')
	}
	b = append(append(b, s.tag...), ": "...)
	b = append(b, line...)
	if n := len(b); n > 0 && b[n-1] == '\n' {
		b = b[:n-1]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		conn, err := net.Dial(s.network, s.addr)
		if err != nil {
			return
		}
		s.conn = conn
	}
	if _, err := s.conn.Write(b); err != nil {
		s.conn.Close()
		s.conn = nil
	}
}
