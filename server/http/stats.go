package http

import "strconv"

// Stats counts what the worker has done.
type Stats struct {
	Accepted, Handled, Requests uint64
}

// Stats is the worker's counters.
func (m *Main) Stats() *Stats { return &m.work.stats }

// Active counts the worker's connections: all, and those that wait for a
// request.
func (m *Main) Active() (connections, waiting int) {
	h := &m.work.idle
	for c := h.next; c != h; c = c.next {
		waiting++
	}
	return m.work.Connections, waiting
}

// tcpInfo is a field of TCP_INFO: rtt, rttvar, snd_cwnd, rcv_space by i.
func (c *Conn) tcpInfo(i int) ([]byte, bool) {
	info, err := c.ev.TCPInfo()
	if err != nil {
		return nil, false
	}
	v := [...]uint32{info.Rtt, info.Rttvar, info.Snd_cwnd, info.Rcv_space}[i]
	return strconv.AppendUint(nil, uint64(v), 10), true
}
