package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/perigee-server/perigee/t/spec"
)

// side is one running server of a case.
type side struct {
	benchCase
	server *spec.Server
	root   string
	scheme string
	addr   string
}

func (s *side) url() string { return s.scheme + "://" + s.addr + s.path }

func (s *side) stop() { _ = s.server.Stop() }

// probe makes sure that the server answers before it is measured: a server that
// refuses quickly would look good.
func (s *side) probe() error {
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, // #nosec G402: a certificate of our own on the loopback interface
	}}
	resp, err := client.Get(s.url())
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK || len(body) == 0 {
		return fmt.Errorf("%s answers %s with %d bytes", s.url(), resp.Status, len(body))
	}
	return nil
}

// measurement is what one load of a server has shown.
type measurement struct {
	rate    float64       // requests per second
	cpu     time.Duration // of the server's processes per request
	p99     time.Duration
	pss     int64 // bytes, right after the load
	failed  int64 // answers other than 2xx and 3xx, and socket errors
	counted int64 // requests
}

func (s *side) measure(ctx context.Context, length time.Duration) (measurement, error) {
	before, err := groupCPU(s.server.Pid())
	if err != nil {
		return measurement{}, err
	}
	load, err := s.load(ctx, length)
	if err != nil {
		return measurement{}, err
	}
	after, err := groupCPU(s.server.Pid())
	if err != nil {
		return measurement{}, err
	}
	pss, _, err := groupPSS(s.server.Pid())
	if err != nil {
		return measurement{}, err
	}
	if load.requests == 0 {
		return measurement{}, fmt.Errorf("no request to %s was answered", s.url())
	}
	return measurement{
		rate:    load.rate,
		cpu:     (after - before) / time.Duration(load.requests),
		p99:     load.p99,
		pss:     pss,
		failed:  load.failed,
		counted: load.requests,
	}, nil
}
