package spec

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports hands out free TCP ports of the loopback interface. Each is reserved
// among all test processes of the machine by an abstract Unix socket that is
// held until Release. They lie below the range that the kernel gives to
// outgoing connections.
type Ports struct {
	held []net.Listener
}

const (
	firstPort = 20000
	lastPort  = 31999
)

// Take returns a port on which nothing listens.
func (p *Ports) Take() (int, error) {
	for range 1000 {
		port := firstPort + rand.IntN(lastPort-firstPort+1)
		lock, err := net.Listen("unix", fmt.Sprintf("@perigee-t-port-%d", port))
		if err != nil {
			continue
		}
		probe, err := net.Listen("tcp", fmt.Sprintf("0.0.0.0:%d", port))
		if err != nil {
			_ = lock.Close()
			continue
		}
		_ = probe.Close()
		p.held = append(p.held, lock)
		return port, nil
	}
	return 0, fmt.Errorf("no free port between %d and %d", firstPort, lastPort)
}

// Release gives the ports back.
func (p *Ports) Release() {
	for _, lock := range p.held {
		_ = lock.Close()
	}
	p.held = nil
}
