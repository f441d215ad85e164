package shm

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func newEvents(t testing.TB, size int64) *Channel {
	t.Helper()
	c, err := CreateChannel(Config{Name: "events", Tag: "hooks", Size: size})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.z.Check(); err != nil {
			t.Error(err)
		}
		c.Close()
	})
	return c
}

func openEvents(t testing.TB, c *Channel, slot int) *Channel {
	t.Helper()
	zone, event := c.Files()
	zfd, err := unix.Dup(int(zone.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	efd, err := unix.Dup(int(event.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	o, err := OpenChannel(zfd, efd, slot)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Close() })
	return o
}

func drain(s *Subscription) (got []string) {
	s.Drain(func(m Message) {
		line := fmt.Sprintf("%d %s %s", m.Seq, m.Topic, m.Data)
		if m.Missed > 0 {
			line += fmt.Sprintf(" missed %d", m.Missed)
		}
		got = append(got, line)
	})
	return got
}

func wantMessages(t testing.TB, s *Subscription, want ...string) {
	t.Helper()
	if got := drain(s); !slices.Equal(got, want) {
		t.Errorf("%v: %q, want %q", s, got, want)
	}
}

func publish(t testing.TB, c *Channel, to Target, topic, data string) {
	t.Helper()
	if _, err := c.Publish(to, topic, []byte(data)); err != nil {
		t.Fatal(err)
	}
}

func TestChannelStarts(t *testing.T) {
	c := newEvents(t, 32<<10)
	publish(t, c, ToAll(), "a", "1")
	publish(t, c, ToAll(), "b", "2")
	publish(t, c, ToAll(), "a", "3")
	now := openEvents(t, c, 1).Subscribe(1, FromNow)
	newest := openEvents(t, c, 2).Subscribe(1, FromNewest)
	oldest := openEvents(t, c, 3).Subscribe(1, FromOldest)
	last := openEvents(t, c, 4)
	s := last.Subscribe(1, FromLast)
	wantMessages(t, s, "1 a 1", "2 b 2", "3 a 3")
	publish(t, c, ToAll(), "", "")
	wantMessages(t, now, "4  ")
	wantMessages(t, newest, "2 b 2", "3 a 3", "4  ")
	wantMessages(t, oldest, "1 a 1", "2 b 2", "3 a 3", "4  ")
	wantMessages(t, oldest)
	last.Close()
	wantMessages(t, openEvents(t, c, 4).Subscribe(1, FromLast), "4  ")
}

func TestChannelTargets(t *testing.T) {
	c := newEvents(t, 32<<10)
	old := openEvents(t, c, 1).Subscribe(1, FromNow)
	fresh := openEvents(t, c, 2).Subscribe(2, FromNow)
	publish(t, c, ToSlot(1), "one", "x")
	publish(t, c, c.ToNewest(), "new", "y")
	publish(t, c, ToGeneration(1), "old", "z")
	publish(t, c, ToAll(), "all", "!")
	wantMessages(t, old, "1 one x", "3 old z", "4 all !")
	wantMessages(t, fresh, "2 new y", "4 all !")
	wantMessages(t, openEvents(t, c, 3).Subscribe(2, FromOldest), "2 new y", "4 all !")
}

func TestChannelGap(t *testing.T) {
	c := newEvents(t, 16<<10)
	s := openEvents(t, c, 1).Subscribe(1, FromNow)
	data := strings.Repeat("d", 1000)
	n := 0
	for range 100 {
		publish(t, c, ToAll(), "", data)
		n++
	}
	held := c.z.load64(c.root+chSize) / recordSize(0, 1000)
	var first Message
	seen := 0
	missed := s.Drain(func(m Message) {
		if seen == 0 {
			first = m
		}
		if string(m.Data) != data {
			t.Error("message is damaged")
		}
		seen++
	})
	if uint64(seen) != held || missed != uint64(n)-held || first.Missed != missed {
		t.Errorf("%d seen, %d missed, told %d; the ring holds %d", seen, missed, first.Missed, held)
	}
	// A gap with nothing behind it for this reader is told as well.
	publish(t, c, ToAll(), "", "small")
	for range 100 {
		publish(t, c, ToSlot(9), "", data)
	}
	if missed := s.Drain(func(Message) { t.Error("unexpected message") }); missed == 0 {
		t.Error("gap not told")
	}
}

func TestChannelLimits(t *testing.T) {
	c := newEvents(t, 16<<10)
	size := int(c.z.load64(c.root + chSize))
	if _, err := c.Publish(ToAll(), "", make([]byte, size)); !errors.Is(err, ErrMessageTooLarge) {
		t.Error(err)
	}
	if _, err := c.Publish(ToAll(), strings.Repeat("t", 256), nil); !errors.Is(err, ErrMessageTooLarge) {
		t.Error(err)
	}
	s := c.Subscribe(1, FromNow)
	for n := range 300 {
		publish(t, c, ToAll(), strings.Repeat("t", n%256), strings.Repeat("x", (n*37)%(size-300)))
		if got := drain(s); len(got) != 1 {
			t.Fatalf("message %d: %d received", n, len(got))
		}
	}
	if _, err := CreateChannel(Config{Name: "events", Size: 4 << 10}); !errors.Is(err, ErrTooSmall) {
		t.Error(err)
	}
	if _, err := NewDict(c.z); !errors.Is(err, ErrWrongKind) {
		t.Error(err)
	}
}

func TestChannelReentrancy(t *testing.T) {
	c := newEvents(t, 16<<10)
	s := c.Subscribe(1, FromNow)
	publish(t, c, ToAll(), "", "first")
	var got []string
	s.Drain(func(m Message) {
		got = append(got, string(m.Data))
		s.Drain(func(Message) { t.Error("Drain within Drain") })
		if string(m.Data) == "first" {
			publish(t, c, ToAll(), "", "second")
		}
		if string(m.Data) != got[len(got)-1] {
			t.Error("publishing damaged the message that is read")
		}
	})
	if !slices.Equal(got, []string{"first", "second"}) {
		t.Error(got)
	}
}

// A message whose callback never returned is kept from the successors in the
// slot, wherever they start; all others get it.
func TestChannelPoison(t *testing.T) {
	for _, from := range []Start{FromLast, FromOldest, FromNewest} {
		c := newEvents(t, 16<<10)
		living := openEvents(t, c, 2).Subscribe(1, FromNow)
		victim := openEvents(t, c, 1)
		s := victim.Subscribe(1, FromNow)
		publish(t, c, ToAll(), "hook", "good")
		publish(t, c, ToAll(), "hook", "poison")
		publish(t, c, ToAll(), "late", "fine")
		func() {
			defer func() { recover() }()
			s.Drain(func(m Message) {
				if string(m.Data) == "poison" {
					panic("the end of this worker")
				}
			})
		}()
		victim.Close() // the slot is free, the zone still says what ran
		next := openEvents(t, c, 1).Subscribe(1, from)
		if next.Skipped() != 2 {
			t.Errorf("start %d: skipped %d", from, next.Skipped())
		}
		want := []string{"1 hook good", "3 late fine"}
		if from == FromLast {
			want = want[1:]
		}
		wantMessages(t, next, want...)
		wantMessages(t, living, "1 hook good", "2 hook poison", "3 late fine")
		if s := openEvents(t, c, 5).Subscribe(1, FromOldest); s.Skipped() != 0 {
			t.Error("another slot is told of the death")
		} else {
			wantMessages(t, s, "1 hook good", "2 hook poison", "3 late fine")
		}
		if from == FromOldest {
			next.c.Close()
			wantMessages(t, openEvents(t, c, 1).Subscribe(1, from), want...)
		}
	}
}

func TestChannelWakes(t *testing.T) {
	c := newEvents(t, 16<<10)
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(ep)
	ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET}
	if err := unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, c.Descriptor(), &ev); err != nil {
		t.Fatal(err)
	}
	events := make([]unix.EpollEvent, 4)
	if n, _ := unix.EpollWait(ep, events, 0); n != 0 {
		t.Error("woken before the first message")
	}
	for range 3 {
		publish(t, c, ToAll(), "", "x")
		if n, _ := unix.EpollWait(ep, events, 1000); n != 1 {
			t.Error("not woken")
		}
		if n, _ := unix.EpollWait(ep, events, 0); n != 0 {
			t.Error("woken twice")
		}
	}
}

func TestChannelAllocates(t *testing.T) {
	c := newEvents(t, 64<<10)
	s := c.Subscribe(1, FromNow)
	data := []byte("some data")
	seen := 0
	callback := func(m Message) { seen += len(m.Data) }
	if n := testing.AllocsPerRun(100, func() {
		c.Publish(c.ToNewest(), "topic", data)
		s.Drain(callback)
	}); n != 0 {
		t.Errorf("%v allocations a message", n)
	}
	if seen != 101*len(data) {
		t.Errorf("%d bytes seen", seen)
	}
}
