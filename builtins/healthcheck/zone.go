package healthcheck

import (
	"encoding/json"
	"time"

	"github.com/perigee-server/perigee/shm"
)

// The zone of all checks. It goes on over reloads, so that a server that was
// unhealthy gets no requests from new workers.
const (
	zoneName = "(health_check)"
	zoneSize = 1 << 20 // for some thousands of servers
)

// zone is the shared memory in which workers find the outcome of checks.
type zone struct {
	changes *shm.Counter // counts what workers must learn of
	dict    *shm.Dict
	shared  *shm.Zone
}

// record is what is known of a server.
type record struct {
	Healthy   bool   `json:"h"`
	Row       int    `json:"r"` // how many of the last probes spoke against Healthy
	Checks    int64  `json:"c"`
	Fails     int64  `json:"f"`
	Unhealthy int64  `json:"u"` // how often it became so
	Passed    bool   `json:"p"` // the last probe
	Reason    string `json:"e,omitempty"`
}

// take notes the outcome of a probe, nothing in reason for one that has passed;
// changed reports whether the server is healthy now and was not, or the reverse.
func (r *record) take(reason string, fails, passes int) (changed bool) {
	r.Checks++
	r.Passed, r.Reason = reason == "", reason
	if !r.Passed {
		r.Fails++
	}
	if r.Passed == r.Healthy {
		r.Row = 0
		return false
	}
	r.Row++
	limit := fails
	if r.Passed {
		limit = passes
	}
	if r.Row < limit {
		return false
	}
	r.Healthy, r.Row = r.Passed, 0
	if !r.Healthy {
		r.Unhealthy++
	}
	return true
}

func key(group, peer string) string { return group + "\x00" + peer }

func (z *zone) load(group, peer string) (rec record, ok bool) {
	v, _, err := z.dict.Get(key(group, peer), nil)
	if err != nil || v.Type != shm.String || json.Unmarshal(v.Str, &rec) != nil {
		return record{}, false
	}
	return rec, true
}

// store keeps a record for a time; announce has all workers read it.
func (z *zone) store(group, peer string, rec record, life time.Duration, announce bool) error {
	text, _ := json.Marshal(rec) // of such a struct: no error
	_, err := z.dict.Set(key(group, peer), shm.BytesValue(text), life.Milliseconds(), 0)
	if announce {
		z.changes.Add(1)
	}
	return err
}
