package http

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strconv"

	"github.com/perigee-server/perigee/server/log"
)

// proxyProtocol is what the PROXY protocol says of a connection; it comes
// before the first head.
type proxyProtocol struct {
	done bool
	src  netip.AddrPort
	dst  netip.AddrPort
}

var proxySignature = []byte("\r\n\r\n\x00\r\nQUIT\n")

// readProxyProtocol reads the header of either version; false when more bytes
// are needed, or the connection was closed because it has none.
func (c *Conn) readProxyProtocol() bool {
	p := c.proxied
	if p.done {
		return true
	}
	for {
		b := c.buf[c.from:c.to]
		if len(b) > 0 {
			n, ok := p.parse(b)
			if !ok {
				c.logf(log.Error, "broken header: \"%s\" while reading PROXY protocol", escapeLog(b[:min(len(b), 64)]))
				c.close()
				return false
			}
			if n > 0 {
				c.from += n
				p.done = true
				return true
			}
		}
		if !c.fill() {
			return false
		}
	}
}

// parse returns the length of the header, 0 when it is not complete.
func (p *proxyProtocol) parse(b []byte) (int, bool) {
	if n := min(len(b), len(proxySignature)); bytes.Equal(b[:n], proxySignature[:n]) {
		return p.parseV2(b)
	}
	const v1 = "PROXY "
	if n := min(len(b), len(v1)); string(b[:n]) != v1[:n] {
		return 0, false
	}
	end := bytes.Index(b, crlf)
	if end < 0 {
		return 0, len(b) <= 107
	}
	f := bytes.Split(b[len(v1):end], []byte(" "))
	if string(f[0]) == "UNKNOWN" {
		return end + 2, true
	}
	if len(f) != 5 || string(f[0]) != "TCP4" && string(f[0]) != "TCP6" {
		return 0, false
	}
	var ok1, ok2 bool
	p.src, ok1 = pairOf(f[1], f[3])
	p.dst, ok2 = pairOf(f[2], f[4])
	return end + 2, ok1 && ok2
}

func pairOf(addr, port []byte) (netip.AddrPort, bool) {
	a, err := netip.ParseAddr(string(addr))
	n, err2 := strconv.ParseUint(string(port), 10, 16)
	return netip.AddrPortFrom(a, uint16(n)), err == nil && err2 == nil
}

func (p *proxyProtocol) parseV2(b []byte) (int, bool) {
	if len(b) < 16 {
		return 0, true
	}
	if b[12]>>4 != 2 {
		return 0, false
	}
	n := int(binary.BigEndian.Uint16(b[14:]))
	if n > 4096 {
		return 0, false
	}
	if len(b) < 16+n {
		return 0, true
	}
	body := b[16 : 16+n]
	if b[12]&0xf == 1 {
		switch b[13] >> 4 {
		case 1:
			if n < 12 {
				return 0, false
			}
			p.src = netip.AddrPortFrom(netip.AddrFrom4([4]byte(body[0:4])), binary.BigEndian.Uint16(body[8:]))
			p.dst = netip.AddrPortFrom(netip.AddrFrom4([4]byte(body[4:8])), binary.BigEndian.Uint16(body[10:]))
		case 2:
			if n < 36 {
				return 0, false
			}
			p.src = netip.AddrPortFrom(netip.AddrFrom16([16]byte(body[0:16])), binary.BigEndian.Uint16(body[32:]))
			p.dst = netip.AddrPortFrom(netip.AddrFrom16([16]byte(body[16:32])), binary.BigEndian.Uint16(body[34:]))
		}
	}
	return 16 + n, true
}

// proxyField is source address, destination address, source port, destination
// port by i.
func (c *Conn) proxyField(i int) ([]byte, bool) {
	p := c.proxied
	if p == nil || !p.done {
		return nil, false
	}
	ap := p.src
	if i&1 == 1 {
		ap = p.dst
	}
	if !ap.IsValid() {
		return nil, true
	}
	if i >= 2 {
		return portText(int(ap.Port())), true
	}
	return ap.Addr().AppendTo(nil), true
}

// ProxyProtocol is the client's address as the PROXY protocol has it.
func (c *Conn) ProxyProtocol() (src netip.AddrPort, ok bool) {
	if c.proxied == nil || !c.proxied.src.IsValid() {
		return netip.AddrPort{}, false
	}
	return c.proxied.src, true
}
