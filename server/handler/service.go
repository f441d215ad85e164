package handler

import "context"

// Service registers a service, for the directives handler_run_service and
// handler_service_var_update_callback. The server calls it again as soon as it
// returns, for as long as the worker lives; what it returns is the variable's
// value. FirstRun is true for its first call in this process. When it returns an
// error the variable keeps its value. It waits with its context, as in
//
//	select {
//	case <-time.After(time.Minute):
//	case <-ctx.Done():
//		return nil, context.Cause(ctx)
//	}
//
// It may catch the cancellation to save its state: a worker that leaves waits
// for it, up to worker_shutdown_timeout.
func Service(name string, f func(ctx context.Context, arg []byte, firstRun bool) ([]byte, error)) {
	add(Handler{Name: name, Kind: KindService, MinArgs: 1, MaxArgs: 1, RunService: f})
}

// Hook registers a service hook, for the directives handler_service_hook and
// handler_service_update_hook. Every worker runs it in its event loop; what it
// returns is logged at level notice.
func Hook(name string, f func(arg []byte) ([]byte, error)) {
	add(Handler{Name: name, Kind: KindHook, MinArgs: 1, MaxArgs: 1, RunHook: f})
}
