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

// Option is a socket option that Conn.SetOption and Conn.Option know.
type Option uint8

// The socket options.
const (
	Keepalive     Option = iota // SO_KEEPALIVE
	ReuseAddr                   // SO_REUSEADDR
	TCPNoDelay                  // TCP_NODELAY
	SendBuffer                  // SO_SNDBUF, bytes
	ReceiveBuffer               // SO_RCVBUF, bytes
)

var optionNames = [...][2]int{
	Keepalive:     {unix.SOL_SOCKET, unix.SO_KEEPALIVE},
	ReuseAddr:     {unix.SOL_SOCKET, unix.SO_REUSEADDR},
	TCPNoDelay:    {unix.IPPROTO_TCP, unix.TCP_NODELAY},
	SendBuffer:    {unix.SOL_SOCKET, unix.SO_SNDBUF},
	ReceiveBuffer: {unix.SOL_SOCKET, unix.SO_RCVBUF},
}

// SetOption sets a socket option.
func (c *Conn) SetOption(o Option, value int) error {
	return unix.SetsockoptInt(c.FD(), optionNames[o][0], optionNames[o][1], value)
}

// Option is the value of a socket option; the kernel doubles the sizes of
// buffers.
func (c *Conn) Option(o Option) (int, error) {
	return unix.GetsockoptInt(c.FD(), optionNames[o][0], optionNames[o][1])
}
