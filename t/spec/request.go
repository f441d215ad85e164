package spec

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// request is what is sent over one connection.
type request struct {
	packets []Value // Text or Packet
	replies int     // how many responses it asks for
}

func (r request) bytes() string {
	var b strings.Builder
	for _, p := range r.packets {
		b.WriteString(p.Text)
	}
	return b.String()
}

// requests builds what the block sends: one request per connection.
func (b *Block) requests(expand func(string) (string, error)) ([]request, error) {
	if v, ok := b.Value("raw_request"); ok {
		return []request{{packets: v.list(), replies: 1}}, nil
	}
	if v, ok := b.Value("pipelined_requests"); ok {
		return b.pipelined(v, expand)
	}
	v, ok := b.Value("request")
	if !ok {
		return nil, fmt.Errorf("no request section")
	}
	if v.Kind == Text {
		v.Text = stripComments(v.Text)
	}
	var all []request
	for i, one := range v.list() {
		more, err := b.moreHeaders(i)
		if err != nil {
			return nil, err
		}
		packets, err := complete(one.list(), more, "close")
		if err != nil {
			return nil, err
		}
		all = append(all, request{packets: packets, replies: 1})
	}
	return all, nil
}

func (b *Block) pipelined(v Value, expand func(string) (string, error)) ([]request, error) {
	if v.Kind != List {
		return nil, fmt.Errorf("pipelined_requests must be a list")
	}
	var out strings.Builder
	for i, one := range v.Items {
		connection := "keep-alive"
		if i == len(v.Items)-1 {
			connection = "close"
		}
		more, err := b.moreHeaders(i)
		if err != nil {
			return nil, err
		}
		if one.Text, err = expand(one.Text); err != nil {
			return nil, err
		}
		packets, err := complete([]Value{one}, more, connection)
		if err != nil {
			return nil, err
		}
		out.WriteString(packets[0].Text)
	}
	return []request{{packets: []Value{{Text: out.String()}}, replies: len(v.Items)}}, nil
}

var commentLine = regexp.MustCompile(`\A(?:\s*#[^\n]+\s+|\s+)`)

func stripComments(s string) string {
	for {
		at := commentLine.FindStringIndex(s)
		if at == nil {
			return s
		}
		s = s[at[1]:]
	}
}

// moreHeaders returns the header lines that more_headers adds to request i.
func (b *Block) moreHeaders(i int) (string, error) {
	v, ok := b.Value("more_headers")
	if !ok {
		return "", nil
	}
	if v.Kind == List {
		if i >= len(v.Items) {
			return "", fmt.Errorf("more_headers has no item for request %d", i)
		}
		v = v.Items[i]
	}
	var out strings.Builder
	for _, line := range strings.Split(v.Text, "\n") {
		if line == "" || strings.HasPrefix(strings.TrimLeft(line, " \t"), "#") {
			continue
		}
		key, val, _ := strings.Cut(line, ":")
		fmt.Fprintf(&out, "%s: %s\r\n", key, strings.TrimLeft(val, " \t"))
	}
	return out.String(), nil
}

var requestLine = regexp.MustCompile(`\A(\s*)(\S+)( *)(?:(\S+)( *))?(?:(\S+)( *))?\s*\z`)

// maxRequestLine bounds what requestLine looks at, for 0.1 µs a byte.
const maxRequestLine = 1 << 20

var (
	hasHost       = regexp.MustCompile(`(?im)^Host:`)
	hasConnection = regexp.MustCompile(`(?im)^Connection`)
	hasLength     = regexp.MustCompile(`(?m)^Content-Length:`)
	isChunked     = regexp.MustCompile(`(?im)^transfer-encoding: chunked\r$`)
)

// complete makes a full HTTP request of "METHOD [TARGET [VERSION]]" and a body.
// The body keeps its cuts into packets; what is added goes into the first one.
func complete(packets []Value, more, connection string) ([]Value, error) {
	if len(packets) == 0 {
		return nil, fmt.Errorf("an empty list of packets")
	}
	joined := request{packets: packets}.bytes()
	first, body, _ := cutLine(joined)
	if len(first) > maxRequestLine {
		return nil, fmt.Errorf("a request line of %d bytes, more than %d: such a request needs raw_request", len(first), maxRequestLine)
	}
	m := requestLine.FindStringSubmatch(first)
	if m == nil {
		return nil, fmt.Errorf("request line %q is not METHOD [TARGET [VERSION]]", first)
	}
	target, version := m[4], m[6]
	if target == "" {
		target = "/"
	}
	if version == "" {
		version = "HTTP/1.1"
	}
	sent := body
	var head strings.Builder
	fmt.Fprintf(&head, "%s %s %s\r\n", m[2], target, version)
	if !hasHost.MatchString(more) {
		head.WriteString("Host: localhost\r\n")
	}
	if !hasConnection.MatchString(more) {
		fmt.Fprintf(&head, "Connection: %s\r\n", connection)
	}
	head.WriteString(more)
	if body != "" && !isChunked.MatchString(more) && !hasLength.MatchString(more) {
		sent = strings.TrimSpace(body)
		fmt.Fprintf(&head, "Content-Length: %d\r\n", len(sent))
	}
	head.WriteString("\r\n")
	if len(packets) == 1 {
		packets[0].Text = head.String() + sent
		return packets, nil
	}
	return recut(packets, len(joined)-len(body), head.String(), sent)
}

// recut spreads the body over the packets where the block has cut it: the head
// goes out with the packet that ends the request line.
func recut(packets []Value, lineLen int, head, body string) ([]Value, error) {
	out := make([]Value, 0, len(packets))
	offset := 0
	for i, p := range packets {
		start, end := offset-lineLen, offset+len(p.Text)-lineLen
		offset += len(p.Text)
		if end < 0 {
			return nil, fmt.Errorf("packet %d is cut within the request line; use raw_request", i)
		}
		text := body[min(max(start, 0), len(body)):min(end, len(body))]
		if i == len(packets)-1 && end < len(body) {
			text += body[end:]
		}
		p.Text = text
		if start < 0 {
			p.Text = head + text
		}
		out = append(out, p)
	}
	return out, nil
}

func cutLine(s string) (line, rest string, found bool) {
	i := strings.IndexByte(s, '\n')
	if i < 0 {
		return s, "", false
	}
	return s[:i+1], s[i+1:], true
}

// delay is how long to wait before a packet is sent.
func (v Value) delay(middle time.Duration, first bool) time.Duration {
	if v.HasDelay {
		return v.Delay
	}
	if first {
		return 0
	}
	return middle
}
