package healthcheck

import (
	"encoding/json"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/head"
	"github.com/perigee-server/perigee/server/upstream"
)

// peerStatus is a server in the answer, with the names of nginx Plus's API.
type peerStatus struct {
	Name   string `json:"name"`
	Server string `json:"server"`
	Backup bool   `json:"backup"`
	Weight int    `json:"weight"`
	State  string `json:"state"` // up, down, unavail, checking, unhealthy
	Checks struct {
		Checks     int64  `json:"checks"`
		Fails      int64  `json:"fails"`
		Unhealthy  int64  `json:"unhealthy"`
		LastPassed bool   `json:"last_passed"`
		Reason     string `json:"reason,omitempty"`
	} `json:"health_checks"`
}

// groupStatus is an upstream block in the answer.
type groupStatus struct {
	Peers []peerStatus `json:"peers"`
}

func setStatus(c *cycle.Conf) error {
	http.ScopeOf(c).Location.Handler = serveStatus
	return nil
}

// serveStatus is the content handler of health_check_status.
func serveStatus(r *http.Request) http.Status {
	if r.Method&(head.MethodGet|head.MethodHead) == 0 {
		return 405
	}
	r.DiscardBody()
	all := map[string]groupStatus{}
	for _, k := range mains.Of(r).checks {
		k.refresh()
		s := groupStatus{Peers: []peerStatus{}}
		for _, p := range k.group.Peers {
			s.Peers = append(s.Peers, k.status(r, p))
		}
		all[k.group.Name] = s
	}
	b, err := json.Marshal(all)
	if err != nil {
		return 500
	}
	r.Out.ContentType = []byte("application/json")
	r.Out.ContentLength = int64(len(b))
	r.Out.Status = 200
	if rc := r.SendHeader(); rc != http.OK || r.HeadOnly() {
		return rc
	}
	return r.Send(b)
}

func (k *check) status(r *http.Request, p *upstream.Peer) peerStatus {
	rec, known := k.zone.load(k.group.Name, p.Name)
	s := peerStatus{Name: p.Name, Server: p.Server, Backup: p.Backup, Weight: p.Weight, State: "up"}
	switch {
	case p.Down:
		s.State = "down"
	case p.Unhealthy && (!known || rec.Unhealthy == 0):
		s.State = "checking"
	case p.Unhealthy:
		s.State = "unhealthy"
	case !p.Usable(r.Loop().Now()):
		s.State = "unavail"
	}
	s.Checks.Checks, s.Checks.Fails, s.Checks.Unhealthy = rec.Checks, rec.Fails, rec.Unhealthy
	s.Checks.LastPassed, s.Checks.Reason = rec.Passed, rec.Reason
	return s
}
