// Package subrequest is the library "subrequest" of native handlers: requests to
// other servers, or to this one over the loopback or a Unix-domain socket.
// `handler load subrequest;`
package subrequest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/perigee-server/perigee/server/handler"
)

func init() { handler.Library("subrequest", register) }

func register() {
	handler.Async("subrequest", body)
	handler.AsyncContent("subrequestPage", page)
	handler.AsyncContentOnBody("subrequestForward", forward)
}

// order is what the argument says of a request: JSON, or only the URI.
type order struct {
	URI     string            `json:"uri"`
	Method  string            `json:"method"`
	Body    string            `json:"body"`
	Headers map[string]string `json:"headers"`
	// Timeout is that of the whole exchange, as nginx writes times; 10s unless
	// given.
	Timeout string `json:"timeout"`
	// Socket is the path of a Unix-domain socket to connect to.
	Socket string `json:"socket"`
}

const defaultTimeout = 10 * time.Second

// maxBody bounds the body of a response.
const maxBody = 64 << 20

// parse reads the argument.
func parse(arg []byte) (o order, timeout time.Duration, err error) {
	timeout = defaultTimeout
	if arg = bytes.TrimSpace(arg); len(arg) == 0 || arg[0] != '{' {
		o.URI = string(arg)
	} else {
		d := json.NewDecoder(bytes.NewReader(arg))
		d.DisallowUnknownFields()
		if err := d.Decode(&o); err != nil {
			return o, 0, fmt.Errorf("subrequest: %w", err)
		}
	}
	if o.Timeout != "" {
		var ok bool
		if timeout, ok = handler.ParseDuration(o.Timeout); !ok || timeout <= 0 {
			return o, 0, fmt.Errorf("subrequest: invalid timeout %q", o.Timeout)
		}
	}
	if !strings.HasPrefix(o.URI, "http://") && !strings.HasPrefix(o.URI, "https://") {
		return o, 0, fmt.Errorf("subrequest: invalid URI %q", o.URI)
	}
	return o, timeout, nil
}

// clients keep connections: one client for the network, one for each socket.
var clients sync.Map

// client is the client for a socket, or for the network when it is empty.
// Redirects are the caller's business.
func client(socket string) *http.Client {
	if c, ok := clients.Load(socket); ok {
		return c.(*http.Client)
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.Proxy, t.DisableCompression, t.MaxIdleConnsPerHost = nil, true, 64
	if socket != "" {
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}
	}
	c, _ := clients.LoadOrStore(socket, &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }})
	return c.(*http.Client)
}

// send makes the exchange and reads the body.
func send(ctx context.Context, arg []byte, reader io.Reader, length int64) (resp *http.Response, text []byte, err error) {
	o, timeout, err := parse(arg)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if reader == nil && o.Body != "" {
		reader, length = strings.NewReader(o.Body), int64(len(o.Body))
	}
	req, err := http.NewRequestWithContext(ctx, o.Method, o.URI, reader)
	if err != nil {
		return nil, nil, err
	}
	if reader != nil {
		req.ContentLength = length
	}
	for name, value := range o.Headers {
		if strings.EqualFold(name, "host") {
			req.Host = value
			continue
		}
		req.Header.Set(name, value)
	}
	if resp, err = client(o.Socket).Do(req); err != nil {
		return nil, nil, cause(ctx, err)
	}
	defer resp.Body.Close()
	if text, err = io.ReadAll(io.LimitReader(resp.Body, maxBody+1)); err != nil {
		return nil, nil, cause(ctx, err)
	}
	if len(text) > maxBody {
		return nil, nil, errors.New("subrequest: the response is too large")
	}
	return resp, text, nil
}

// cause is why the exchange has failed: that of the context, when it was cancelled.
func cause(ctx context.Context, err error) error {
	if c := context.Cause(ctx); c != nil && !errors.Is(c, context.DeadlineExceeded) {
		return c
	}
	return err
}

// body is the handler subrequest: the body of a response of 2xx; others are
// errors.
func body(ctx context.Context, arg []byte) ([]byte, error) {
	resp, text, err := send(ctx, arg, nil, 0)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		return nil, fmt.Errorf("subrequest: status %d", resp.StatusCode)
	}
	return text, nil
}

// page is the handler subrequestPage: the response as it is.
func page(ctx context.Context, arg []byte) (handler.Response, error) {
	return response(send(ctx, arg, nil, 0))
}

// forward is the handler subrequestForward: the same with the request's body.
func forward(ctx context.Context, b *handler.Body, arg []byte) (handler.Response, error) {
	if b.Len() == 0 {
		return page(ctx, arg)
	}
	return response(send(ctx, arg, b, b.Len()))
}

// own are the fields that belong to a connection, and those that the server makes.
var own = []string{"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
	"Content-Length", "Content-Type", "Date", "Server"}

func response(resp *http.Response, text []byte, err error) (handler.Response, error) {
	if err != nil {
		return handler.Response{}, err
	}
	out := handler.Response{Status: resp.StatusCode, ContentType: resp.Header.Get("Content-Type"), Body: [][]byte{text}}
	names := make([]string, 0, len(resp.Header))
	for name := range resp.Header {
		if !slices.Contains(own, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range resp.Header[name] {
			out.Header = append(out.Header, handler.Field{Name: name, Value: v})
		}
	}
	return out, nil
}
