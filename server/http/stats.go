package http

import "strconv"

// tcpInfo is a field of TCP_INFO: rtt, rttvar, snd_cwnd, rcv_space by i.
func (c *Conn) tcpInfo(i int) ([]byte, bool) {
	info, err := c.ev.TCPInfo()
	if err != nil {
		return nil, false
	}
	v := [...]uint32{info.Rtt, info.Rttvar, info.Snd_cwnd, info.Rcv_space}[i]
	return strconv.AppendUint(nil, uint64(v), 10), true
}
