package aggregate

import (
	"encoding/json"
	"runtime"
	"runtime/metrics"
	"time"
)

// began is when the process has started, as near as a package can tell.
var began = time.Now()

// runtimeState is the worker's goroutines, memory, collections and age.
func runtimeState() []byte {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(samples)
	b, _ := json.Marshal(map[string]any{ // numbers only: no error
		"goroutines": runtime.NumGoroutine(),
		"memory":     samples[0].Value.Uint64(),
		"objects":    samples[1].Value.Uint64(),
		"gc":         samples[2].Value.Uint64(),
		"uptime":     int(time.Since(began).Seconds()),
	})
	return b
}
