package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"testing"
)

// answer builds a message: the query for name with the response bit, the code
// and the given records.
func answer(t testing.TB, name string, qtype Type, rcode int, records ...[]byte) []byte {
	t.Helper()
	msg, err := AppendQuery(nil, 0x1234, name, qtype)
	if err != nil {
		t.Fatal(err)
	}
	binary.BigEndian.PutUint16(msg[2:], uint16(0x8180|rcode))
	binary.BigEndian.PutUint16(msg[6:], uint16(len(records)))
	return append(msg, bytes.Join(records, nil)...)
}

// record builds a record whose owner is given as encoded.
func record(owner string, t Type, ttl uint32, data string) []byte {
	b := []byte(owner)
	b = binary.BigEndian.AppendUint16(b, uint16(t))
	b = append(b, 0, 1)
	b = binary.BigEndian.AppendUint32(b, ttl)
	b = binary.BigEndian.AppendUint16(b, uint16(len(data)))
	return append(b, data...)
}

const question = "\xc0\x0c" // a pointer to the question's name

func TestQuery(t *testing.T) {
	msg, err := AppendQuery([]byte("xx"), 0xabcd, "WWW.Example.com.", TypeAAAA)
	want := "xx\xab\xcd\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07example\x03com\x00\x00\x1c\x00\x01"
	if err != nil || string(msg) != want {
		t.Errorf("got %q, %v", msg, err)
	}
}

func TestNamesThatCanNotBeAsked(t *testing.T) {
	long := strings.Repeat("a", 63)
	for _, name := range []string{"", ".", "..", ".a", "a..b", "a..", "a b", "a\\", "\x00", "\xc3\xa9", long + "a", long + "." + long + "." + long + "." + long} {
		if msg, err := AppendQuery([]byte("x"), 1, name, TypeA); !errors.Is(err, ErrName) || string(msg) != "x" {
			t.Errorf("%q: %q, %v", name, msg, err)
		}
	}
	for _, name := range []string{"a", "a.", long, "_http._tcp.a", long + "." + long + "." + long + "." + long[:61]} {
		if _, err := AppendQuery(nil, 1, name, TypeA); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestAnswers(t *testing.T) {
	m, err := Parse(answer(t, "a.example", TypeA, 0,
		record(question, TypeCNAME, 60, "\x01B\xc0\x0e"),
		record("\x01b\xc0\x0e", TypeA, 30, "\x0a\x00\x00\x01"),
		record("\x01b\xc0\x0e", TypeAAAA, 1<<31, "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"),
		record(question, TypeSRV, 5, "\x00\x01\x00\x02\x1f\x90\x03srv\xc0\x0e"),
		record(question, TypePTR, 5, "\x02p.\x03q\\\x00\x00"),
		record(question, 16, 5, "\x03txt"),
	))
	if err != nil {
		t.Fatal(err)
	}
	if m.ID != 0x1234 || m.RCode != 0 || m.Truncated || m.Question != (Question{"a.example", TypeA}) || len(m.Answers) != 6 {
		t.Fatalf("got %+v", m)
	}
	a := m.Answers
	if a[0].Name != "a.example" || a[0].Target != "b.example" || a[0].TTL != 60 {
		t.Errorf("CNAME %+v", a[0])
	}
	if a[1].Name != "b.example" || a[1].Addr != netip.MustParseAddr("10.0.0.1") {
		t.Errorf("A %+v", a[1])
	}
	if a[2].Addr != netip.MustParseAddr("2001:db8::1") || a[2].TTL != 0 {
		t.Errorf("AAAA %+v", a[2])
	}
	if a[3].Priority != 1 || a[3].Weight != 2 || a[3].Port != 8080 || a[3].Target != "srv.example" {
		t.Errorf("SRV %+v", a[3])
	}
	if a[4].Target != `p\..q\\\000` {
		t.Errorf("PTR %+v", a[4])
	}
	if string(a[5].Data) != "\x03txt" {
		t.Errorf("TXT %+v", a[5])
	}
}

func TestOtherClassesAreLeftOut(t *testing.T) {
	r := record(question, TypeA, 1, "\x0a\x00\x00\x01")
	r[5] = 3 // CHAOS
	m, err := Parse(answer(t, "a", TypeA, 0, r))
	if err != nil || len(m.Answers) != 0 {
		t.Errorf("got %+v, %v", m, err)
	}
}

func TestTruncated(t *testing.T) {
	msg := answer(t, "a", TypeA, 0)
	msg[2] |= 2
	msg[7] = 9
	m, err := Parse(msg)
	if err != nil || !m.Truncated {
		t.Errorf("got %+v, %v", m, err)
	}
}

func TestMalformed(t *testing.T) {
	good := answer(t, "a.b", TypeA, 0, record(question, TypeA, 1, "\x0a\x00\x00\x01"))
	for n := range good {
		if _, err := Parse(good[:n]); !errors.Is(err, ErrMalformed) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	change := func(at int, b ...byte) []byte {
		msg := bytes.Clone(good)
		copy(msg[at:], b)
		return msg
	}
	for name, msg := range map[string][]byte{
		"query":           change(2, 1),
		"opcode":          change(2, 0x90),
		"no question":     change(5, 0),
		"two questions":   change(5, 2),
		"question class":  change(20, 3),
		"label type":      change(12, 0x40),
		"pointer forward": change(21, 0xc0, 30),
		"pointer to self": change(21, 0xc0, 21),
		"loop":            answer(t, "a", TypeA, 0, record("\x01b\xc0\x13", TypeA, 1, "abcd")),
		"missing record":  change(7, 2),
		"long data":       change(32, 5),
		"A of 3":          answer(t, "a", TypeA, 0, record(question, TypeA, 1, "abc")),
		"AAAA of 4":       answer(t, "a", TypeA, 0, record(question, TypeAAAA, 1, "abcd")),
		"CNAME and more":  answer(t, "a", TypeA, 0, record(question, TypeCNAME, 1, "\x01b\x00x")),
		"CNAME cut":       answer(t, "a", TypeA, 0, record(question, TypeCNAME, 1, "\x05b"), record(question, TypeA, 1, "abcd")),
		"SRV of 6":        answer(t, "a", TypeA, 0, record(question, TypeSRV, 1, "abcdef")),
		"name of 256":     answer(t, "a", TypeA, 0, record(strings.Repeat("\x3f"+strings.Repeat("x", 63), 4)+"\x00", TypeA, 1, "abcd")),
		"too long":        make([]byte, MaxMessage+1),
	} {
		if m, err := Parse(msg); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
}

func TestMatches(t *testing.T) {
	query, err := AppendQuery(nil, 0x1234, "A.b", TypeA)
	if err != nil {
		t.Fatal(err)
	}
	refusal := append([]byte("\x12\x34\x81\x81"), make([]byte, 8)...)
	for name, c := range map[string]struct {
		answer []byte
		want   bool
	}{
		"answer":           {answer(t, "a.B", TypeA, 0), true},
		"error":            {answer(t, "a.b", TypeA, 3), true},
		"other name":       {answer(t, "a.c", TypeA, 0), false},
		"other type":       {answer(t, "a.b", TypeAAAA, 0), false},
		"query":            {query, false},
		"other ID":         {append([]byte{1, 1}, answer(t, "a.b", TypeA, 0)[2:]...), false},
		"format refused":   {refusal, true},
		"refused, ID":      {append([]byte{1, 1}, refusal[2:]...), false},
		"nothing":          {nil, false},
		"only an ID":       {query[:2], false},
		"failure, no name": {append([]byte("\x12\x34\x81\x82"), make([]byte, 8)...), false},
	} {
		if got := Matches(query, c.answer); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestReverseName(t *testing.T) {
	for addr, want := range map[string]string{
		"127.0.0.1":          "1.0.0.127.in-addr.arpa",
		"::ffff:10.20.0.3":   "3.0.20.10.in-addr.arpa",
		"2001:db8::567:89ab": "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
	} {
		if got := ReverseName(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %s", addr, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(answer(f, "a.example", TypeA, 0, record(question, TypeCNAME, 60, "\x01B\xc0\x0e"), record("\x01b\xc0\x0e", TypeA, 30, "\x0a\x00\x00\x01")))
	f.Add(answer(f, "a", TypeSRV, 3, record(question, TypeSRV, 5, "\x00\x01\x00\x02\x1f\x90\x03srv\xc0\x0c")))
	f.Fuzz(func(t *testing.T, msg []byte) {
		m, err := Parse(msg)
		if err != nil {
			return
		}
		if len(m.Answers)*11 > len(msg) {
			t.Fatalf("%d answers in %d bytes", len(m.Answers), len(msg))
		}
		for _, r := range m.Answers {
			if len(r.Name) > 4*maxName || len(r.Target) > 4*maxName || strings.ContainsAny(r.Target+r.Name, "ABC\x00 \n") {
				t.Fatalf("%+v", r)
			}
			if (r.Type == TypeA) != r.Addr.Is4() || (r.Type == TypeAAAA) != r.Addr.Is6() {
				t.Fatalf("%+v", r)
			}
		}
		// A name that can be asked is read back as it was asked.
		if name := m.Question.Name; !strings.Contains(name, `\`) && name != "" {
			query, err := AppendQuery(nil, m.ID, name, m.Question.Type)
			if err != nil {
				t.Fatalf("%q: %v", name, err)
			}
			if again, _, err := readName(query, headerSize); err != nil || again != name {
				t.Fatalf("%q became %q, %v", name, again, err)
			}
		}
	})
}
