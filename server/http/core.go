package http

import (
	"strings"
	"time"

	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/log"
)

// coreServer holds the settings of ngx_http_core_module for a server.
type coreServer struct {
	name             string // the first of server_name
	headerTimeout    cycle.Opt[time.Duration]
	headerBufferSize cycle.Opt[int64]
	largeBuffers     cycle.Opt[cycle.Bufs]
	ignoreInvalid    cycle.Opt[bool]
	mergeSlashes     cycle.Opt[bool]
	underscores      cycle.Opt[bool]
	connectionPool   cycle.Opt[int64]
	requestPool      cycle.Opt[int64]
	maxHeaders       cycle.Opt[int]
	bodyEarly        predicates
}

// coreLocation holds the settings of ngx_http_core_module for a location.
type coreLocation struct {
	root  cycle.Opt[*Complex]
	alias bool // root was given as alias

	types       map[string][]byte // extension → type; nil: inherited
	defaultText []byte            // of defaultType
	defaultType cycle.Opt[string]
	typesHash   cycle.Opt[int]

	bodyMax          cycle.Opt[int64]
	bodyBuffer       cycle.Opt[int64]
	bodyTimeout      cycle.Opt[time.Duration]
	bodyTemp         cycle.Opt[TempPath]
	bodyInFile       cycle.Opt[fileOnly]
	bodySingleBuffer cycle.Opt[bool]

	sendfile         cycle.Opt[bool]
	sendfileMax      cycle.Opt[int64]
	aio              cycle.Opt[string]
	aioWrite         cycle.Opt[bool]
	directio         cycle.Opt[int64]
	readAhead        cycle.Opt[int64]
	directioAlign    cycle.Opt[int64]
	tcpNopush        cycle.Opt[bool]
	tcpNodelay       cycle.Opt[bool]
	sendTimeout      cycle.Opt[time.Duration]
	sendLowat        cycle.Opt[int64]
	postponeOutput   cycle.Opt[int64]
	outputBuffers    cycle.Opt[cycle.Bufs]
	subrequestBuffer cycle.Opt[int64]
	limitRate        cycle.Opt[*Complex]
	limitRateAfter   cycle.Opt[*Complex]

	keepaliveTime     cycle.Opt[time.Duration]
	keepaliveTimeout  cycle.Opt[time.Duration]
	keepaliveMin      cycle.Opt[time.Duration]
	keepaliveHeader   cycle.Opt[time.Duration]
	keepaliveRequests cycle.Opt[int]
	keepaliveDisable  cycle.Opt[uint]

	satisfyAny       cycle.Opt[bool]
	authDelay        cycle.Opt[time.Duration]
	internal         bool
	lingeringClose   cycle.Opt[int]
	lingeringTime    cycle.Opt[time.Duration]
	lingeringTimeout cycle.Opt[time.Duration]
	resetTimedout    cycle.Opt[bool]

	absoluteRedirect     cycle.Opt[bool]
	serverNameInRedirect cycle.Opt[bool]
	portInRedirect       cycle.Opt[bool]
	msiePadding          cycle.Opt[bool]
	msieRefresh          cycle.Opt[bool]
	logNotFound          cycle.Opt[bool]
	logSubrequest        cycle.Opt[bool]
	recursiveErrorPages  cycle.Opt[bool]
	serverTokens         cycle.Opt[int]
	chunked              cycle.Opt[bool]
	etag                 cycle.Opt[bool]
	ifModifiedSince      cycle.Opt[int]
	maxRanges            cycle.Opt[int]
	errorPages           []errorPage
	errorPagesSet        bool
	earlyHints           predicates
	postAction           cycle.Opt[string]
	errorLog             cycle.LogSpec
	log                  *log.Logger

	openFileCache       cycle.Opt[openFileCache]
	openFileCacheValid  cycle.Opt[time.Duration]
	openFileCacheUses   cycle.Opt[int]
	openFileCacheErrors cycle.Opt[bool]
	openFileCacheEvents cycle.Opt[bool]
	disableSymlinks     cycle.Opt[string]

	resolver        cycle.Opt[*Resolver]
	resolverTimeout cycle.Opt[time.Duration]
}

// fileOnly is client_body_in_file_only.
type fileOnly int

const (
	fileOff fileOnly = iota
	fileOn
	fileClean
)

// Values of settings that have more than two.
const (
	lingeringOff = iota
	lingeringOn
	lingeringAlways

	imsOff = iota - 3
	imsExact
	imsBefore

	tokensOff = iota - 6
	tokensOn
	tokensBuild

	disableMSIE6  = 1 << 0
	disableSafari = 1 << 1
)

// TempPath is a directory for temporary files with the widths of its levels.
type TempPath struct {
	Dir    string
	Levels []int
}

type openFileCache struct {
	max      int
	inactive time.Duration
}

var coreServers = NewServer(func() *coreServer { return &coreServer{} }, mergeCoreServer)
var coreLocations = NewLocation(func() *coreLocation { return &coreLocation{} }, mergeCoreLocation)

func mergeCoreServer(c *cycle.Conf, outer, own *coreServer) error {
	own.headerTimeout.Merge(&outer.headerTimeout, 60*time.Second)
	own.headerBufferSize.Merge(&outer.headerBufferSize, 1024)
	own.largeBuffers.Merge(&outer.largeBuffers, cycle.Bufs{Num: 4, Size: 8192})
	own.ignoreInvalid.Merge(&outer.ignoreInvalid, true)
	own.mergeSlashes.Merge(&outer.mergeSlashes, true)
	own.underscores.Merge(&outer.underscores, false)
	own.connectionPool.Merge(&outer.connectionPool, 512)
	own.requestPool.Merge(&outer.requestPool, 4096)
	own.maxHeaders.Merge(&outer.maxHeaders, 1000)
	if own.bodyEarly == nil {
		own.bodyEarly = outer.bodyEarly
	}
	if own.largeBuffers.V.Size < own.connectionPool.V {
		return c.Errorf("the \"large_client_header_buffers\" size must be equal to or greater than \"connection_pool_size\"")
	}
	return nil
}

func mergeCoreLocation(c *cycle.Conf, outer, own *coreLocation) error {
	if !own.root.Set {
		own.alias = outer.alias
		if !outer.root.Set {
			html, err := scope(c).Main.Vars.Compile("html")
			if err != nil {
				return err
			}
			outer.root.Put(html)
		}
		own.root = outer.root
	}
	if own.types == nil {
		own.types = outer.types
	}
	if own.types == nil {
		own.types = map[string][]byte{"html": []byte("text/html"), "gif": []byte("image/gif"), "jpg": []byte("image/jpeg")}
		outer.types = own.types
	}
	own.defaultType.Merge(&outer.defaultType, "text/plain")
	own.defaultText = []byte(own.defaultType.V)
	own.typesHash.Merge(&outer.typesHash, 1024)
	own.bodyMax.Merge(&outer.bodyMax, 1<<20)
	own.bodyBuffer.Merge(&outer.bodyBuffer, 16<<10)
	own.bodyTimeout.Merge(&outer.bodyTimeout, 60*time.Second)
	own.bodyTemp.Merge(&outer.bodyTemp, TempPath{Dir: c.Cycle.FullName("client_body_temp")})
	own.bodyInFile.Merge(&outer.bodyInFile, fileOff)
	own.bodySingleBuffer.Merge(&outer.bodySingleBuffer, false)
	own.sendfile.Merge(&outer.sendfile, false)
	own.sendfileMax.Merge(&outer.sendfileMax, 2<<20)
	own.aio.Merge(&outer.aio, "off")
	own.aioWrite.Merge(&outer.aioWrite, false)
	own.directio.Merge(&outer.directio, -1)
	own.readAhead.Merge(&outer.readAhead, 0)
	own.directioAlign.Merge(&outer.directioAlign, 512)
	own.tcpNopush.Merge(&outer.tcpNopush, false)
	own.tcpNodelay.Merge(&outer.tcpNodelay, true)
	own.sendTimeout.Merge(&outer.sendTimeout, 60*time.Second)
	own.sendLowat.Merge(&outer.sendLowat, 0)
	own.postponeOutput.Merge(&outer.postponeOutput, 1460)
	own.outputBuffers.Merge(&outer.outputBuffers, cycle.Bufs{Num: 2, Size: 32 << 10})
	own.subrequestBuffer.Merge(&outer.subrequestBuffer, 4096)
	own.limitRate.Merge(&outer.limitRate, nil)
	own.limitRateAfter.Merge(&outer.limitRateAfter, nil)
	own.keepaliveTime.Merge(&outer.keepaliveTime, time.Hour)
	own.keepaliveTimeout.Merge(&outer.keepaliveTimeout, 75*time.Second)
	own.keepaliveMin.Merge(&outer.keepaliveMin, 0)
	own.keepaliveHeader.Merge(&outer.keepaliveHeader, 0)
	own.keepaliveRequests.Merge(&outer.keepaliveRequests, 1000)
	own.keepaliveDisable.Merge(&outer.keepaliveDisable, disableMSIE6)
	own.satisfyAny.Merge(&outer.satisfyAny, false)
	own.authDelay.Merge(&outer.authDelay, 0)
	own.lingeringClose.Merge(&outer.lingeringClose, lingeringOn)
	own.lingeringTime.Merge(&outer.lingeringTime, 30*time.Second)
	own.lingeringTimeout.Merge(&outer.lingeringTimeout, 5*time.Second)
	own.resetTimedout.Merge(&outer.resetTimedout, false)
	own.absoluteRedirect.Merge(&outer.absoluteRedirect, true)
	own.serverNameInRedirect.Merge(&outer.serverNameInRedirect, false)
	own.portInRedirect.Merge(&outer.portInRedirect, true)
	own.msiePadding.Merge(&outer.msiePadding, true)
	own.msieRefresh.Merge(&outer.msieRefresh, false)
	own.logNotFound.Merge(&outer.logNotFound, true)
	own.logSubrequest.Merge(&outer.logSubrequest, false)
	own.recursiveErrorPages.Merge(&outer.recursiveErrorPages, false)
	own.serverTokens.Merge(&outer.serverTokens, tokensOn)
	own.chunked.Merge(&outer.chunked, true)
	own.etag.Merge(&outer.etag, true)
	own.ifModifiedSince.Merge(&outer.ifModifiedSince, imsExact)
	own.maxRanges.Merge(&outer.maxRanges, 1<<31-1)
	if !own.errorPagesSet {
		own.errorPages = outer.errorPages
	}
	if own.earlyHints == nil {
		own.earlyHints = outer.earlyHints
	}
	own.postAction.Merge(&outer.postAction, "")
	own.openFileCache.Merge(&outer.openFileCache, openFileCache{})
	own.openFileCacheValid.Merge(&outer.openFileCacheValid, 60*time.Second)
	own.openFileCacheUses.Merge(&outer.openFileCacheUses, 1)
	own.openFileCacheErrors.Merge(&outer.openFileCacheErrors, false)
	own.openFileCacheEvents.Merge(&outer.openFileCacheEvents, false)
	own.disableSymlinks.Merge(&outer.disableSymlinks, "off")
	own.resolver.Merge(&outer.resolver, nil)
	own.resolverTimeout.Merge(&outer.resolverTimeout, 30*time.Second)
	if outer.log == nil {
		outer.log = outer.errorLog.Logger(c.Cycle, c.Cycle.Core.ErrorLog.Logger(c.Cycle, nil))
	}
	own.log = own.errorLog.Logger(c.Cycle, outer.log)
	return nil
}

func flag(field func(*coreLocation) *cycle.Opt[bool]) cycle.Setter {
	return cycle.SetFlag(coreLocations, field)
}

func init() {
	const all, allIf = cycle.HTTPAll, cycle.HTTPAllIf
	const srv = cycle.HTTP | cycle.HTTPServer
	type L = coreLocation
	type S = coreServer
	Register(&Module{Name: "ngx_http_core_module", Variables: coreVariables, Prefixes: corePrefixes, Init: initCore, Directives: []cycle.Directive{
		{Name: "server", In: cycle.HTTP, Args: "0 block", Set: setServer, Doc: "A virtual server."},
		{Name: "location", In: cycle.HTTPServer | cycle.HTTPLocation, Args: "1-2 block", Set: setLocation, Doc: "Settings for requests by URI."},
		{Name: "listen", In: cycle.HTTPServer, Args: "1+", Set: setListen, Doc: "An address on which the server accepts requests."},
		{Name: "server_name", In: cycle.HTTPServer, Args: "1+", Set: setServerName, Doc: "Names of the virtual server: exact, with a wildcard, or a regular expression."},

		{Name: "client_header_timeout", In: srv, Args: "1", Set: cycle.SetMsec(coreServers, func(s *S) *cycle.Opt[time.Duration] { return &s.headerTimeout }), Doc: "How long reading a request's head may take."},
		{Name: "client_header_buffer_size", In: srv, Args: "1", Set: cycle.SetSize(coreServers, func(s *S) *cycle.Opt[int64] { return &s.headerBufferSize }), Doc: "The size of the first buffer for a head."},
		{Name: "large_client_header_buffers", In: srv, Args: "2", Set: cycle.SetBufs(coreServers, func(s *S) *cycle.Opt[cycle.Bufs] { return &s.largeBuffers }), Doc: "The number and size of buffers for long heads; a request line or field must fit in one."},
		{Name: "ignore_invalid_headers", In: srv, Args: "flag", Set: cycle.SetFlag(coreServers, func(s *S) *cycle.Opt[bool] { return &s.ignoreInvalid }), Doc: "Whether fields with invalid names are dropped."},
		{Name: "merge_slashes", In: srv, Args: "flag", Set: cycle.SetFlag(coreServers, func(s *S) *cycle.Opt[bool] { return &s.mergeSlashes }), Doc: "Whether adjacent slashes of a URI are one."},
		{Name: "underscores_in_headers", In: srv, Args: "flag", Set: cycle.SetFlag(coreServers, func(s *S) *cycle.Opt[bool] { return &s.underscores }), Doc: "Whether underscores are valid in field names."},
		{Name: "max_headers", In: srv, Args: "1", Set: cycle.SetNumber(coreServers, func(s *S) *cycle.Opt[int] { return &s.maxHeaders }), Doc: "How many fields a request may have."},
		{Name: "client_body_early_read", In: srv, Args: "1+", Set: setPredicates(coreServers, func(s *S) *predicates { return &s.bodyEarly }), Doc: "Conditions under which a request's body is read before anything else is done."},
		{Name: "early_hints", In: all, Args: "1+", Set: setPredicates(coreLocations, func(l *L) *predicates { return &l.earlyHints }), Doc: "Conditions under which an upstream's response with status 103 is passed on."},
		{Name: "connection_pool_size", In: srv, Args: "1", Set: cycle.SetSize(coreServers, func(s *S) *cycle.Opt[int64] { return &s.connectionPool }), Doc: "Only checked: memory is Go's."},
		{Name: "request_pool_size", In: srv, Args: "1", Set: cycle.SetSize(coreServers, func(s *S) *cycle.Opt[int64] { return &s.requestPool }), Doc: "Only checked: memory is Go's."},
		{Name: "server_names_hash_max_size", In: cycle.HTTP, Args: "1", Set: cycle.Ignore, Doc: "No effect: Go's maps need no tuning."},
		{Name: "server_names_hash_bucket_size", In: cycle.HTTP, Args: "1", Set: cycle.Ignore, Doc: "No effect: Go's maps need no tuning."},
		{Name: "variables_hash_max_size", In: cycle.HTTP, Args: "1", Set: cycle.Ignore, Doc: "No effect: Go's maps need no tuning."},
		{Name: "variables_hash_bucket_size", In: cycle.HTTP, Args: "1", Set: cycle.Ignore, Doc: "No effect: Go's maps need no tuning."},
		{Name: "types_hash_max_size", In: all, Args: "1", Set: cycle.Ignore, Doc: "No effect: Go's maps need no tuning."},
		{Name: "types_hash_bucket_size", In: all, Args: "1", Set: cycle.Ignore, Doc: "No effect: Go's maps need no tuning."},

		{Name: "root", In: allIf, Args: "1", Set: setRoot, Doc: "The folder that URIs are appended to."},
		{Name: "alias", In: cycle.HTTPLocation, Args: "1", Set: setRoot, Doc: "The folder that replaces the location's part of URIs."},
		{Name: "types", In: all, Args: "0 block", Set: setTypes, Doc: "Media types by file name extension."},
		{Name: "default_type", In: all, Args: "1", Set: cycle.SetString(coreLocations, func(l *L) *cycle.Opt[string] { return &l.defaultType }), Doc: "The media type of responses whose type is not known."},
		{Name: "limit_except", In: cycle.HTTPLocation, Args: "1+ block", Set: setLimitExcept, Doc: "Settings for all methods but those named."},
		{Name: "internal", In: cycle.HTTPLocation, Args: "0", Set: func(c *cycle.Conf) error { coreLocations.At(c).internal = true; return nil }, Doc: "The location serves internal requests only."},

		{Name: "client_max_body_size", In: all, Args: "1", Set: cycle.SetOffset(coreLocations, func(l *L) *cycle.Opt[int64] { return &l.bodyMax }), Doc: "The largest request body; 0 for no limit."},
		{Name: "client_body_buffer_size", In: all, Args: "1", Set: cycle.SetSize(coreLocations, func(l *L) *cycle.Opt[int64] { return &l.bodyBuffer }), Doc: "The part of a request body that is kept in memory."},
		{Name: "client_body_timeout", In: all, Args: "1", Set: cycle.SetMsec(coreLocations, func(l *L) *cycle.Opt[time.Duration] { return &l.bodyTimeout }), Doc: "How long two reads of a body may be apart."},
		{Name: "client_body_temp_path", In: all, Args: "1-4", Set: SetTempPath(coreLocations, func(l *L) *cycle.Opt[TempPath] { return &l.bodyTemp }), Doc: "The folder for request bodies."},
		{Name: "client_body_in_file_only", In: all, Args: "1", Set: cycle.SetEnum(coreLocations, func(l *L) *cycle.Opt[fileOnly] { return &l.bodyInFile }, map[string]fileOnly{"off": fileOff, "on": fileOn, "clean": fileClean}), Doc: "Whether request bodies are always written to a file."},
		{Name: "client_body_in_single_buffer", In: all, Args: "flag", Set: flag(func(l *L) *cycle.Opt[bool] { return &l.bodySingleBuffer }), Doc: "No effect: a body in memory is always one buffer."},

		{Name: "sendfile", In: allIf, Args: "flag", Set: flag(func(l *L) *cycle.Opt[bool] { return &l.sendfile }), Doc: "Whether files are sent with sendfile(2)."},
		{Name: "sendfile_max_chunk", In: all, Args: "1", Set: cycle.SetSize(coreLocations, func(l *L) *cycle.Opt[int64] { return &l.sendfileMax }), Doc: "How much one sendfile(2) may send."},
		{Name: "aio", In: all, Args: "1", Set: setAio, Doc: "With threads, files are opened beside the event loop; they are read on it."},
		{Name: "aio_write", In: all, Args: "flag", Set: flag(func(l *L) *cycle.Opt[bool] { return &l.aioWrite }), Doc: "No effect: temporary files are written beside the event loop in any case."},
		{Name: "directio", In: all, Args: "1", Set: setDirectio, Doc: "No effect: files are read through the page cache."},
		{Name: "directio_alignment", In: all, Args: "1", Set: cycle.SetOffset(coreLocations, func(l *L) *cycle.Opt[int64] { return &l.directioAlign }), Doc: "No effect: files are read through the page cache."},
		{Name: "read_ahead", In: all, Args: "1", Set: cycle.SetSize(coreLocations, func(l *L) *cycle.Opt[int64] { return &l.readAhead }), Doc: "No effect: the kernel chooses."},
		{Name: "tcp_nopush", In: all, Args: "flag", Set: flag(func(l *L) *cycle.Opt[bool] { return &l.tcpNopush }), Doc: "No effect: a head goes out with what there is of the body, in one call where it is small."},
		{Name: "tcp_nodelay", In: all, Args: "flag", Set: flag(func(l *L) *cycle.Opt[bool] { return &l.tcpNodelay }), Doc: "Whether TCP_NODELAY is set."},
		{Name: "send_timeout", In: all, Args: "1", Set: cycle.SetMsec(coreLocations, func(l *L) *cycle.Opt[time.Duration] { return &l.sendTimeout }), Doc: "How long two writes of a response may be apart."},
		{Name: "send_lowat", In: all, Args: "1", Set: cycle.SetSize(coreLocations, func(l *L) *cycle.Opt[int64] { return &l.sendLowat }), Doc: "No effect on Linux, as with nginx."},
		{Name: "postpone_output", In: all, Args: "1", Set: cycle.SetSize(coreLocations, func(l *L) *cycle.Opt[int64] { return &l.postponeOutput }), Doc: "Output smaller than this waits for more, if more may come."},
		{Name: "output_buffers", In: all, Args: "2", Set: cycle.SetBufs(coreLocations, func(l *L) *cycle.Opt[cycle.Bufs] { return &l.outputBuffers }), Doc: "No effect: files are read into one buffer of 64 KB that all connections of a worker share."},
		{Name: "subrequest_output_buffer_size", In: all, Args: "1", Set: cycle.SetSize(coreLocations, func(l *L) *cycle.Opt[int64] { return &l.subrequestBuffer }), Doc: "No effect: responses of subrequests kept in memory grow as needed."},
		{Name: "limit_rate", In: allIf, Args: "1", Set: SetComplex(coreLocations, func(l *L) *cycle.Opt[*Complex] { return &l.limitRate }), Doc: "Bytes a second of a response."},
		{Name: "limit_rate_after", In: allIf, Args: "1", Set: SetComplex(coreLocations, func(l *L) *cycle.Opt[*Complex] { return &l.limitRateAfter }), Doc: "The part of a response that is not limited."},

		{Name: "keepalive_time", In: all, Args: "1", Set: cycle.SetMsec(coreLocations, func(l *L) *cycle.Opt[time.Duration] { return &l.keepaliveTime }), Doc: "How long a connection may be used for requests."},
		{Name: "keepalive_timeout", In: all, Args: "1-2", Set: setKeepaliveTimeout, Doc: "How long a connection may be idle, and the Keep-Alive field."},
		{Name: "keepalive_min_timeout", In: all, Args: "1", Set: cycle.SetMsec(coreLocations, func(l *L) *cycle.Opt[time.Duration] { return &l.keepaliveMin }), Doc: "No effect: a worker that quits closes idle connections at once, as nginx 1.22."},
		{Name: "keepalive_requests", In: all, Args: "1", Set: cycle.SetNumber(coreLocations, func(l *L) *cycle.Opt[int] { return &l.keepaliveRequests }), Doc: "How many requests a connection may serve."},
		{Name: "keepalive_disable", In: all, Args: "1-2", Set: cycle.SetBits(coreLocations, func(l *L) *cycle.Opt[uint] { return &l.keepaliveDisable }, map[string]uint{"none": 1 << 7, "msie6": disableMSIE6, "safari": disableSafari}), Doc: "Browsers whose connections are not kept."},

		{Name: "satisfy", In: all, Args: "1", Set: cycle.SetEnum(coreLocations, func(l *L) *cycle.Opt[bool] { return &l.satisfyAny }, map[string]bool{"all": false, "any": true}), Doc: "Whether all access checks must pass or one."},
		{Name: "auth_delay", In: all, Args: "1", Set: cycle.SetMsec(coreLocations, func(l *L) *cycle.Opt[time.Duration] { return &l.authDelay }), Doc: "A delay before an answer with 401."},
		{Name: "lingering_close", In: all, Args: "1", Set: cycle.SetEnum(coreLocations, func(l *L) *cycle.Opt[int] { return &l.lingeringClose }, map[string]int{"off": lingeringOff, "on": lingeringOn, "always": lingeringAlways}), Doc: "Whether a connection is read to its end before it is closed."},
		{Name: "lingering_time", In: all, Args: "1", Set: cycle.SetMsec(coreLocations, func(l *L) *cycle.Opt[time.Duration] { return &l.lingeringTime }), Doc: "How long a lingering close may take."},
		{Name: "lingering_timeout", In: all, Args: "1", Set: cycle.SetMsec(coreLocations, func(l *L) *cycle.Opt[time.Duration] { return &l.lingeringTimeout }), Doc: "How long a lingering close waits for more."},
		{Name: "reset_timedout_connection", In: all, Args: "flag", Set: flag(func(l *L) *cycle.Opt[bool] { return &l.resetTimedout }), Doc: "Whether connections that timed out are reset."},

		{Name: "absolute_redirect", In: all, Args: "flag", Set: flag(func(l *L) *cycle.Opt[bool] { return &l.absoluteRedirect }), Doc: "Whether Location fields are absolute."},
		{Name: "server_name_in_redirect", In: all, Args: "flag", Set: flag(func(l *L) *cycle.Opt[bool] { return &l.serverNameInRedirect }), Doc: "Whether redirects name the server by server_name."},
		{Name: "port_in_redirect", In: all, Args: "flag", Set: flag(func(l *L) *cycle.Opt[bool] { return &l.portInRedirect }), Doc: "Whether redirects name the port."},
		{Name: "msie_padding", In: all, Args: "flag", Set: flag(func(l *L) *cycle.Opt[bool] { return &l.msiePadding }), Doc: "Whether error pages are padded for old browsers."},
		{Name: "msie_refresh", In: all, Args: "flag", Set: flag(func(l *L) *cycle.Opt[bool] { return &l.msieRefresh }), Doc: "Whether old browsers get a refresh instead of a redirect."},
		{Name: "log_not_found", In: all, Args: "flag", Set: flag(func(l *L) *cycle.Opt[bool] { return &l.logNotFound }), Doc: "Whether files not found are logged as errors."},
		{Name: "log_subrequest", In: all, Args: "flag", Set: flag(func(l *L) *cycle.Opt[bool] { return &l.logSubrequest }), Doc: "Whether subrequests are in the access log."},
		{Name: "recursive_error_pages", In: all, Args: "flag", Set: flag(func(l *L) *cycle.Opt[bool] { return &l.recursiveErrorPages }), Doc: "Whether error pages may have error pages."},
		{Name: "server_tokens", In: all, Args: "1", Set: cycle.SetEnum(coreLocations, func(l *L) *cycle.Opt[int] { return &l.serverTokens }, map[string]int{"off": tokensOff, "on": tokensOn, "build": tokensBuild}), Doc: "Whether the version is shown."},
		{Name: "chunked_transfer_encoding", In: all, Args: "flag", Set: flag(func(l *L) *cycle.Opt[bool] { return &l.chunked }), Doc: "Whether responses may be chunked."},
		{Name: "etag", In: all, Args: "flag", Set: flag(func(l *L) *cycle.Opt[bool] { return &l.etag }), Doc: "Whether files get an ETag."},
		{Name: "if_modified_since", In: all, Args: "1", Set: cycle.SetEnum(coreLocations, func(l *L) *cycle.Opt[int] { return &l.ifModifiedSince }, map[string]int{"off": imsOff, "exact": imsExact, "before": imsBefore}), Doc: "How If-Modified-Since is compared."},
		{Name: "max_ranges", In: all, Args: "1", Set: cycle.SetNumber(coreLocations, func(l *L) *cycle.Opt[int] { return &l.maxRanges }), Doc: "How many ranges a request may ask for."},
		{Name: "error_page", In: allIf, Args: "2+", Set: setErrorPage, Doc: "What answers requests that fail."},
		{Name: "post_action", In: allIf, Args: "1", Set: cycle.SetString(coreLocations, func(l *L) *cycle.Opt[string] { return &l.postAction }), Doc: "A location to run after the response."},
		{Name: "error_log", In: all, Args: "1+", Set: func(c *cycle.Conf) error { return coreLocations.At(c).errorLog.Add(c) }, Doc: "Where errors are logged."},

		{Name: "open_file_cache", In: all, Args: "1-2", Set: setOpenFileCache, Doc: "No effect: files are opened for each request, which costs little beside the rest."},
		{Name: "open_file_cache_valid", In: all, Args: "1", Set: cycle.SetSec(coreLocations, func(l *L) *cycle.Opt[time.Duration] { return &l.openFileCacheValid }), Doc: "No effect, as open_file_cache."},
		{Name: "open_file_cache_min_uses", In: all, Args: "1", Set: cycle.SetNumber(coreLocations, func(l *L) *cycle.Opt[int] { return &l.openFileCacheUses }), Doc: "No effect, as open_file_cache."},
		{Name: "open_file_cache_errors", In: all, Args: "flag", Set: flag(func(l *L) *cycle.Opt[bool] { return &l.openFileCacheErrors }), Doc: "No effect, as open_file_cache."},
		{Name: "open_file_cache_events", In: all, Args: "flag", Set: flag(func(l *L) *cycle.Opt[bool] { return &l.openFileCacheEvents }), Doc: "No effect, as open_file_cache."},
		{Name: "disable_symlinks", In: all, Args: "1-2", Set: setDisableSymlinks, Doc: "Whether symbolic links are followed."},
		{Name: "resolver", In: all, Args: "1+", Set: setResolver, Doc: "Name servers."},
		{Name: "resolver_timeout", In: all, Args: "1", Set: cycle.SetMsec(coreLocations, func(l *L) *cycle.Opt[time.Duration] { return &l.resolverTimeout }), Doc: "How long name resolution may take."},
	}})
}

func setRoot(c *cycle.Conf) error {
	l := coreLocations.At(c)
	alias := c.Dir.Name == "alias"
	if l.root.Set {
		if l.alias == alias {
			return c.Wrong("is duplicate")
		}
		was := "root"
		if l.alias {
			was = "alias"
		}
		return c.Errorf("%q directive is duplicate, %q directive was specified earlier", c.Dir.Name, was)
	}
	path := c.Arg(0)
	if loc := scope(c).Location; alias && loc.Kind == Named {
		return c.Errorf("the \"alias\" directive cannot be used inside the named location")
	}
	if strings.Contains(path, "$document_root") || strings.Contains(path, "${document_root}") {
		return c.Errorf("the $document_root variable cannot be used in the %q directive", c.Dir.Name)
	}
	if strings.Contains(path, "$realpath_root") || strings.Contains(path, "${realpath_root}") {
		return c.Errorf("the $realpath_root variable cannot be used in the %q directive", c.Dir.Name)
	}
	if !alias {
		path = strings.TrimSuffix(path, "/")
	}
	v, err := CompileComplex(c, path)
	if err != nil {
		return err
	}
	l.alias = alias
	l.root.Put(v)
	return nil
}

func setTypes(c *cycle.Conf) error {
	l := coreLocations.At(c)
	if l.types == nil {
		l.types = map[string][]byte{}
	}
	for _, d := range c.Dir.Block {
		for _, ext := range d.Args {
			ext = strings.ToLower(ext)
			if old, ok := l.types[ext]; ok && string(old) != d.Name {
				c.Dir = d
				c.Warnf("duplicate extension %q, content type: %q, previous content type: %q", ext, d.Name, old)
			}
			l.types[ext] = []byte(d.Name)
		}
	}
	return nil
}

func setKeepaliveTimeout(c *cycle.Conf) error {
	l := coreLocations.At(c)
	if l.keepaliveTimeout.Set {
		return c.Wrong("is duplicate")
	}
	ms, ok := conf.Msec(c.Arg(0))
	if !ok {
		return c.Wrong("invalid value")
	}
	l.keepaliveTimeout.Put(conf.Span(ms, time.Millisecond))
	if len(c.Args()) == 2 {
		s, ok := conf.Sec(c.Arg(1))
		if !ok {
			return c.Wrong("invalid value")
		}
		l.keepaliveHeader.Put(conf.Span(s, time.Second))
	}
	return nil
}

func setAio(c *cycle.Conf) error {
	l := coreLocations.At(c)
	if l.aio.Set {
		return c.Wrong("is duplicate")
	}
	v := c.Arg(0)
	if v != "on" && v != "off" && v != "threads" && !strings.HasPrefix(v, "threads=") {
		return c.Wrong("invalid value")
	}
	l.aio.Put(v)
	return nil
}

func setDirectio(c *cycle.Conf) error {
	l := coreLocations.At(c)
	if l.directio.Set {
		return c.Wrong("is duplicate")
	}
	if c.Arg(0) == "off" {
		l.directio.Put(-1)
		return nil
	}
	n, ok := conf.Offset(c.Arg(0))
	if !ok {
		return c.Wrong("invalid value")
	}
	l.directio.Put(n)
	return nil
}

func setOpenFileCache(c *cycle.Conf) error {
	l := coreLocations.At(c)
	if l.openFileCache.Set {
		return c.Wrong("is duplicate")
	}
	v := openFileCache{inactive: time.Minute}
	off := false
	for _, a := range c.Args() {
		switch {
		case a == "off":
			off = true
		case strings.HasPrefix(a, "max="):
			n, ok := cycle.Number(a[4:])
			if !ok || n == 0 {
				return c.Errorf("invalid \"open_file_cache\" parameter %q", a)
			}
			v.max = n
		case strings.HasPrefix(a, "inactive="):
			s, ok := conf.Sec(a[9:])
			if !ok {
				return c.Errorf("invalid \"open_file_cache\" parameter %q", a)
			}
			v.inactive = conf.Span(s, time.Second)
		default:
			return c.Errorf("invalid \"open_file_cache\" parameter %q", a)
		}
	}
	if !off && v.max == 0 {
		return c.Errorf("\"open_file_cache\" must have the \"max\" parameter")
	}
	l.openFileCache.Put(v)
	return nil
}

func setDisableSymlinks(c *cycle.Conf) error {
	l := coreLocations.At(c)
	if l.disableSymlinks.Set {
		return c.Wrong("is duplicate")
	}
	switch c.Arg(0) {
	case "off", "on", "if_not_owner":
	default:
		return c.Errorf("invalid parameter %q", c.Arg(0))
	}
	if len(c.Args()) == 2 {
		return c.Errorf("the %q parameter of %q is not supported by this server", c.Arg(1), c.Dir.Name)
	}
	l.disableSymlinks.Put(c.Arg(0))
	return nil
}

// SetTempPath reads a folder with the widths of up to three levels.
func SetTempPath[T any](p cycle.Place[T], field func(*T) *cycle.Opt[TempPath]) cycle.Setter {
	return func(c *cycle.Conf) error {
		o := field(p.At(c))
		if o.Set {
			return c.Wrong("is duplicate")
		}
		t := TempPath{Dir: strings.TrimSuffix(c.Cycle.FullName(c.Arg(0)), "/")}
		for _, a := range c.Args()[1:] {
			n, ok := cycle.Number(a)
			if !ok || n == 0 || n > 3 {
				return c.Wrong("invalid value")
			}
			t.Levels = append(t.Levels, n)
		}
		o.Put(t)
		return nil
	}
}
