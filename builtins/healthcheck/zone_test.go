package healthcheck

import (
	"strings"
	"testing"
	"time"

	"github.com/perigee-server/perigee/server/upstream"
	"github.com/perigee-server/perigee/shm"
)

// TestTake: as many probes in a row as asked for change the state, and a single
// one of the other kind begins the row anew.
func TestTake(t *testing.T) {
	r := record{Healthy: true}
	outcome := func(probes string) (states string) {
		for _, c := range probes {
			reason := ""
			if c == 'f' {
				reason = "x"
			}
			r.take(reason, 3, 2)
			if r.Healthy {
				states += "+"
			} else {
				states += "-"
			}
		}
		return states
	}
	if got := outcome("ppffpfff" + "pfppff" + "p"); got != "+++++++-"+"---+++"+"+" {
		t.Errorf("states %s", got)
	}
	if r.Checks != 15 || r.Fails != 8 || r.Unhealthy != 1 || !r.Passed || r.Reason != "" {
		t.Errorf("%+v", r)
	}
}

// TestStore: a record comes back as it was stored until its life is over, and
// what is none is not taken for one.
func TestStore(t *testing.T) {
	sh, err := shm.Create(shm.Config{Name: "z", Tag: "t", Size: 64 << 10, Slot: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer sh.Close()
	z := &zone{shared: sh}
	if z.dict, err = shm.NewDict(sh); err != nil {
		t.Fatal(err)
	}
	if z.changes, err = sh.Counter("changes"); err != nil {
		t.Fatal(err)
	}
	want := record{Healthy: true, Row: 2, Checks: 1 << 40, Fails: 3, Unhealthy: 4, Reason: strings.Repeat("why ", 9)}
	if err := z.store("g", "p", want, 50*time.Millisecond, false); err != nil {
		t.Fatal(err)
	}
	if got, ok := z.load("g", "p"); !ok || got != want {
		t.Errorf("%+v, %v", got, ok)
	}
	if _, ok := z.load("gp", ""); ok {
		t.Error("another name has the record")
	}
	if n := z.changes.Load(); n != 0 {
		t.Errorf("%d changes", n)
	}
	z.store("g", "p", want, 50*time.Millisecond, true)
	if n := z.changes.Load(); n != 1 {
		t.Errorf("%d changes", n)
	}
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, ok := z.load("g", "p"); !ok {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the record does not expire")
		}
	}
	for _, v := range []shm.Value{shm.NumberValue(1), shm.StringValue("{"), shm.StringValue(`[1]`)} {
		z.dict.Set(key("g", "p"), v, 0, 0)
		if _, ok := z.load("g", "p"); ok {
			t.Errorf("%+v is a record", v)
		}
	}
}

// FuzzSet: no parameter panics, and what is accepted keeps to its bounds.
func FuzzSet(f *testing.F) {
	for _, s := range []string{"interval=5s", "jitter=100ms", "timeout=1", "fails=3", "passes=2", "uri=/x", "port=80", "type=tcp", "type=http", "mandatory", "port=65536", "uri=/a b", "interval=0", "mandatory="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		k := &check{interval: 1, timeout: 1, fails: 1, passes: 1, uri: "/"}
		if !k.set(s) {
			return
		}
		if k.interval <= 0 || k.timeout <= 0 || k.jitter < 0 || k.fails < 1 || k.passes < 1 || k.port < 0 || k.port > 65535 || strings.ContainsAny(k.uri, " \r\n") || k.uri[0] != '/' {
			t.Errorf("%q gives %+v", s, k)
		}
	})
}

// TestRefreshCostsNothing: a request reads one number while nothing has changed,
// and learns of all that has.
func TestRefreshCostsNothing(t *testing.T) {
	sh, err := shm.Create(shm.Config{Name: "z", Tag: "t", Size: 64 << 10, Slot: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer sh.Close()
	z := &zone{shared: sh}
	if z.dict, err = shm.NewDict(sh); err != nil {
		t.Fatal(err)
	}
	if z.changes, err = sh.Counter("changes"); err != nil {
		t.Fatal(err)
	}
	p := &upstream.Peer{Name: "a"}
	k := &check{group: &upstream.Group{Name: "g", Peers: []*upstream.Peer{p}}, zone: z, seen: -1}
	see := func(what string, unhealthy bool) {
		t.Helper()
		if k.refresh(); p.Unhealthy != unhealthy {
			t.Errorf("%s: unhealthy is %v", what, p.Unhealthy)
		}
	}
	see("unknown", false)
	z.store("g", "a", record{}, time.Minute, true)
	see("announced", true)
	z.store("g", "a", record{Healthy: true}, time.Minute, false)
	see("not announced", true)
	k.group.Version++
	see("other peers", false)
	k.mandatory = true
	k.group.Peers[0] = &upstream.Peer{Name: "b"}
	p = k.group.Peers[0]
	k.group.Version++
	see("a new peer, mandatory", true)
	if n := testing.AllocsPerRun(100, k.refresh); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
