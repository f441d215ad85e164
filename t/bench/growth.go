package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/perigee-server/perigee/t/spec"
)

// growth loads the server to measure for a time, and prints the memory of its
// workers after a sixth of it and at the end.
func (c *contest) growth(ctx context.Context, w io.Writer, bc benchCase) error {
	var ports spec.Ports
	defer ports.Release()
	backend, stop, err := c.startBackend(bc, &ports)
	if err != nil {
		return err
	}
	defer stop()
	s, err := c.start(c.servers[1], bc, backend, &ports, 1)
	if err != nil {
		return err
	}
	defer s.stop()
	var memory [2]int64
	for i, d := range []time.Duration{c.grow / 6, c.grow - c.grow/6} {
		if _, err := s.measure(ctx, d); err != nil {
			return err
		}
		if _, memory[i], err = groupPSS(s.server.Pid()); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(w, "%22s  a worker's PSS after %v %5.1f MB, after %v %5.1f MB: %.2f\n", bc.name,
		c.grow/6, float64(memory[0])/(1<<20), c.grow, float64(memory[1])/(1<<20), float64(memory[1])/float64(memory[0]))
	return err
}
