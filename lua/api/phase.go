package api

import "strings"

// Phase is where a script runs; a set of them says where a function may be
// called.
type Phase uint32

// The phases.
const (
	PhaseSet Phase = 1 << iota
	PhaseServerRewrite
	PhaseRewrite
	PhaseAccess
	PhasePreContent
	PhaseContent
	PhaseLog
	PhaseHeaderFilter
	PhaseBodyFilter
	PhaseTimer
	PhaseInit
	PhaseInitWorker
	PhaseExitWorker
	PhaseBalancer
	PhaseSSLClientHello
	PhaseSSLCertificate
	PhaseSSLSessionFetch
	PhaseSSLSessionStore
	// Of native handlers in Lua: with a request, beside one, services, and hooks.
	PhaseHandler
	PhaseHandlerTask
	PhaseHandlerService
	PhaseHandlerHook

	// Waiting are the phases in which scripts may wait.
	Waiting = PhaseServerRewrite | PhaseRewrite | PhaseAccess | PhasePreContent | PhaseContent | PhaseTimer |
		PhaseSSLClientHello | PhaseSSLCertificate | PhaseSSLSessionFetch | PhaseHandlerTask | PhaseHandlerService
	// InRequest are those that work on a request.
	InRequest = PhaseSet | PhaseServerRewrite | PhaseRewrite | PhaseAccess | PhasePreContent | PhaseContent | PhaseLog |
		PhaseHeaderFilter | PhaseBodyFilter | PhaseBalancer | PhaseHandler | PhaseHandlerTask
	// Answering are those that may send a response.
	Answering = PhaseServerRewrite | PhaseRewrite | PhaseAccess | PhasePreContent | PhaseContent
	anyPhase  = ^Phase(0)
)

var phaseNames = map[Phase]struct{ get, directive string }{
	PhaseSet:             {"set", "set_by_lua*"},
	PhaseServerRewrite:   {"server_rewrite", "server_rewrite_by_lua*"},
	PhaseRewrite:         {"rewrite", "rewrite_by_lua*"},
	PhaseAccess:          {"access", "access_by_lua*"},
	PhasePreContent:      {"precontent", "precontent_by_lua*"},
	PhaseContent:         {"content", "content_by_lua*"},
	PhaseLog:             {"log", "log_by_lua*"},
	PhaseHeaderFilter:    {"header_filter", "header_filter_by_lua*"},
	PhaseBodyFilter:      {"body_filter", "body_filter_by_lua*"},
	PhaseTimer:           {"timer", "ngx.timer"},
	PhaseInit:            {"init", "init_by_lua*"},
	PhaseInitWorker:      {"init_worker", "init_worker_by_lua*"},
	PhaseExitWorker:      {"exit_worker", "exit_worker_by_lua*"},
	PhaseBalancer:        {"balancer", "balancer_by_lua*"},
	PhaseSSLClientHello:  {"ssl_client_hello", "ssl_client_hello_by_lua*"},
	PhaseSSLCertificate:  {"ssl_cert", "ssl_certificate_by_lua*"},
	PhaseSSLSessionFetch: {"ssl_session_fetch", "ssl_session_fetch_by_lua*"},
	PhaseSSLSessionStore: {"ssl_session_store", "ssl_session_store_by_lua*"},
	PhaseHandler:         {"handler", "handler.sync"},
	PhaseHandlerTask:     {"handler_task", "handler.async"},
	PhaseHandlerService:  {"handler_service", "handler.service"},
	PhaseHandlerHook:     {"handler_hook", "handler.hook"},
}

// String is the name that ngx.get_phase gives.
func (p Phase) String() string { return phaseNames[p].get }

// Directive is the name of the directives of the phase, as errors give it.
func (p Phase) Directive() string { return phaseNames[p].directive }

// Tag is the directive's name without the star, which chunks are named after.
func (p Phase) Tag() string { return strings.TrimSuffix(phaseNames[p].directive, "*") }
