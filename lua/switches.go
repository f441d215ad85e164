package lua

import (
	"strings"
	"time"

	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/lua/api"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/native"
)

// switches are the directives that run nothing.
func switches() []cycle.Directive {
	flag := func(name string, in cycle.Context, f func(*api.Location) *cycle.Opt[bool], doc string) cycle.Directive {
		return cycle.Directive{Name: name, In: in, Args: "flag", Set: cycle.SetFlag(api.Locations, f), Doc: doc}
	}
	msec := func(name string, f func(*api.Location) *cycle.Opt[time.Duration], doc string) cycle.Directive {
		return cycle.Directive{Name: name, In: cycle.HTTPAllIf, Args: "1", Set: cycle.SetMsec(api.Locations, f), Doc: doc}
	}
	mainNumber := func(name string, f func(*api.Main) *cycle.Opt[int], doc string) cycle.Directive {
		return cycle.Directive{Name: name, In: cycle.HTTP, Args: "1", Set: cycle.SetNumber(api.Mains, f), Doc: doc}
	}
	mainFlag := func(name string, f func(*api.Main) *cycle.Opt[bool], doc string) cycle.Directive {
		return cycle.Directive{Name: name, In: cycle.HTTP, Args: "flag", Set: cycle.SetFlag(api.Mains, f), Doc: doc}
	}
	sslString := func(name string, f func(*api.SSL) *cycle.Opt[string], doc string) cycle.Directive {
		return cycle.Directive{Name: name, In: cycle.HTTPAll, Args: "1", Set: cycle.SetString(api.SSLs, f), Doc: doc}
	}
	return []cycle.Directive{
		{Name: "lua_code_cache", In: cycle.HTTPAllIf, Args: "1", Set: setCodeCache, Doc: "Whether scripts and modules are kept: on, off, which gives each request a VM of its own, or stat, which loads changed files again."},
		flag("lua_need_request_body", cycle.HTTPAllIf, func(l *api.Location) *cycle.Opt[bool] { return &l.NeedBody }, "Whether the request's body is read before Lua runs."),
		flag("lua_transform_underscores_in_response_headers", cycle.HTTPAllIf, func(l *api.Location) *cycle.Opt[bool] { return &l.Underscores }, "Whether ngx.header.foo_bar means Foo-Bar."),
		flag("lua_check_client_abort", cycle.HTTPAllIf, func(l *api.Location) *cycle.Opt[bool] { return &l.CheckAbort }, "Whether the end of the client's connection ends its scripts."),
		flag("lua_http10_buffering", cycle.HTTPAllIf, func(l *api.Location) *cycle.Opt[bool] { return &l.HTTP10Buffering }, "Whether responses to HTTP/1.0 clients are kept until their length is known."),
		flag("lua_use_default_type", cycle.HTTPAllIf, func(l *api.Location) *cycle.Opt[bool] { return &l.DefaultType }, "Whether responses that Lua makes have the default type."),
		flag("lua_socket_log_errors", cycle.HTTPAllIf, func(l *api.Location) *cycle.Opt[bool] { return &l.LogSocketErrors }, "Whether failures of cosockets are logged."),
		msec("lua_socket_connect_timeout", func(l *api.Location) *cycle.Opt[time.Duration] { return &l.ConnectTimeout }, "How long a cosocket may take to connect."),
		msec("lua_socket_send_timeout", func(l *api.Location) *cycle.Opt[time.Duration] { return &l.SendTimeout }, "How long a cosocket may wait for the peer to take data."),
		msec("lua_socket_read_timeout", func(l *api.Location) *cycle.Opt[time.Duration] { return &l.ReadTimeout }, "How long a cosocket may wait for data."),
		msec("lua_socket_keepalive_timeout", func(l *api.Location) *cycle.Opt[time.Duration] { return &l.KeepaliveTimeout }, "How long a connection stays in a pool."),
		{Name: "lua_socket_send_lowat", In: cycle.HTTPAllIf, Args: "1", Set: cycle.SetSize(api.Locations, func(l *api.Location) *cycle.Opt[int64] { return &l.SendLowat }), Doc: "Without effect: Linux has no low-water mark for sending."},
		{Name: "lua_socket_buffer_size", In: cycle.HTTPAllIf, Args: "1", Set: cycle.SetSize(api.Locations, func(l *api.Location) *cycle.Opt[int64] { return &l.BufferSize }), Doc: "The size of a cosocket's read buffer."},
		{Name: "lua_socket_pool_size", In: cycle.HTTPAllIf, Args: "1", Set: cycle.SetNumber(api.Locations, func(l *api.Location) *cycle.Opt[int] { return &l.PoolSize }), Doc: "How many idle connections a pool keeps."},
		{Name: "lua_ssl_protocols", In: cycle.HTTPAll, Args: "1+", Set: cycle.SetBits(api.SSLs, func(s *api.SSL) *cycle.Opt[uint] { return &s.Protocols }, http.TLSProtocols), Doc: "The versions of TLS that cosockets speak; SSLv2 and SSLv3 are accepted and not spoken."},
		sslString("lua_ssl_ciphers", func(s *api.SSL) *cycle.Opt[string] { return &s.Ciphers }, "Cipher suites of TLS 1.2 and older for cosockets, in OpenSSL's words."),
		sslString("lua_ssl_trusted_certificate", func(s *api.SSL) *cycle.Opt[string] { return &s.Trusted }, "A file with the certificates that cosockets trust."),
		sslString("lua_ssl_crl", func(s *api.SSL) *cycle.Opt[string] { return &s.CRL }, "A file with revoked certificates."),
		sslString("lua_ssl_key_log", func(s *api.SSL) *cycle.Opt[string] { return &s.KeyLog }, "A file that gets the secrets of cosockets' connections, for debugging."),
		{Name: "lua_ssl_verify_depth", In: cycle.HTTPAll, Args: "1", Set: cycle.SetNumber(api.SSLs, func(s *api.SSL) *cycle.Opt[int] { return &s.Depth }), Doc: "How many certificates may stand between a peer's and a trusted one."},
		{Name: "lua_ssl_certificate", In: cycle.HTTPAll, Args: "1", Set: cycle.SetList(api.SSLs, func(s *api.SSL) *[]string { return &s.Certs }), Doc: "A file with the certificate that cosockets show to peers that ask."},
		{Name: "lua_ssl_certificate_key", In: cycle.HTTPAll, Args: "1", Set: cycle.SetList(api.SSLs, func(s *api.SSL) *[]string { return &s.Keys }), Doc: "The file with the key of that certificate."},
		{Name: "lua_ssl_conf_command", In: cycle.HTTPAll, Args: "2", Set: setSSLCommand, Doc: "CipherString, MinProtocol, MaxProtocol or Ciphersuites of OpenSSL; the last has no effect."},
		mainNumber("lua_regex_cache_max_entries", func(m *api.Main) *cycle.Opt[int] { return &m.RegexCache }, "How many compiled regular expressions a worker keeps."),
		mainNumber("lua_regex_match_limit", func(m *api.Main) *cycle.Opt[int] { return &m.RegexMatchLimit }, "The bound on backtracking of a match."),
		mainNumber("lua_max_pending_timers", func(m *api.Main) *cycle.Opt[int] { return &m.MaxPendingTimers }, "How many timers may wait."),
		mainNumber("lua_max_running_timers", func(m *api.Main) *cycle.Opt[int] { return &m.MaxRunningTimers }, "How many timers may run at a time."),
		mainFlag("rewrite_by_lua_no_postpone", func(m *api.Main) *cycle.Opt[bool] { return &m.RewriteNoPostpone }, "Whether rewrite_by_lua runs before the other rewrite directives."),
		mainFlag("access_by_lua_no_postpone", func(m *api.Main) *cycle.Opt[bool] { return &m.AccessNoPostpone }, "Whether access_by_lua runs before the other access checks."),
		mainFlag("precontent_by_lua_no_postpone", func(m *api.Main) *cycle.Opt[bool] { return &m.PreContentNoPostpone }, "Whether precontent_by_lua runs before the other handlers of the phase."),
		{Name: "lua_package_path", In: cycle.HTTP, Args: "1", Set: cycle.SetString(api.Mains, func(m *api.Main) *cycle.Opt[string] { return &m.PackagePath }), Doc: "Where require looks for modules; $prefix is the server's prefix, ;; the default."},
		{Name: "lua_package_cpath", In: cycle.HTTP, Args: "1", Set: cycle.SetString(api.Mains, func(m *api.Main) *cycle.Opt[string] { return &m.PackageCPath }), Doc: "The value of package.cpath; modules in C can not be loaded."},
		{Name: "lua_shared_dict", In: cycle.HTTP, Args: "2", Set: setDict, Doc: "A dictionary in memory shared by all workers."},
		{Name: "lua_worker_events", In: cycle.HTTP, Args: "1", Set: setEvents, Doc: "The size of the memory that the event channel of ngx.worker.events keeps its messages in."},
		{Name: "lua_capture_error_log", In: cycle.HTTP, Args: "1", Set: cycle.SetSize(api.Mains, func(m *api.Main) *cycle.Opt[int64] { return &m.CaptureLog }), Doc: "The size of the memory in which a worker keeps log lines for ngx.errlog."},
		{Name: "lua_load_resty_core", In: cycle.HTTP, Args: "flag", Doc: "Without effect: what resty.core does is built in.", Set: func(c *cycle.Conf) error {
			c.Warnf("lua_load_resty_core is deprecated (the lua-resty-core library is required since ngx_lua v0.10.16)")
			return nil
		}},
		{Name: "lua_cpu_budget", In: cycle.HTTP, Args: "1", Set: cycle.SetMsec(api.Mains, func(m *api.Main) *cycle.Opt[time.Duration] { return &m.Budget }), Doc: "How long Lua may run without waiting before an error ends it; 0, the default, means for ever. It makes Lua slower, as every instruction looks at it."},
		ignored("lua_thread_cache_max_entries", "1", "Without effect: threads are kept by the engine."),
		ignored("lua_sa_restart", "flag", "Without effect: the runtime restarts interrupted system calls."),
		ignored("lua_malloc_trim", "1", "Without effect: the runtime returns memory to the system by itself."),
		mainNumber("lua_worker_thread_vm_pool_size", func(m *api.Main) *cycle.Opt[int] { return &m.WorkerVMs }, "How many VMs a worker makes for ngx.run_worker_thread."),
	}
}

// setCodeCache is lua_code_cache.
func setCodeCache(c *cycle.Conf) error {
	mode := &api.Locations.At(c).CodeCache
	if mode.Set {
		return c.Wrong("is duplicate")
	}
	switch strings.ToLower(c.Arg(0)) {
	case "on":
		mode.Put(api.CacheOn)
	case "off":
		mode.Put(api.CacheOff)
		c.Alertf("lua_code_cache is off; this will hurt performance")
	case "stat":
		mode.Put(api.CacheStat)
		api.Mains.In(http.ScopeOf(c).Main).Reload = true
	default:
		return c.Errorf("invalid value %q in %q directive, it must be \"on\", \"off\" or \"stat\"", c.Arg(0), c.Dir.Name)
	}
	return nil
}

// ignored is a directive without effect here; its documentation says why.
func ignored(name, args, doc string) cycle.Directive {
	return cycle.Directive{Name: name, In: cycle.HTTP, Args: args, Doc: doc, Set: func(*cycle.Conf) error { return nil }}
}

// setEvents is lua_worker_events.
func setEvents(c *cycle.Conf) error {
	size, ok := conf.Size(c.Arg(0))
	if !ok {
		return c.Wrong("invalid value")
	}
	api.Mains.In(http.ScopeOf(c).Main).Used = true
	return c.Zone(cycle.Zone{Name: native.EventsZone, Tag: native.EventsZone, Size: size, Events: true})
}

// setDict is lua_shared_dict.
func setDict(c *cycle.Conf) error {
	name := c.Arg(0)
	if name == "" {
		return c.Errorf("invalid lua shared dict name \"%s\"", name)
	}
	size, ok := conf.Size(c.Arg(1))
	if !ok || size <= 8191 {
		return c.Errorf("invalid lua shared dict size \"%s\"", c.Arg(1))
	}
	m := api.Mains.In(http.ScopeOf(c).Main)
	for _, known := range m.Dicts {
		if known == name {
			return c.Errorf("lua_shared_dict \"%s\" is already defined as \"%s\"", name, name)
		}
	}
	m.Dicts = append(m.Dicts, name)
	m.Used = true
	return c.Zone(cycle.Zone{Name: name, Tag: "lua_shared_dict", Size: size, Dict: true})
}

// setSSLCommand is lua_ssl_conf_command.
func setSSLCommand(c *cycle.Conf) error {
	s := api.SSLs.At(c)
	s.Commands = append(s.Commands, c.Arg(0), c.Arg(1))
	return nil
}
