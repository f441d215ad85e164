package api

import (
	"time"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
)

// Main is the settings of the http block.
type Main struct {
	PackagePath, PackageCPath cycle.Opt[string]
	Dicts                     []string // of lua_shared_dict
	RegexCache                cycle.Opt[int]
	RegexMatchLimit           cycle.Opt[int]
	MaxPendingTimers          cycle.Opt[int]
	MaxRunningTimers          cycle.Opt[int]
	WorkerVMs                 cycle.Opt[int]
	CaptureLog                cycle.Opt[int64] // bytes; 0: off
	Budget                    cycle.Opt[time.Duration]
	Init, InitWorker          *Code
	ExitWorker                *Code
	RewriteNoPostpone         cycle.Opt[bool]
	AccessNoPostpone          cycle.Opt[bool]
	PreContentNoPostpone      cycle.Opt[bool]
	// Reload tells that lua_code_cache is stat somewhere.
	Reload bool
	// Used tells that some directive runs Lua; Codes are all scripts.
	Used  bool
	Codes []*Code
}

// Mains finds the settings of the http block.
var Mains = http.NewMain(func() *Main { return &Main{} }, func(_ *cycle.Conf, s *Main) error {
	s.RegexCache.Merge(nil, 1024)
	s.RegexMatchLimit.Merge(nil, 0)
	s.MaxPendingTimers.Merge(nil, 1024)
	s.MaxRunningTimers.Merge(nil, 256)
	s.WorkerVMs.Merge(nil, 10)
	return nil
})

// Server is the settings of a server.
type Server struct {
	Rewrite *Code
	// Of TLS handshakes.
	ClientHello, Certificate, SessionFetch, SessionStore *Code
}

// Servers finds the settings of a server.
var Servers = http.NewServer(func() *Server { return &Server{} }, func(_ *cycle.Conf, outer, own *Server) error {
	if own.Rewrite == nil {
		own.Rewrite = outer.Rewrite
	}
	if own.ClientHello == nil {
		own.ClientHello = outer.ClientHello
	}
	if own.Certificate == nil {
		own.Certificate = outer.Certificate
	}
	if own.SessionFetch == nil {
		own.SessionFetch = outer.SessionFetch
	}
	if own.SessionStore == nil {
		own.SessionStore = outer.SessionStore
	}
	return nil
})

// Location is the settings of a location.
type Location struct {
	Content, Rewrite, Access, PreContent, HeaderFilter, BodyFilter, Log *Code

	CodeCache        cycle.Opt[CacheMode]
	NeedBody         cycle.Opt[bool]
	Underscores      cycle.Opt[bool]
	CheckAbort       cycle.Opt[bool]
	HTTP10Buffering  cycle.Opt[bool]
	DefaultType      cycle.Opt[bool]
	LogSocketErrors  cycle.Opt[bool]
	ConnectTimeout   cycle.Opt[time.Duration]
	SendTimeout      cycle.Opt[time.Duration]
	ReadTimeout      cycle.Opt[time.Duration]
	KeepaliveTimeout cycle.Opt[time.Duration]
	SendLowat        cycle.Opt[int64]
	BufferSize       cycle.Opt[int64]
	PoolSize         cycle.Opt[int]
}

// Locations finds the settings of a location.
var Locations = http.NewLocation(func() *Location { return &Location{} }, func(_ *cycle.Conf, outer, own *Location) error {
	for _, c := range []struct{ own, outer **Code }{
		{&own.Content, &outer.Content}, {&own.Rewrite, &outer.Rewrite}, {&own.Access, &outer.Access}, {&own.PreContent, &outer.PreContent},
		{&own.HeaderFilter, &outer.HeaderFilter}, {&own.BodyFilter, &outer.BodyFilter}, {&own.Log, &outer.Log},
	} {
		if *c.own == nil {
			*c.own = *c.outer
		}
	}
	own.CodeCache.Merge(&outer.CodeCache, CacheOn)
	own.NeedBody.Merge(&outer.NeedBody, false)
	own.Underscores.Merge(&outer.Underscores, true)
	own.CheckAbort.Merge(&outer.CheckAbort, false)
	own.HTTP10Buffering.Merge(&outer.HTTP10Buffering, true)
	own.DefaultType.Merge(&outer.DefaultType, true)
	own.LogSocketErrors.Merge(&outer.LogSocketErrors, true)
	own.ConnectTimeout.Merge(&outer.ConnectTimeout, time.Minute)
	own.SendTimeout.Merge(&outer.SendTimeout, time.Minute)
	own.ReadTimeout.Merge(&outer.ReadTimeout, time.Minute)
	own.KeepaliveTimeout.Merge(&outer.KeepaliveTimeout, time.Minute)
	own.SendLowat.Merge(&outer.SendLowat, 0)
	own.BufferSize.Merge(&outer.BufferSize, 4096)
	own.PoolSize.Merge(&outer.PoolSize, 30)
	return nil
})
