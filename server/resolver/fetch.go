package resolver

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sort"
	"time"

	"github.com/perigee-server/perigee/server/resolver/wire"
)

const (
	// resendAfter is how long one server may take before the next is asked:
	// nginx's resend_timeout and tcp_timeout.
	resendAfter = 5 * time.Second
	// maxChain bounds the CNAMEs that are followed: NGX_RESOLVER_MAX_RECURSION.
	maxChain = 50
)

var errNotOurs = errors.New("answer to another question")

// fetchName asks for both families at once. One family's addresses are enough.
func (r *Resolver) fetchName(name string, f *flight) (*answer, int) {
	a := &answer{ttl: -1}
	if r.o.IPv6Off || r.o.IPv4Off {
		list, qtype := &a.v4, wire.TypeA
		if r.o.IPv4Off {
			list, qtype = &a.v6, wire.TypeAAAA
		}
		addrs, ttl, code := r.fetchAddrs(name, qtype, f)
		*list, a.ttl = addrs, ttl
		return a, code
	}

	var v6 []netip.Addr
	var ttl6 time.Duration
	code6 := ServerFailure
	gate := r.o.Runtime.NewGate()
	r.o.Runtime.Go(func() {
		defer gate.Open()
		v6, ttl6, code6 = r.fetchAddrs(name, wire.TypeAAAA, f)
	})
	var code4 int
	a.v4, a.ttl, code4 = r.fetchAddrs(name, wire.TypeA, f)
	for {
		// The other task ends by itself when the last waiter's time is over.
		left := max(r.left(f), time.Millisecond)
		err := gate.Wait(left)
		if err == nil {
			break
		}
		if !errors.Is(err, ErrTimeout) || r.left(f) <= 0 {
			return a, code4
		}
	}
	if code6 != 0 {
		return a, code4
	}
	a.v6 = v6
	if code4 != 0 || ttl6 < a.ttl {
		a.ttl = ttl6
	}
	return a, 0
}

// fetchAddrs asks for one family and follows CNAMEs.
func (r *Resolver) fetchAddrs(name string, qtype wire.Type, f *flight) (addrs []netip.Addr, ttl time.Duration, code int) {
	records, ttl, code := r.follow(name, qtype, f)
	for _, record := range records {
		addrs = append(addrs, record.Addr)
	}
	return addrs, ttl, code
}

func (r *Resolver) fetchAddr(name string, f *flight) (*answer, int) {
	records, ttl, code := r.follow(name, wire.TypePTR, f)
	if code != 0 {
		return nil, code
	}
	return &answer{name: records[0].Target, ttl: ttl}, 0
}

func (r *Resolver) fetchService(name string, f *flight) (*answer, int) {
	records, ttl, code := r.follow(name, wire.TypeSRV, f)
	if code != 0 {
		return nil, code
	}
	sort.SliceStable(records, func(i, j int) bool { return records[i].Priority < records[j].Priority })

	a := &answer{ttl: ttl}
	found := false
	for _, record := range records {
		if record.Target == "" { // RFC 2782: there is no such service
			continue
		}
		s := Service{Target: record.Target, Port: record.Port, Priority: record.Priority, Weight: record.Weight}
		addrs, until, err := r.Addresses(record.Target, r.left(f))
		if err == nil && !until.IsZero() {
			a.ttl = min(a.ttl, max(until.Sub(r.o.Runtime.Now()), 0))
		}
		var failed *Error
		if errors.As(err, &failed) && code == 0 {
			code = failed.Code
		}
		s.Addrs = addrs
		found = found || len(addrs) > 0
		a.services = append(a.services, s)
	}
	if found {
		return a, 0
	}
	if code == 0 {
		code = HostNotFound
	}
	return nil, code
}

// follow asks for name and for whatever its CNAMEs lead to, until records of
// the wanted type are there. With code 0 there is at least one of them.
func (r *Resolver) follow(name string, qtype wire.Type, f *flight) (found []wire.Record, ttl time.Duration, code int) {
	shortest := uint32(1<<32 - 1)
	hops := 0
	for {
		m, code := r.ask(name, qtype, f)
		if code == 0 && m.RCode != 0 {
			code = m.RCode
		}
		if code != 0 {
			return nil, 0, code
		}

		asked := name
		for {
			found = found[:0]
			alias := ""
			for _, record := range m.Answers {
				if record.Name != name {
					continue
				}
				switch record.Type {
				case qtype:
					found = append(found, record)
				case wire.TypeCNAME:
					alias = record.Target
				default:
					continue
				}
				shortest = min(shortest, record.TTL)
			}
			if len(found) > 0 {
				return found, time.Duration(shortest) * time.Second, 0
			}
			if alias == "" {
				break
			}
			if hops++; hops > maxChain {
				return nil, 0, ServerFailure
			}
			name = alias
		}
		if name == asked {
			return nil, 0, HostNotFound
		}
	}
}

// left is how long somebody waits for f.
func (r *Resolver) left(f *flight) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return f.deadline.Sub(r.o.Runtime.Now())
}

func (r *Resolver) server() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.o.Servers[r.next%len(r.o.Servers)]
	r.next++
	return s
}

// ask sends one question to one server after the other until one answers or
// nobody waits any more. The code is that of a question nobody answered.
func (r *Resolver) ask(name string, qtype wire.Type, f *flight) (*wire.Message, int) {
	id := uint16(rand.Uint32())
	question := wire.Question{Name: name, Type: qtype}
	query, err := wire.AppendQuery(nil, id, name, qtype)
	if err != nil {
		return nil, FormatError
	}

	for attempt := 1; ; attempt++ {
		left := r.left(f)
		if left <= 0 {
			return nil, TimedOut
		}
		server := r.server()
		begin := r.o.Runtime.Now()
		m, err := r.exchange(server, query, id, question, min(left, resendAfter))
		if err == nil {
			return m, 0
		}
		if r.o.Report != nil {
			r.o.Report(server, err)
		}

		// Servers that fail at once must not be asked in a tight loop.
		if attempt%len(r.o.Servers) == 0 {
			wait := resendAfter - r.o.Runtime.Now().Sub(begin)
			if wait = min(wait, r.left(f)); wait > 0 {
				r.o.Runtime.Sleep(wait)
			}
		}
	}
}

// exchange asks one server, over TCP as well if the answer is cut off.
func (r *Resolver) exchange(server string, query []byte, id uint16, question wire.Question, timeout time.Duration) (*wire.Message, error) {
	for _, tcp := range []bool{false, true} {
		reply, err := r.o.Transport.Query(server, query, tcp, timeout)
		if err != nil {
			return nil, err
		}
		m, err := wire.Parse(reply)
		if err != nil {
			return nil, err
		}
		if !m.IsAnswer(id, question) {
			return nil, errNotOurs
		}
		if !m.Truncated || tcp {
			return m, nil
		}
	}
	return nil, fmt.Errorf("no whole answer from %s", server)
}
