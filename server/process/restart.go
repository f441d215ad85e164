package process

import "time"

// Bounds of the wait before a worker that asks for its own restart again and
// again is started, and how long it must have served for the count to begin anew.
const (
	firstRestartWait = 100 * time.Millisecond
	maxRestartWait   = 3 * time.Second
	restartMemory    = 10 * time.Second
)

// restarts is how often a slot's worker has asked for its restart lately.
type restarts struct {
	last time.Time
	wait time.Duration
}

// restarted notes that the worker of a slot asked to be started again, and
// returns how long that has to wait: not at all the first time.
func (g *generation) restarted(slot int, now time.Time) time.Duration {
	if g.restarts == nil {
		g.restarts = map[int]*restarts{}
	}
	r := g.restarts[slot]
	if r == nil || now.Sub(r.last) > restartMemory+r.wait {
		g.restarts[slot] = &restarts{last: now}
		return 0
	}
	r.last = now
	r.wait = min(max(2*r.wait, firstRestartWait), maxRestartWait)
	return r.wait
}
