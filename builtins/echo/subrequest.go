package echo

import (
	"bytes"
	"os"
	"strconv"

	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/log"
)

// runLocation is echo_location and echo_location_async.
func runLocation(r *http.Request, s *state, c *command) http.Status {
	uri := clone(c.args[0].Eval(r))
	var args []byte
	if len(c.args) > 1 {
		args = clone(c.args[1].Eval(r))
	}
	o := http.Subrequest{URI: uri, Args: args, FreshVariables: true}
	return subrequest(r, s, c, o)
}

// runSubrequest is echo_subrequest and echo_subrequest_async.
func runSubrequest(r *http.Request, s *state, c *command) http.Status {
	if c.wrong != "" {
		r.Logf(log.Error, "unknown option for echo_subrequest*: %s", c.wrong)
		return http.Error
	}
	method := clone(c.args[0].Eval(r))
	o := http.Subrequest{URI: clone(c.args[1].Eval(r)), MethodName: method, Method: head.MethodOf(method), FreshVariables: true}
	if c.opt.args != nil {
		o.Args = clone(c.opt.args.Eval(r))
	}
	switch {
	case c.opt.body != nil:
		o.Body, o.HasBody = clone(c.opt.body.Eval(r)), true
	case c.opt.file != nil:
		path := r.HTTP().Cycle.FullName(string(c.opt.file.Eval(r)))
		data, err := os.ReadFile(path)
		if err != nil {
			r.Logf(log.Error, "%s", log.Errno("open() \""+path+"\" failed", err))
			return 500
		}
		o.Body, o.HasBody = data, true
	}
	return subrequest(r, s, c, o)
}

func clone(b []byte) []byte { return append([]byte(nil), b...) }

// subrequest makes and runs a subrequest whose response joins the output.
func subrequest(r *http.Request, s *state, c *command, o http.Subrequest) http.Status {
	if rc := sendHead(r, s); rc != http.OK {
		return rc
	}
	if len(o.URI) == 0 {
		r.Logf(log.Error, "%s: the URI is empty", c.name)
		return 500
	}
	uri, args := http.SplitURI(o.URI)
	if len(uri) < len(o.URI) {
		if o.Args == nil {
			o.Args = args
		}
		o.URI = uri
	}
	o.URI = http.UnescapeURI(o.URI)
	if bytes.Contains(o.URI, []byte("/..")) {
		r.Logf(log.Debug, "%s sees unsafe uri: %q", c.name, o.URI)
		return http.Error
	}
	o.Prepare = func(sub *http.Request) {
		if o.HasBody {
			sub.SetField([]byte("Content-Length"), strconv.AppendInt(nil, int64(len(o.Body)), 10))
		} else {
			sub.RemoveField("content-length")
		}
	}
	async := bytes.HasSuffix([]byte(c.name), []byte("_async"))
	sub := r.NewSubrequest(o)
	if sub == nil {
		return http.Error
	}
	if async {
		sub.StartSub()
		return http.OK
	}
	// like the original, a failed subrequest does not fail the request
	if r.SubrequestsQueued() { // those come first
		sub.StartSub()
		if sub.Wait() != nil {
			return http.Error
		}
		return http.OK
	}
	sub.Run()
	return http.OK
}

func runExec(r *http.Request, s *state, c *command) http.Status {
	if r.HeaderSent() {
		r.Logf(log.Error, "%s: the response's head was sent already", c.name)
		return http.Error
	}
	uri := clone(c.args[0].Eval(r))
	var args []byte
	if len(c.args) > 1 {
		args = clone(c.args[1].Eval(r))
	}
	path, query := http.SplitURI(uri)
	if len(path) < len(uri) {
		uri = path
		if args == nil {
			args = query
		}
	}
	if len(uri) > 0 && uri[0] == '@' {
		if len(args) > 0 {
			r.Logf(log.Warn, "querystring %s ignored when exec'ing named location %s", args, uri)
		}
		return r.NamedLocation(string(uri))
	}
	return r.InternalRedirect(uri, args)
}
