// Package handler is what a library of native Go handlers needs: the only
// import of Perigee's that it has. A handler is an ordinary function under a
// name; a directive of the configuration names it and says what it is used for.
//
// # A first library
//
// A library is a package whose init function registers handlers:
//
//	package myhandlers
//
//	import (
//		"strings"
//
//		"github.com/perigee-server/perigee/server/handler"
//	)
//
//	func init() {
//		handler.Sync("toUpper", strings.ToUpper)
//	}
//
// The configuration loads it and uses it:
//
//	http {
//	    handler load /path/of/myhandlers;
//	    server {
//	        location / {
//	            handler_run toUpper $name $arg_name;
//	            return 200 "hello, $name\n";
//	        }
//	    }
//	}
//
// # The kinds of handlers
//
//   - [Sync]: the value of a variable, when it is wanted first (handler_run).
//   - [Async]: the value of a variable, made in parallel to the event loop before
//     the location's own directives run (handler_run_async), and [AsyncOnBody],
//     the same with the request's body.
//   - [Content]: a response (handler_content and its kin), [AsyncContent] and
//     [AsyncContentOnBody].
//   - [Service]: a task that runs for ever and whose results are the value of a
//     variable (handler_run_service).
//   - [Hook]: a function that every worker runs when a request, or a new value of
//     a service, asks for it (handler_service_hook, handler_service_update_hook).
//   - [Init]: runs once in every worker before it serves.
//
// Each of these functions accepts several shapes of Go functions; a function of
// another shape does not compile. [Typed] and [TypedSync] make a handler of a
// function whose argument is a Go value rather than bytes.
//
// # Where handlers run
//
// Synchronous handlers run in the event loop: nothing else of the worker runs
// meanwhile, so they share variables without locks with each other, and must not
// block. Asynchronous handlers and services run on goroutines of their own, in
// parallel, and lock what they share.
//
// # Arguments and results
//
// A synchronous handler borrows the bytes that it is given: it copies what it
// keeps and changes nothing. An asynchronous one owns its argument. A result
// belongs to the server: it must not be changed afterwards. Text is bytes, as it
// came; nothing is decoded.
//
// # When things go wrong
//
// An error that a variable's handler returns is logged, and its text is the
// value, unless handler_var_empty_on_error lists the variable. A panic is logged
// with the handler's name and leaves an empty value. Either in a content handler
// is a response with status 500, to which error_page applies.
//
// # Waiting and cancellation
//
// The context of an asynchronous handler is cancelled when its result is not
// wanted any more; [context.Cause] says why: [ErrClientGone],
// [ErrWorkerExiting], [ErrServiceInterrupted].
//
// # The request
//
// A handler that takes a *[Request] can read and change the request: header
// fields of both directions, variables, the context that it shares with Lua.
//
// Package handlertest runs handlers in a user's own go test, without a server.
package handler
