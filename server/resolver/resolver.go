package resolver

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/perigee-server/perigee/server/resolver/wire"
)

// Options are the parameters of the resolver directive, and what surrounds it.
type Options struct {
	Servers []string      // "address:port", at least one
	Valid   time.Duration // valid=; 0 keeps an answer as long as its TTL says
	IPv4Off bool          // ipv4=off
	IPv6Off bool          // ipv6=off

	Transport Transport
	Runtime   Runtime // nil means Goroutines

	// Report, which may be nil, is told of every attempt that brought no usable answer.
	Report func(server string, err error)
}

// Service is one record of an SRV answer with the addresses of its target.
type Service struct {
	Target   string
	Addrs    []netip.Addr // empty if the target could not be resolved
	Port     uint16
	Priority uint16
	Weight   uint16
}

// Resolver resolves names through a list of servers. It is safe for use by
// several goroutines; no lock is held while it waits.
type Resolver struct {
	o Options

	mu      sync.Mutex
	cache   cache
	flights map[key]*flight
	next    int // server to ask next
}

// flight is a lookup under way.
type flight struct {
	gate     Gate
	deadline time.Time // of the most patient waiter
	waiters  int       // those who have not left
	landed   bool
	value    *answer
	code     int // 0 with value
}

// New returns a resolver.
func New(o Options) *Resolver {
	if o.Runtime == nil {
		o.Runtime = Goroutines{}
	}
	return &Resolver{o: o, flights: map[key]*flight{}}
}

// Resolve returns the addresses of name, in the order of the answer for a fresh
// one and beginning at a random one for a kept one. An address in place of a
// name is returned as it is. The error is an *Error with name as given, or what
// cancelled the waiting.
func (r *Resolver) Resolve(name string, timeout time.Duration) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")); err == nil {
		return []netip.Addr{addr}, nil
	}
	a, kept, err := r.lookup(key{kindName, canonical(name)}, name, timeout)
	if err != nil {
		return nil, err
	}
	return a.addrs(kept), nil
}

// Addresses is Resolve for those who follow a name: it returns the addresses in a
// fixed order, and until when they hold. An address in place of a name holds for
// ever: until is the zero time.
func (r *Resolver) Addresses(name string, timeout time.Duration) (addrs []netip.Addr, until time.Time, err error) {
	if addr, err := netip.ParseAddr(name); err == nil {
		return []netip.Addr{addr}, time.Time{}, nil
	}
	a, _, err := r.lookup(key{kindName, canonical(name)}, name, timeout)
	if err != nil {
		return nil, time.Time{}, err
	}
	addrs = a.addrs(false)
	slices.SortFunc(addrs, netip.Addr.Compare)
	return slices.Compact(addrs), a.until, nil
}

// Services is ResolveService for those who follow a name: it says too until when
// the records and the addresses of all targets hold.
func (r *Resolver) Services(name string, timeout time.Duration) ([]Service, time.Time, error) {
	a, _, err := r.lookup(key{kindService, canonical(name)}, name, timeout)
	if err != nil {
		return nil, time.Time{}, err
	}
	return append([]Service(nil), a.services...), a.until, nil
}

// ResolveAddr returns the name of addr: nginx's ngx_resolve_addr.
func (r *Resolver) ResolveAddr(addr netip.Addr, timeout time.Duration) (string, error) {
	a, _, err := r.lookup(key{kindAddr, wire.ReverseName(addr)}, addr.String(), timeout)
	if err != nil {
		return "", err
	}
	return a.name, nil
}

// ResolveService returns the SRV records of name, sorted by priority, with the
// addresses of their targets.
func (r *Resolver) ResolveService(name string, timeout time.Duration) ([]Service, error) {
	list, _, err := r.Services(name, timeout)
	return list, err
}

// canonical is the form of a name in the cache and on the wire.
func canonical(name string) string {
	return strings.TrimSuffix(strings.ToLower(name), ".")
}

// lookup returns the kept answer, or joins the flight that fetches it.
func (r *Resolver) lookup(k key, name string, timeout time.Duration) (a *answer, kept bool, err error) {
	deadline := r.o.Runtime.Now().Add(timeout)
	for {
		now := r.o.Runtime.Now()
		f, a := r.join(k, now, deadline)
		if a != nil {
			return a, true, nil
		}
		if err := f.gate.Wait(deadline.Sub(now)); err != nil {
			r.leave(k, f)
			if errors.Is(err, ErrTimeout) {
				return nil, false, &Error{Name: name, Code: TimedOut}
			}
			return nil, false, err
		}
		if f.code == 0 {
			return f.value, false, nil
		}
		// The flight may have given up just before this waiter joined it.
		if f.code != TimedOut || !r.o.Runtime.Now().Before(deadline) {
			return nil, false, &Error{Name: name, Code: f.code}
		}
	}
}

// join returns the kept answer for k, or the flight that fetches it, started
// now if there is none.
func (r *Resolver) join(k key, now, deadline time.Time) (*flight, *answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a := r.cache.get(k, now); a != nil {
		return nil, a
	}
	if f := r.flights[k]; f != nil {
		if f.deadline.Before(deadline) {
			f.deadline = deadline
		}
		f.waiters++
		return f, nil
	}
	f := &flight{gate: r.o.Runtime.NewGate(), deadline: deadline, waiters: 1}
	r.flights[k] = f
	r.o.Runtime.Go(func() { r.fly(k, f) })
	return f, nil
}

// leave takes a waiter off a flight. One that nobody waits for asks no more, and
// who comes later starts another.
func (r *Resolver) leave(k key, f *flight) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.waiters--; f.waiters > 0 || f.landed {
		return
	}
	f.deadline = time.Time{}
	if r.flights[k] == f {
		delete(r.flights, k)
	}
}

// fly fetches an answer, keeps it and lets the waiters go.
func (r *Resolver) fly(k key, f *flight) {
	f.code = ServerFailure // should the task be unwound on its way
	defer func() {
		r.mu.Lock()
		f.landed = true
		if r.flights[k] == f {
			delete(r.flights, k)
		}
		if f.code == 0 {
			now := r.o.Runtime.Now()
			valid := f.value.ttl
			if r.o.Valid > 0 {
				valid = r.o.Valid
			}
			f.value.until = now.Add(max(valid, 0))
			if valid > 0 {
				r.cache.put(k, f.value, now.Add(valid), now)
			}
		}
		r.mu.Unlock()
		f.gate.Open()
	}()

	switch k.kind {
	case kindName:
		f.value, f.code = r.fetchName(k.name, f)
	case kindAddr:
		f.value, f.code = r.fetchAddr(k.name, f)
	case kindService:
		f.value, f.code = r.fetchService(k.name, f)
	}
}

// addrs returns a copy of both families: IPv4 first, or, if shuffled, either
// first and each beginning at a random address.
func (a *answer) addrs(shuffled bool) []netip.Addr {
	out := make([]netip.Addr, 0, len(a.v4)+len(a.v6))
	if !shuffled {
		return append(append(out, a.v4...), a.v6...)
	}
	first, second := a.v4, a.v6
	if rand.IntN(2) == 0 {
		first, second = second, first
	}
	return appendRotated(appendRotated(out, first), second)
}

func appendRotated(out, list []netip.Addr) []netip.Addr {
	if len(list) == 0 {
		return out
	}
	from := rand.IntN(len(list))
	return append(append(out, list[from:]...), list[:from]...)
}
