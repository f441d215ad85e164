// Command bench compares two servers that are given the same configuration: a
// real nginx and perigee. For each case it prints requests per second, CPU time
// of the server's processes per request, the 99th percentile of the latency and
// memory, as medians of interleaved rounds, with ratios.
//
//	go run ./t/bench                        # every case, perigee built by plain go build
//	go run ./t/bench -case return,static    # some cases
//	go run ./t/bench -case shm              # a shared dictionary against a map behind a mutex
//	go run ./t/bench -growth 60s -case lua_say   # how the memory of workers grows under load
//	go run ./t/bench -binary ./perigee -peer /usr/sbin/nginx -duration 10s -rounds 7
//
// It is no test: there is no limit that a figure must keep.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/perigee-server/perigee/t/spec"
)

type options struct {
	cases    string
	duration time.Duration
	rounds   int
	binary   string
	peer     string
	grow     time.Duration
}

func main() {
	if err := spec.Guard(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	var o options
	flag.StringVar(&o.cases, "case", "", "comma-separated `names` of cases; all without it")
	flag.DurationVar(&o.duration, "duration", 5*time.Second, "length of one measurement")
	flag.IntVar(&o.rounds, "rounds", 5, "measurements per server and case")
	flag.StringVar(&o.binary, "binary", "", "the server to measure; built from this repository without it")
	flag.StringVar(&o.peer, "peer", "nginx", "the server to compare with")
	flag.DurationVar(&o.grow, "growth", 0, "instead of comparing, load the server to measure for this `time` and print how its memory grows")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if o.rounds < 1 || o.duration < time.Second {
		return errors.New("at least one round of at least one second")
	}
	if o.cases == "" || o.cases == dictCase {
		if err := runDict(os.Stdout, o.rounds, o.duration/10); err != nil {
			return err
		}
	}
	if o.cases == dictCase {
		return nil
	}
	chosen, err := choose(o.cases)
	if err != nil {
		return err
	}
	if !installed(ctx, o.peer) {
		return nil
	}
	dir, err := os.MkdirTemp("", "pb-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	contest, err := newContest(dir, o)
	if err != nil {
		return err
	}
	contest.print(os.Stdout)
	for _, c := range chosen {
		if o.grow > 0 {
			if err := contest.growth(ctx, os.Stdout, c); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			continue
		}
		result, err := contest.run(ctx, c)
		switch {
		case errors.Is(err, errRefused):
			fmt.Printf("%s: skipped: %v\n\n", c.name, err)
		case err != nil:
			return fmt.Errorf("%s: %w", c.name, err)
		default:
			result.print(os.Stdout)
		}
	}
	return nil
}

// choose returns the cases of a comma-separated list, in the order of the list.
func choose(names string) ([]benchCase, error) {
	if names == "" {
		return cases, nil
	}
	var out []benchCase
	for _, name := range strings.Split(names, ",") {
		c, ok := caseNamed(name)
		if !ok {
			return nil, fmt.Errorf("no case %q; there are %s", name, caseNames())
		}
		out = append(out, c)
	}
	return out, nil
}
