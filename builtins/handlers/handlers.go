// Package handlers connects native handlers (package server/handler) with
// requests: variables, content, request bodies, services and hooks, as
// nginx-haskell-module does for Haskell.
package handlers

import (
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/native"
)

// places is where handlers of requests may be declared.
const places = cycle.HTTPServer | cycle.HTTPLocation | cycle.HTTPLocationIf

// contents is where handlers of content may be declared.
const contents = cycle.HTTPLocation | cycle.HTTPLocationIf

func init() {
	http.Register(&http.Module{Name: "handlers", Init: initialise, Start: start, Variables: []http.Variable{
		{Name: defaultToken, Get: requestToken},
	}, Directives: []cycle.Directive{
		{Name: "handler", In: cycle.HTTP, Args: "1+", Set: setLibrary, Doc: "Loads a library of handlers, and says how libraries are built and run: load, compile, build_options, runtime_options, program_options."},

		{Name: "handler_run", In: places, Args: "2+", Set: setRun, Doc: "A variable whose value a synchronous handler makes when it is wanted; `<!$v` at once, `<~$v` at once in every location, `!$v` in the log phase. The handler `!` is the argument itself."},
		{Name: "handler_run_async", In: places, Args: "3", Set: setRunAsync(false), Doc: "A variable whose value an asynchronous handler makes before the location's rewrite directives run."},
		{Name: "handler_run_async_on_request_body", In: places, Args: "3", Set: setRunAsync(true), Doc: "The same with a handler that is given the request's body."},
		{Name: "handler_var_nocacheable", In: cycle.HTTP, Args: "1+", Set: setNames(func(m *mainConf) *[]mention { return &m.noCache }), Doc: "Variables that are evaluated anew after an internal redirect."},
		{Name: "handler_var_compensate_uri_changes", In: cycle.HTTP, Args: "1+", Set: setNames(func(m *mainConf) *[]mention { return &m.compensate }), Doc: "Variables whose evaluation allows an internally redirected request ten redirects more."},
		{Name: "handler_var_empty_on_error", In: cycle.HTTP, Args: "1+", Set: setNames(func(m *mainConf) *[]mention { return &m.emptyOnError }), Doc: "Variables that are empty, and not the text of the error, when their handler fails."},
		{Name: "handler_var_nohash", In: cycle.HTTP, Args: "1+", Set: setNames(func(m *mainConf) *[]mention { return &m.noHash }), Doc: "Variables that can not be found by name at run time; a last `*` stands for the rest of the names."},
		{Name: "handler_request_variable_name", In: cycle.HTTP, Args: "1", Set: setTokenName, Doc: "Another name for $_r_ptr, the token of the request."},
		{Name: "handler_request_body_read_temp_file", In: cycle.HTTPAllIf, Args: "flag", Set: cycle.SetFlag(locations, func(l *locationConf) *cycle.Opt[bool] { return &l.readTempFile }), Doc: "Whether handlers are given request bodies that are in a temporary file."},
		{Name: "handler_ignore_client_abort", In: cycle.HTTPAllIf, Args: "flag", Set: cycle.SetFlag(locations, func(l *locationConf) *cycle.Opt[bool] { return &l.ignoreAbort }), Doc: "Whether asynchronous handlers go on when the client has closed the connection."},

		{Name: "handler_content", In: contents, Args: "1-2", Set: setContent(contentPlain), Doc: "A synchronous handler makes the response."},
		{Name: "handler_static_content", In: contents, Args: "1-2", Set: setContent(contentStatic), Doc: "A synchronous handler makes the response once for each worker."},
		{Name: "handler_unsafe_content", In: contents, Args: "1-2", Set: setContent(contentUnsafe), Doc: "A synchronous handler makes the response out of memory that never changes."},
		{Name: "handler_async_content", In: contents, Args: "1-2", Set: setContent(contentAsync), Doc: "An asynchronous handler makes the response."},
		{Name: "handler_async_content_on_request_body", In: contents, Args: "1-2", Set: setContent(contentOnBody), Doc: "An asynchronous handler makes the response out of the request's body."},

		{Name: "handler_run_service", In: cycle.HTTP, Args: "2-3", Set: setService, Doc: "A variable whose values a service makes, which runs in every worker again and again."},
		{Name: "handler_service_var_in_shm", In: cycle.HTTP, Args: "4+", Set: setInShm, Doc: "A zone with its size, a folder of lock files and service variables that live in it: their services run in one worker, and all see their values. `_ _ _` adds variables."},
		{Name: "handler_service_var_ignore_empty", In: cycle.HTTP, Args: "1+", Set: setNames(func(m *mainConf) *[]mention { return &m.ignoreEmpty }), Doc: "Service variables that keep their value when a result is empty."},
		{Name: "handler_service_var_update_callback", In: cycle.HTTP, Args: "2-3", Set: setCallback, Doc: "A task that runs once for every change of a shared service variable."},
		{Name: "handler_service_hook", In: contents, Args: "2-3", Set: setHook, Doc: "Has every worker run a hook and then the service of a variable anew."},
		{Name: "handler_service_update_hook", In: cycle.HTTP, Args: "2", Set: setUpdateHook, Doc: "A hook that every worker runs when a service variable has changed."},
		{Name: "handler_service_hooks_zone", In: cycle.HTTP, Args: "2", Set: setHooksZone, Doc: "The zone for the arguments of service hooks, with its size."},

		{Name: "cache_set", In: places, Args: "2", Set: setAlias("!", "<!"), Doc: "Short for `handler_run ! <!$v value`."},
		{Name: "lazy_set", In: places, Args: "2", Set: setAlias("!", ""), Doc: "Short for `handler_run ! $v value`."},
		{Name: "var_alias", In: places, Args: "2", Set: setAlias("!", "<<"), Doc: "Short for `handler_run ! <<$v $w`: another name for a variable, whose own may have any characters."},
		{Name: "var_nocacheable", In: cycle.HTTP, Args: "1+", Set: setNames(func(m *mainConf) *[]mention { return &m.noCache }), Doc: "Short for handler_var_nocacheable."},
		{Name: "var_nohash", In: cycle.HTTP, Args: "1+", Set: setNames(func(m *mainConf) *[]mention { return &m.noHash }), Doc: "Short for handler_var_nohash."},
	}})
}

// initialise adds the phase handlers for the locations that need them.
func initialise(_ *cycle.Conf, m *http.Main) error {
	mc := mains.In(m)
	mc.offer(native.Callers.In(m))
	m.Each(func(l *http.Location) { locations.In(l).index(len(mc.variables)) })
	eager := func(l *http.Location) bool { return locations.In(l).eager() }
	inIf := func(l *http.Location) bool { return l.Nameless && len(locations.In(l).own) > 0 }
	late := func(l *http.Location) bool { return locations.In(l).has(strictLate) }
	m.AddPhase(http.PhaseHandler{Name: "handlers, early", Phase: http.Rewrite, Order: -100, Applies: eager, Run: runEarly})
	// which location's `if` is taken is known only when the phase runs
	m.AddPhase(http.PhaseHandler{Name: "handlers, late", Phase: http.Rewrite, Order: 100, Applies: func(l *http.Location) bool { return l.Any(inIf) }, Run: runLate})
	m.AddPhase(http.PhaseHandler{Name: "handlers, log", Phase: http.Log, Order: -100, Applies: late, Run: runLog})
	return nil
}
