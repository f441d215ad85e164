package handlers

import (
	"context"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/handler"
	"github.com/perigee-server/perigee/server/http"
)

// start prepares handlers in a process that serves.
func start(w *cycle.Work, hm *http.Main) error {
	m := mains.In(hm)
	if len(m.uses) == 0 {
		return nil
	}
	var cancel context.CancelCauseFunc
	m.ctx, cancel = context.WithCancelCause(context.Background())
	w.OnExit(func() { cancel(handler.ErrWorkerExiting) })
	return nil
}
