package process

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"github.com/perigee-server/perigee/server/event"
)

// workerGOGC is how much the heap of a worker may grow between collections, in
// per cent, unless GOGC says otherwise.
const workerGOGC = 200

// ballast is memory that a worker has and never touches, so it costs none: the
// collector counts it and lets a small heap grow to some 30 MB before it works,
// which it would otherwise do many times a second.
var ballast []byte

const ballastSize = 8 << 20

// A worker whose requests allocate little would grow to that size over minutes,
// and spread what it needs over it. So it collects after collectTime already when
// it has allocated collectSize.
const (
	collectTime = 4 * time.Second
	collectSize = 1 << 20
)

// collector begins the collections that are due to time.
type collector struct {
	timer     *event.Timer
	samples   []metrics.Sample // of cycles and bytes allocated so far
	cycles    uint64           // at the last look
	allocated uint64           // when cycles was seen to change
}

// tuneCollector sets the garbage collector of a worker up; GOGC in the environment
// means that the user has done so.
func tuneCollector(l *event.Loop) {
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(workerGOGC)
	ballast = make([]byte, ballastSize)
	c := &collector{samples: []metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/gc/heap/allocs:bytes"}}}
	c.timer = l.NewTimer(c.look)
	c.timer.Reset(collectTime)
}

func (c *collector) look() {
	c.timer.Reset(collectTime)
	metrics.Read(c.samples)
	cycles, allocated := c.samples[0].Value.Uint64(), c.samples[1].Value.Uint64()
	switch {
	case cycles != c.cycles:
		c.cycles, c.allocated = cycles, allocated
	case allocated-c.allocated >= collectSize:
		go runtime.GC()
	}
}
