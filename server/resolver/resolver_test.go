package resolver

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/perigee-server/perigee/server/resolver/wire"
)

// zone is a server that knows "name TYPE" → records "TYPE ttl data", or a code.
type zone struct {
	mu      sync.Mutex
	records map[string][]string
	codes   map[string]int
	delay   map[string]time.Duration // by server
	fails   map[string]error         // by server
	cut     bool                     // answers over UDP are cut off
	forged  int                      // so many answers carry another ID
	asked   []string                 // "server name TYPE", with "tcp " before it
}

var typeNames = map[wire.Type]string{wire.TypeA: "A", wire.TypeAAAA: "AAAA", wire.TypeCNAME: "CNAME", wire.TypePTR: "PTR", wire.TypeSRV: "SRV"}

func (z *zone) Query(server string, msg []byte, tcp bool, timeout time.Duration) ([]byte, error) {
	name, end := "", 12
	for msg[end] != 0 {
		n := int(msg[end])
		name += "." + string(msg[end+1:end+1+n])
		end += n + 1
	}
	name = name[1:]
	qtype := typeNames[wire.Type(binary.BigEndian.Uint16(msg[end+1:]))]

	z.mu.Lock()
	defer z.mu.Unlock()
	line := server + " " + name + " " + qtype
	if tcp {
		line = "tcp " + line
	}
	z.asked = append(z.asked, line)
	if err := z.fails[server]; err != nil {
		return nil, err
	}
	if d := z.delay[server]; d > 0 {
		z.mu.Unlock()
		time.Sleep(min(d, timeout))
		z.mu.Lock()
		if d >= timeout {
			return nil, errors.New("no answer")
		}
	}

	reply := slices.Clone(msg)
	flags := 0x8180 | z.codes[name]
	if z.cut && !tcp {
		flags |= 1 << 9
		binary.BigEndian.PutUint16(reply[2:], uint16(flags))
		return reply, nil
	}
	if z.forged > 0 {
		z.forged--
		reply[0]++
	}
	binary.BigEndian.PutUint16(reply[2:], uint16(flags))
	count := 0
	for _, r := range z.records[name+" "+qtype] {
		reply = appendRecord(reply, name, r)
		count++
	}
	binary.BigEndian.PutUint16(reply[6:], uint16(count))
	return reply, nil
}

func encode(name string) (b []byte) {
	for label := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
		if label != "" {
			b = append(append(b, byte(len(label))), label...)
		}
	}
	return append(b, 0)
}

// appendRecord encodes "[owner=name] TYPE ttl data".
func appendRecord(b []byte, owner, text string) []byte {
	words := strings.Fields(text)
	if name, found := strings.CutPrefix(words[0], "owner="); found {
		owner, words = name, words[1:]
	}
	var data []byte
	var qtype wire.Type
	for t, name := range typeNames {
		if name == words[0] {
			qtype = t
		}
	}
	var ttl uint32
	fmt.Sscan(words[1], &ttl)
	switch qtype {
	case wire.TypeA, wire.TypeAAAA:
		data = netip.MustParseAddr(words[2]).AsSlice()
	case wire.TypeSRV:
		for _, w := range words[2:5] {
			var n uint16
			fmt.Sscan(w, &n)
			data = binary.BigEndian.AppendUint16(data, n)
		}
		data = append(data, encode(words[5])...)
	default:
		data = encode(words[2])
	}
	b = append(b, encode(owner)...)
	b = binary.BigEndian.AppendUint16(b, uint16(qtype))
	b = binary.BigEndian.AppendUint16(b, 1)
	b = binary.BigEndian.AppendUint32(b, ttl)
	b = binary.BigEndian.AppendUint16(b, uint16(len(data)))
	return append(b, data...)
}

func newZone() *zone {
	return &zone{
		records: map[string][]string{
			"a.test A":                  {"A 60 10.0.0.1", "A 30 10.0.0.2", "A 90 10.0.0.3"},
			"a.test AAAA":               {"AAAA 40 2001:db8::1"},
			"four.test A":               {"A 60 10.0.0.4"},
			"six.test AAAA":             {"AAAA 60 2001:db8::6"},
			"brief.test A":              {"A 0 10.0.0.5"},
			"www.test A":                {"owner=mid.test A 50 10.0.0.9", "CNAME 20 MID.test"},
			"far.test A":                {"CNAME 300 further.test"},
			"further.test A":            {"CNAME 300 four.test"},
			"loop.test A":               {"CNAME 300 loop2.test"},
			"loop2.test A":              {"CNAME 300 loop.test"},
			"self.test A":               {"CNAME 300 self.test"},
			"liar.test A":               {"owner=other.test A 300 10.6.6.6"},
			"odd.test A":                {"CNAME 300 a\\b.test"},
			"1.0.0.10.in-addr.arpa PTR": {"PTR 60 Host.Test."},
			"_http._tcp.test SRV":       {"SRV 60 20 5 8081 six.test", "SRV 60 10 1 8080 four.test", "SRV 60 30 1 1 gone.test"},
			"_none._tcp.test SRV":       {"SRV 60 0 0 0 ."},
			"_gone._tcp.test SRV":       {"SRV 60 0 0 0 gone.test"},
		},
		codes: map[string]int{"gone.test": 3, "broken.test": 2, "refused.test": 5, "strange.test": 9, "format.test": 1, "not.test": 4},
	}
}

func addrs(list ...string) (out []netip.Addr) {
	for _, s := range list {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}

// in runs a test with simulated time, in which sleeping costs nothing.
func in(t *testing.T, f func(t *testing.T, z *zone, r *Resolver), change ...func(*Options)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		z := newZone()
		o := Options{Servers: []string{"s1"}, Transport: z}
		for _, c := range change {
			c(&o)
		}
		f(t, z, New(o))
		synctest.Wait()
	})
}

func wantError(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || err.Error() != text {
		t.Errorf("got %v, want %s", err, text)
	}
}

func TestResolve(t *testing.T) {
	in(t, func(t *testing.T, z *zone, r *Resolver) {
		got, err := r.Resolve("A.Test.", time.Second)
		if err != nil || !slices.Equal(got, addrs("10.0.0.1", "10.0.0.2", "10.0.0.3", "2001:db8::1")) {
			t.Fatalf("got %v, %v", got, err)
		}
		for _, name := range []string{"four.test", "six.test"} {
			if got, err := r.Resolve(name, time.Second); err != nil || len(got) != 1 {
				t.Errorf("%s: %v, %v", name, got, err)
			}
		}
		slices.Sort(z.asked[:2])
		if want := []string{"s1 a.test A", "s1 a.test AAAA"}; !slices.Equal(z.asked[:2], want) {
			t.Errorf("asked %v", z.asked)
		}
	})
}

func TestOneFamily(t *testing.T) {
	in(t, func(t *testing.T, z *zone, r *Resolver) {
		got, err := r.Resolve("a.test", time.Second)
		if err != nil || len(got) != 3 || len(z.asked) != 1 {
			t.Errorf("got %v, %v, asked %v", got, err, z.asked)
		}
		_, err = r.Resolve("six.test", time.Second)
		wantError(t, err, "six.test could not be resolved (3: Host not found)")
	}, func(o *Options) { o.IPv6Off = true })
	in(t, func(t *testing.T, z *zone, r *Resolver) {
		got, err := r.Resolve("a.test", time.Second)
		if err != nil || !slices.Equal(got, addrs("2001:db8::1")) || len(z.asked) != 1 {
			t.Errorf("got %v, %v, asked %v", got, err, z.asked)
		}
	}, func(o *Options) { o.IPv4Off = true })
}

func TestLiterals(t *testing.T) {
	in(t, func(t *testing.T, z *zone, r *Resolver) {
		for _, name := range []string{"127.0.0.1", "::1", "[::1]"} {
			if got, err := r.Resolve(name, time.Second); err != nil || len(got) != 1 {
				t.Errorf("%s: %v, %v", name, got, err)
			}
		}
		if len(z.asked) != 0 {
			t.Errorf("asked %v", z.asked)
		}
	})
}

// An answer is kept for the shortest of its TTLs, or as long as valid= says.
func TestKeeping(t *testing.T) {
	for _, c := range []struct{ valid, life time.Duration }{{0, 30 * time.Second}, {5 * time.Second, 5 * time.Second}, {time.Hour, time.Hour}} {
		in(t, func(t *testing.T, z *zone, r *Resolver) {
			for _, step := range []struct {
				wait  time.Duration
				asked int
			}{{0, 2}, {c.life - time.Second, 2}, {time.Second, 4}} {
				time.Sleep(step.wait)
				if _, err := r.Resolve("a.test", time.Second); err != nil || len(z.asked) != step.asked {
					t.Errorf("valid %v: %v, asked %v", c.valid, err, z.asked)
				}
			}
		}, func(o *Options) { o.Valid = c.valid })
	}
}

func TestZeroTTLIsNotKept(t *testing.T) {
	in(t, func(t *testing.T, z *zone, r *Resolver) {
		for range 2 {
			if _, err := r.Resolve("brief.test", time.Second); err != nil {
				t.Error(err)
			}
		}
		if len(z.asked) != 4 {
			t.Errorf("asked %v", z.asked)
		}
	})
}

func TestKeptAnswersRotate(t *testing.T) {
	in(t, func(t *testing.T, z *zone, r *Resolver) {
		first, err := r.Resolve("a.test", time.Second)
		if err != nil {
			t.Fatal(err)
		}
		sorted := slices.SortedFunc(slices.Values(first), netip.Addr.Compare)
		leads := map[netip.Addr]int{}
		for range 400 {
			got, err := r.Resolve("a.test", time.Second)
			if err != nil || !slices.Equal(slices.SortedFunc(slices.Values(got), netip.Addr.Compare), sorted) {
				t.Fatalf("got %v, %v", got, err)
			}
			leads[got[0]]++
		}
		if len(leads) != 4 || leads[first[3]] < 100 || leads[first[0]] < 20 {
			t.Errorf("leading: %v", leads)
		}
	})
}

func TestAskedOnce(t *testing.T) {
	in(t, func(t *testing.T, z *zone, r *Resolver) {
		z.delay = map[string]time.Duration{"s1": time.Second}
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if got, err := r.Resolve("a.test", 2*time.Second); err != nil || len(got) != 4 {
					t.Errorf("got %v, %v", got, err)
				}
			})
		}
		all.Wait()
		if len(z.asked) != 2 {
			t.Errorf("asked %v", z.asked)
		}
	})
}

func TestAliases(t *testing.T) {
	in(t, func(t *testing.T, z *zone, r *Resolver) {
		if got, err := r.Resolve("www.test", time.Second); err != nil || !slices.Equal(got, addrs("10.0.0.9")) || len(z.asked) != 1 {
			t.Errorf("got %v, %v, asked %v", got, err, z.asked)
		}
		if got, err := r.Resolve("far.test", time.Second); err != nil || !slices.Equal(got, addrs("10.0.0.4")) {
			t.Errorf("got %v, %v", got, err)
		}
		time.Sleep(21 * time.Second)
		z.asked = nil
		if _, err := r.Resolve("www.test", time.Second); err != nil || len(z.asked) != 1 {
			t.Errorf("the alias's TTL does not count: %v, asked %v", err, z.asked)
		}
		for name, text := range map[string]string{
			"loop.test": "loop.test could not be resolved (2: Server failure)",
			"self.test": "self.test could not be resolved (2: Server failure)",
			"liar.test": "liar.test could not be resolved (3: Host not found)",
			"odd.test":  "odd.test could not be resolved (1: Format error)",
		} {
			_, err := r.Resolve(name, time.Second)
			wantError(t, err, text)
		}
	}, func(o *Options) { o.IPv6Off = true })
}

func TestErrors(t *testing.T) {
	in(t, func(t *testing.T, z *zone, r *Resolver) {
		for name, text := range map[string]string{
			"gone.test":    "gone.test could not be resolved (3: Host not found)",
			"Nothing.test": "Nothing.test could not be resolved (3: Host not found)",
			"broken.test":  "broken.test could not be resolved (2: Server failure)",
			"refused.test": "refused.test could not be resolved (5: Operation refused)",
			"format.test":  "format.test could not be resolved (1: Format error)",
			"not.test":     "not.test could not be resolved (4: Unimplemented)",
			"strange.test": "strange.test could not be resolved (9: Unknown error)",
			"":             " could not be resolved (1: Format error)",
			"a..test":      "a..test could not be resolved (1: Format error)",
		} {
			_, err := r.Resolve(name, time.Second)
			wantError(t, err, text)
		}
		// Nothing of this is kept.
		z.asked, z.codes = nil, nil
		z.records["gone.test A"] = []string{"A 1 10.0.0.7"}
		if _, err := r.Resolve("gone.test", time.Second); err != nil || len(z.asked) != 2 {
			t.Errorf("%v, asked %v", err, z.asked)
		}
	})
}

func TestTimeout(t *testing.T) {
	in(t, func(t *testing.T, z *zone, r *Resolver) {
		z.delay = map[string]time.Duration{"s1": time.Hour}
		start := time.Now()
		_, err := r.Resolve("a.test", 1500*time.Millisecond)
		wantError(t, err, "a.test could not be resolved (110: Operation timed out)")
		if d := time.Since(start); d != 1500*time.Millisecond {
			t.Errorf("after %v", d)
		}
	})
}

func TestNextServer(t *testing.T) {
	in(t, func(t *testing.T, z *zone, r *Resolver) {
		z.delay = map[string]time.Duration{"s1": time.Hour}
		start := time.Now()
		got, err := r.Resolve("four.test", 30*time.Second)
		if err != nil || len(got) != 1 || time.Since(start) != 5*time.Second {
			t.Errorf("got %v, %v after %v", got, err, time.Since(start))
		}
	}, func(o *Options) { o.Servers, o.IPv6Off = []string{"s1", "s2"}, true })
}

// Servers that refuse at once are asked every five seconds, not in a loop.
func TestFailingServers(t *testing.T) {
	var reports []string
	in(t, func(t *testing.T, z *zone, r *Resolver) {
		refused := errors.New("connection refused")
		z.fails = map[string]error{"s1": refused, "s2": refused}
		_, err := r.Resolve("a.test", 12*time.Second)
		wantError(t, err, "a.test could not be resolved (110: Operation timed out)")
		synctest.Wait()
		if len(z.asked) != 6 || len(reports) != 6 || reports[0] != "s1: connection refused" {
			t.Errorf("asked %v, reports %v", z.asked, reports)
		}
	}, func(o *Options) {
		o.Servers, o.IPv6Off = []string{"s1", "s2"}, true
		o.Report = func(server string, err error) { reports = append(reports, server+": "+err.Error()) }
	})
}

// Who waits longer than the first is served although the first went away.
func TestPatientWaiter(t *testing.T) {
	in(t, func(t *testing.T, z *zone, r *Resolver) {
		z.delay = map[string]time.Duration{"s1": 3 * time.Second}
		var all sync.WaitGroup
		all.Go(func() {
			_, err := r.Resolve("four.test", time.Second)
			wantError(t, err, "four.test could not be resolved (110: Operation timed out)")
		})
		all.Go(func() {
			time.Sleep(500 * time.Millisecond)
			if got, err := r.Resolve("four.test", 20*time.Second); err != nil || len(got) != 1 {
				t.Errorf("got %v, %v", got, err)
			}
		})
		all.Wait()
	}, func(o *Options) { o.IPv6Off = true })
}

// One family's failure does not spoil the other's addresses.
func TestHalfAnAnswer(t *testing.T) {
	for failing, want := range map[wire.Type][]netip.Addr{
		wire.TypeAAAA: addrs("10.0.0.1", "10.0.0.2", "10.0.0.3"),
		wire.TypeA:    addrs("2001:db8::1"),
	} {
		in(t, func(t *testing.T, z *zone, r *Resolver) {
			r.o.Transport = halfTransport{z, failing}
			if got, err := r.Resolve("a.test", time.Second); err != nil || !slices.Equal(got, want) {
				t.Errorf("without type %d: %v, %v", failing, got, err)
			}
			_, err := r.Resolve("gone.test", time.Second)
			var e *Error
			if !errors.As(err, &e) || e.Code != ServerFailure && e.Code != HostNotFound {
				t.Errorf("got %v", err)
			}
		})
	}
}

// halfTransport answers to one type with a failure.
type halfTransport struct {
	z       *zone
	failing wire.Type
}

func (h halfTransport) Query(server string, msg []byte, tcp bool, timeout time.Duration) ([]byte, error) {
	if wire.Type(msg[len(msg)-3]) != h.failing {
		return h.z.Query(server, msg, tcp, timeout)
	}
	reply := slices.Clone(msg)
	binary.BigEndian.PutUint16(reply[2:], 0x8180|ServerFailure)
	return reply, nil
}

func TestTruncatedAnswer(t *testing.T) {
	in(t, func(t *testing.T, z *zone, r *Resolver) {
		z.cut = true
		got, err := r.Resolve("four.test", time.Second)
		if err != nil || len(got) != 1 || !slices.Equal(z.asked, []string{"s1 four.test A", "tcp s1 four.test A"}) {
			t.Errorf("got %v, %v, asked %v", got, err, z.asked)
		}
	}, func(o *Options) { o.IPv6Off = true })
}

func TestForgedAnswer(t *testing.T) {
	in(t, func(t *testing.T, z *zone, r *Resolver) {
		z.forged = 1
		got, err := r.Resolve("four.test", 30*time.Second)
		if err != nil || len(got) != 1 || len(z.asked) != 2 {
			t.Errorf("got %v, %v, asked %v", got, err, z.asked)
		}
	}, func(o *Options) { o.IPv6Off = true })
}

func TestResolveAddr(t *testing.T) {
	in(t, func(t *testing.T, z *zone, r *Resolver) {
		name, err := r.ResolveAddr(netip.MustParseAddr("10.0.0.1"), time.Second)
		if err != nil || name != "host.test" {
			t.Errorf("got %q, %v", name, err)
		}
		_, err = r.ResolveAddr(netip.MustParseAddr("10.0.0.2"), time.Second)
		wantError(t, err, "10.0.0.2 could not be resolved (3: Host not found)")
	})
}

func TestResolveService(t *testing.T) {
	in(t, func(t *testing.T, z *zone, r *Resolver) {
		got, err := r.ResolveService("_http._tcp.test", time.Second)
		if err != nil || len(got) != 3 {
			t.Fatalf("got %v, %v", got, err)
		}
		if s := got[0]; s.Target != "four.test" || s.Port != 8080 || s.Priority != 10 || s.Weight != 1 || !slices.Equal(s.Addrs, addrs("10.0.0.4")) {
			t.Errorf("first %+v", s)
		}
		if s := got[1]; s.Port != 8081 || !slices.Equal(s.Addrs, addrs("2001:db8::6")) {
			t.Errorf("second %+v", s)
		}
		if s := got[2]; s.Target != "gone.test" || len(s.Addrs) != 0 {
			t.Errorf("third %+v", s)
		}
		for _, name := range []string{"_none._tcp.test", "_gone._tcp.test", "_unknown._tcp.test"} {
			_, err := r.ResolveService(name, time.Second)
			wantError(t, err, name+" could not be resolved (3: Host not found)")
		}
	})
}

// cancelled is a Runtime whose waiters are cancelled.
type cancelled struct{ Goroutines }

var errCancelled = errors.New("cancelled")

type cancelledGate struct{ Gate }

func (cancelledGate) Wait(time.Duration) error { return errCancelled }

func (c cancelled) NewGate() Gate { return cancelledGate{c.Goroutines.NewGate()} }

func TestCancelledWaiter(t *testing.T) {
	in(t, func(t *testing.T, z *zone, r *Resolver) {
		if _, err := r.Resolve("four.test", time.Second); !errors.Is(err, errCancelled) {
			t.Errorf("got %v", err)
		}
	}, func(o *Options) { o.Runtime = cancelled{} })
}

func TestUnusedAnswersAreDropped(t *testing.T) {
	in(t, func(t *testing.T, z *zone, r *Resolver) {
		for i := range 100 {
			name := fmt.Sprintf("n%d.test", i)
			z.records[name+" A"] = []string{"A 10 10.0.0.1"}
			if _, err := r.Resolve(name, time.Second); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(r.cache.entries); n != 100 {
			t.Fatalf("%d are kept", n)
		}
		time.Sleep(time.Minute)
		for range 60 {
			if _, err := r.Resolve("n1.test", time.Second); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(r.cache.entries); n != 1 || r.cache.order.Len() != 1 {
			t.Errorf("%d are kept, %d in order", n, r.cache.order.Len())
		}
	}, func(o *Options) { o.IPv6Off = true })
}

func TestCacheIsBounded(t *testing.T) {
	var c cache
	now := time.Now()
	for i := range maxEntries + 10 {
		c.put(key{kindName, fmt.Sprint(i)}, &answer{}, now.Add(time.Hour), now)
	}
	if len(c.entries) != maxEntries || c.get(key{kindName, "9"}, now) != nil || c.get(key{kindName, "10"}, now) == nil {
		t.Errorf("%d entries", len(c.entries))
	}
}

// TestUntil: a follower of a name learns until when the answer holds; for SRV
// records that is the soonest end of the records and of the targets' addresses.
func TestUntil(t *testing.T) {
	in(t, func(t *testing.T, z *zone, r *Resolver) {
		begin := time.Now()
		for range 2 {
			got, until, err := r.Addresses("a.test", time.Second)
			if err != nil || !slices.Equal(got, addrs("10.0.0.1", "10.0.0.2", "10.0.0.3", "2001:db8::1")) || until != begin.Add(30*time.Second) {
				t.Errorf("%v until %v, %v", got, until.Sub(begin), err)
			}
			time.Sleep(10 * time.Second)
		}
		if _, until, err := r.Addresses("brief.test", time.Second); err != nil || until != time.Now() {
			t.Errorf("%v, %v", until, err)
		}
		if got, until, err := r.Addresses("::1", time.Second); err != nil || len(got) != 1 || !until.IsZero() {
			t.Errorf("%v until %v, %v", got, until, err)
		}
		if _, _, err := r.Addresses("gone.test", time.Second); err == nil {
			t.Error("an address of a name that does not exist")
		}
	})
	in(t, func(t *testing.T, z *zone, r *Resolver) {
		z.records["four.test A"] = []string{"A 15 10.0.0.4"}
		begin := time.Now()
		list, until, err := r.Services("_http._tcp.test", time.Second)
		if err != nil || len(list) != 3 || until != begin.Add(15*time.Second) {
			t.Errorf("%v until %v, %v", list, until.Sub(begin), err)
		}
	})
	in(t, func(t *testing.T, z *zone, r *Resolver) {
		if _, until, err := r.Addresses("a.test", time.Second); err != nil || until != time.Now().Add(5*time.Second) {
			t.Errorf("valid= gives %v, %v", until, err)
		}
	}, func(o *Options) { o.Valid = 5 * time.Second })
}

// goneGate is a gate whose waiter is cancelled at once.
type goneGate struct{ Gate }

func (g goneGate) Wait(time.Duration) error { return errGone }

var errGone = errors.New("the client has gone")

// impatient is a Runtime whose first waiter is cancelled.
type impatient struct {
	Goroutines
	gates int
}

func (r *impatient) NewGate() Gate {
	r.gates++
	if r.gates == 1 {
		return goneGate{r.Goroutines.NewGate()}
	}
	return r.Goroutines.NewGate()
}

// A flight that everybody has left is not joined again.
func TestLeave(t *testing.T) {
	z := &zone{records: map[string][]string{"a.test A": {"A 60 192.0.2.1"}}, delay: map[string]time.Duration{"s": 50 * time.Millisecond}}
	r := New(Options{Servers: []string{"s"}, IPv6Off: true, Transport: z, Runtime: &impatient{}})
	if _, err := r.Resolve("a.test", time.Second); err != errGone {
		t.Fatalf("got %v", err)
	}
	r.mu.Lock()
	flights := len(r.flights)
	r.mu.Unlock()
	if flights != 0 {
		t.Fatalf("%d flights are left", flights)
	}
	if addrs, err := r.Resolve("a.test", time.Second); err != nil || len(addrs) != 1 {
		t.Fatalf("got %v, %v", addrs, err)
	}
}
