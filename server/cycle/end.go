package cycle

// Restart ends the worker process at once for a new one to take its place; when
// that happens repeatedly the master waits a little longer each time. With
// master_process off the server ends.
func (w *Work) Restart() { w.End(true, "") }

// Fail ends the worker process at once and for good: its place stays empty until
// the next reload.
func (w *Work) Fail(reason string) { w.End(false, reason) }
