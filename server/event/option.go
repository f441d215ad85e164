package event

import "golang.org/x/sys/unix"

// Drop closes a descriptor that no Conn owns: an accepted connection that can
// not be served.
func Drop(fd int) { unix.Close(fd) }

// LocalAddr is the address that the socket is bound to (getsockname).
func (c *Conn) LocalAddr() (unix.Sockaddr, error) { return unix.Getsockname(c.FD()) }

// NoDelay turns Nagle's algorithm off (TCP_NODELAY).
func (c *Conn) NoDelay() error {
	return unix.SetsockoptInt(c.FD(), unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
}

// EndWrite sends a FIN; reading goes on (shutdown with SHUT_WR).
func (c *Conn) EndWrite() error { return unix.Shutdown(c.FD(), unix.SHUT_WR) }

// TCPInfo is what the kernel knows of the connection (TCP_INFO).
func (c *Conn) TCPInfo() (*unix.TCPInfo, error) {
	return unix.GetsockoptTCPInfo(c.FD(), unix.IPPROTO_TCP, unix.TCP_INFO)
}
