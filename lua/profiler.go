package lua

import (
	"bytes"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/perigee-server/perigee/lua/api"
	"github.com/perigee-server/perigee/lua/profile"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/log"
)

// The bounds of a profile.
const (
	standardRate = 1000 // samples a second
	maxRate      = 10000
	maxSeconds   = 600
)

const profilerUsage = `
?seconds=N          profiles for that long and answers with the profile
?do=start, ?do=stop begins and ends one; stop answers with it
?format=F           answers with the last one: folded, svg or pprof
?rate=N             samples a second (1000), with seconds or do=start
`

// profiler is the content handler of lua_profiler.
func profiler(r *http.Request) http.Status {
	if r.Method&(head.MethodGet|head.MethodHead|head.MethodPost) == 0 {
		return 405
	}
	e := engines.Of(r).e
	args := arguments(r)
	rate, ok := bounded(args, "rate", standardRate, maxRate)
	if !ok {
		return 400
	}
	switch do := args.Get("do"); {
	case args.Has("seconds"):
		seconds, ok := bounded(args, "seconds", 0, maxSeconds)
		if !ok {
			return 400
		}
		return profileFor(r, e, time.Duration(seconds)*time.Second, rate, args)
	case do == "start":
		if !e.StartProfile(rate) {
			return 409
		}
		return answer(r, "text/plain", []byte("started\n"))
	case do == "stop":
		e.StopProfile()
	case do != "":
		return 400
	case !args.Has("format"):
		return answer(r, "text/plain", profilerState(e))
	}
	return sendProfile(r, e.Profile(), args)
}

// bounded is an argument that is a number from 1 on, standard without it.
func bounded(args url.Values, name string, standard, most int) (int, bool) {
	if !args.Has(name) {
		return standard, true
	}
	n, err := strconv.Atoi(args.Get(name))
	return n, err == nil && n > 0 && n <= most
}

// profileFor makes a profile while the request waits.
func profileFor(r *http.Request, e *api.Engine, d time.Duration, rate int, args url.Values) http.Status {
	if !e.StartProfile(rate) {
		return 409
	}
	p := e.Profile()
	err := e.Loop.Sleep(d)
	if e.Profile() == p {
		e.StopProfile()
	}
	if err != nil {
		return http.Error
	}
	return sendProfile(r, p, args)
}

func profilerState(e *api.Engine) []byte {
	p := e.Profile()
	state := "off"
	switch {
	case p != nil && p.Ended.IsZero():
		state = fmt.Sprintf("on since %s, %d samples of %s", p.Began.Format(time.RFC3339), p.Samples, p.Period)
	case p != nil:
		state = fmt.Sprintf("off; the last profile has %d samples of %s", p.Samples, p.Period)
	}
	return []byte("Lua profiler: " + state + "\n" + profilerUsage)
}

// sendProfile sends a profile in the form that the argument format asks for.
func sendProfile(r *http.Request, p *profile.Profile, args url.Values) http.Status {
	if p == nil {
		return 404
	}
	var b bytes.Buffer
	var kind string
	var err error
	switch args.Get("format") {
	case "", "folded":
		kind, err = "text/plain; charset=utf-8", p.Folded(&b)
	case "svg":
		kind, err = "image/svg+xml", p.SVG(&b)
	case "pprof":
		kind, err = "application/octet-stream", p.Pprof(&b)
		r.Out.Add([]byte("Content-Disposition"), []byte(`attachment; filename="lua.pb.gz"`))
	default:
		return 400
	}
	if err != nil {
		r.LogLine(log.Error, "lua_profiler: "+err.Error())
		return 500
	}
	return answer(r, kind, b.Bytes())
}
