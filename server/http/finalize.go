package http

import (
	"bytes"
	"strconv"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/log"
)

// errorPage is one status of an error_page directive.
type errorPage struct {
	status    Status
	overwrite int // -1: keep; 0: that of the page
	uri       *Complex
	args      string
	hasArgs   bool
}

func setErrorPage(c *cycle.Conf) error {
	l := coreLocations.At(c)
	args := c.Args()
	uri := args[len(args)-1]
	codes := args[:len(args)-1]
	overwrite := -1
	if last := codes[len(codes)-1]; last[0] == '=' {
		overwrite = 0
		if len(last) > 1 {
			n, ok := cycle.Number(last[1:])
			if !ok {
				return c.Errorf("invalid value %q", last)
			}
			overwrite = n
		}
		codes = codes[:len(codes)-1]
		if len(codes) == 0 {
			return c.Errorf("invalid value %q", last)
		}
	}
	text, query, hasArgs := uri, "", false
	if uri[0] == '/' {
		if i := bytes.IndexByte([]byte(uri), '?'); i >= 0 {
			text, query, hasArgs = uri[:i], uri[i+1:], true
		}
	}
	v, err := CompileComplex(c, uri)
	if err == nil {
		if _, static := v.Static(); static && hasArgs {
			v, err = CompileComplex(c, text)
		} else {
			query, hasArgs = "", false
		}
	}
	if err != nil {
		return err
	}
	l.errorPagesSet = true
	for _, code := range codes {
		n, ok := cycle.Number(code)
		if !ok {
			return c.Errorf("invalid value %q", code)
		}
		if n == 499 {
			return c.Errorf("invalid value %q", code)
		}
		if n < 300 || n > 599 {
			return c.Errorf("value %q must be between 300 and 599", code)
		}
		ow := overwrite
		if overwrite < 0 {
			switch n {
			case 494, 495, 496, 497:
				ow = 400
			}
		}
		l.errorPages = append(l.errorPages, errorPage{Status(n), ow, v, query, hasArgs})
	}
	return nil
}

// finalize takes the result of the phases (ngx_http_finalize_request).
func (r *Request) finalize(rc Status) {
	if r.finalized {
		return
	}
	if r.Debugging() {
		r.Logf(log.Debug, "http finalize request: %d, %q", int(rc), r.URI)
	}
	if r.sub != nil && r.sub.o.Bare && rc.Failed() {
		r.finalized = true
		r.subFinished(rc)
		return
	}
	switch {
	case rc == Sent:
		rc = OK
	case rc == Incomplete:
		r.Main.KeepAlive = false
		rc = OK
	case rc == Done:
		r.finalized = true
		return
	case rc == Declined:
		rc = statusNotFound
	case rc == Error || rc == statusClientClosed || rc == statusRequestTimeout:
		r.terminate(rc)
		return
	}
	if rc >= 300 || rc == statusCreated || rc == statusNoContent {
		if rc == statusClose {
			r.terminate(rc)
			return
		}
		if r.headerSent {
			if rc >= 300 && r == r.Main {
				r.Logf(log.Alert, "header already sent")
			}
			r.terminate(rc)
			return
		}
		if rc = r.special(rc); rc >= 300 {
			rc = r.special(rc) // a cycle of error pages, or a filter that refuses the page
		}
		if rc == Redirected {
			return
		}
		if rc == Error {
			r.terminate(Error)
			return
		}
	}
	if r != r.Main {
		r.finalized = true
		r.subFinished(rc)
		return
	}
	r.finalized = true
}

// Failed reports whether a request that is finalized with the status has no
// response yet or an incomplete one. The three statuses that end the client's
// connection are none of these.
func (rc Status) Failed() bool {
	switch rc {
	case Error, statusCreated, statusNoContent:
		return true
	case statusClose, statusClientClosed, statusRequestTimeout:
		return false
	}
	return rc >= 300
}

// Replace answers with the page of a status instead of the response whose head
// is about to be sent, for header filters (ngx_http_filter_finalize_request).
// A filter returns what it returns. error_page counts, unless it has been
// followed already.
func (r *Request) Replace(code Status) Status {
	r.Out.clear()
	switch r.special(code) {
	case Error:
		return Error
	case Redirected:
		r.loop()
	}
	return Sent
}

// terminate ends the request without more output; the connection is closed.
func (r *Request) terminate(rc Status) {
	r.finalized = true
	if r != r.Main {
		r.subFinished(rc)
		if rc == statusClose || rc == statusClientClosed || r.outputRefused() {
			return
		}
	}
	m := r.Main
	m.terminated = true
	m.KeepAlive = false
	if rc > 0 && (m.Out.Status == 0 || !m.headerSent) {
		m.Out.Status = int(rc)
	}
	m.conn.out.drop()
}

// special answers with an error page or a redirect
// (ngx_http_special_response_handler).
func (r *Request) special(code Status) Status {
	r.errStatus = int(code)
	switch code {
	case 400, 413, 414, 495, 496, 497, 500, 501:
		r.Main.KeepAlive = false
	}
	switch code {
	case 400, 495, 496, 497:
		r.lingering = false
	}
	r.Out.ContentType, r.Out.typeLower, r.Out.Charset = nil, nil, nil
	if !r.errorPage && r.uriChanges != 0 && len(r.loc.core.errorPages) > 0 {
		if !r.loc.core.recursiveErrorPages.V {
			r.errorPage = true
		}
		for i := range r.loc.core.errorPages {
			if p := &r.loc.core.errorPages[i]; p.status == code {
				return r.sendErrorPage(p)
			}
		}
	}
	r.expectTested = true
	r.discardBody()
	if r.msie && r.loc.core.msieRefresh.V && (code == 301 || code == 302) {
		return r.refresh()
	}
	if code >= 494 && code <= 497 {
		r.errStatus = 400
	}
	return r.builtinPage(code)
}

// sendErrorPage goes where error_page says.
func (r *Request) sendErrorPage(p *errorPage) Status {
	if p.overwrite >= 0 {
		if p.overwrite != 0 && p.overwrite != 200 {
			r.expectTested = true
		}
		r.errStatus = p.overwrite
	}
	uri := p.uri.Eval(r)
	if len(uri) > 0 && uri[0] == '/' {
		args := []byte(p.args)
		if _, static := p.uri.Static(); !static {
			args = nil
			if i := bytes.IndexByte(uri, '?'); i >= 0 {
				uri, args = uri[:i], uri[i+1:]
			}
		}
		if r.Method != head.MethodHead {
			r.Method, r.MethodName = head.MethodGet, []byte("GET")
		}
		return r.InternalRedirect(uri, args)
	}
	if len(uri) > 0 && uri[0] == '@' {
		return r.NamedLocation(string(uri))
	}
	r.expectTested = true
	r.discardBody()
	r.Out.Location = uri
	switch p.overwrite {
	case 301, 302, 303, 307, 308:
	default:
		r.errStatus = 302
	}
	if r.msie && r.loc.core.msieRefresh.V {
		return r.refresh()
	}
	return r.builtinPage(Status(r.errStatus))
}

// builtinPage sends nginx's page for a status.
func (r *Request) builtinPage(code Status) Status {
	r.Out.ClearModified()
	r.Out.ETag = nil
	r.allowRanges = false
	heading, ok := pages[code]
	if !ok {
		r.Out.ContentLength = 0
		if rc := r.SendHeader(); rc != OK || r.headOnly {
			return rc
		}
		return r.SendLast()
	}
	body := make([]byte, 0, 256)
	body = append(append(body, "<html>\r\n<head><title>"...), heading...)
	body = append(body, "</title></head>\r\n<body>\r\n<center><h1>"...)
	if d, ok := details[code]; ok {
		body = append(append(body, "400 Bad Request</h1></center>\r\n<center>"...), d...)
		body = append(body, "</center>\r\n"...)
	} else {
		body = append(append(body, heading...), "</h1></center>\r\n"...)
	}
	body = append(append(body, "<hr><center>"...), r.signature()...)
	body = append(body, "</center>\r\n</body>\r\n</html>\r\n"...)
	if r.loc.core.msiePadding.V && (r.msie || r.chrome) && r.Version >= 1000 && code >= 400 {
		for range 6 {
			body = append(body, "<!-- a padding to disable MSIE and Chrome friendly error page -->\r\n"...)
		}
	}
	r.Out.ContentLength = int64(len(body))
	r.Out.ContentType = []byte("text/html")
	if rc := r.SendHeader(); rc != OK || r.headOnly {
		return rc
	}
	return r.Send(body)
}

// refresh answers an old browser with a page that goes on by itself.
func (r *Request) refresh() Status {
	to := escapeHTML(r.Out.Location)
	body := append([]byte("<html><head><meta http-equiv=\"Refresh\" content=\"0; URL="), to...)
	body = append(body, "\"></head><body></body></html>\r\n"...)
	r.errStatus = 200
	r.Out.Location = nil
	r.Out.ContentLength = int64(len(body))
	r.Out.ContentType = []byte("text/html")
	r.Out.ClearModified()
	if rc := r.SendHeader(); rc != OK || r.headOnly {
		return rc
	}
	return r.Send(body)
}

// signature is the server's name at the foot of pages.
func (r *Request) signature() string {
	id := r.conn.work.Cycle.Identity
	switch r.loc.core.serverTokens.V {
	case tokensOff:
		return id.Name
	case tokensBuild:
		return id.Full()
	}
	return id.Full()
}

// StatusText is the reason phrase of a status, "" for an unknown one.
func StatusText(code int) string { return reasons[code] }

func appendStatusLine(b []byte, r *Request) []byte {
	o := &r.Out
	if o.StatusLine != nil {
		return append(b, o.StatusLine...)
	}
	b = strconv.AppendInt(b, int64(o.Status), 10)
	b = append(b, ' ')
	return append(b, reasons[o.Status]...)
}
