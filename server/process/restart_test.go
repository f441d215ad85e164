package process

import (
	"testing"
	"time"
)

func TestRestartsWaitLonger(t *testing.T) {
	g := &generation{}
	now := time.Unix(1000, 0)
	for i, want := range []time.Duration{0, 100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond,
		800 * time.Millisecond, 1600 * time.Millisecond, maxRestartWait, maxRestartWait} {
		if got := g.restarted(3, now); got != want {
			t.Errorf("restart %d waits %v, not %v", i, got, want)
		}
		now = now.Add(time.Second)
	}
	if got := g.restarted(2, now); got != 0 {
		t.Errorf("another slot waits %v", got)
	}
	if got := g.restarted(3, now.Add(time.Minute)); got != 0 {
		t.Errorf("a restart after a minute waits %v", got)
	}
}
