package http

import (
	"bytes"
	"crypto/tls"
	"net"
	"testing"
	"time"
)

// clientHello is what crypto/tls sends first for a name.
func clientHello(t *testing.T, name string) []byte {
	t.Helper()
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	go tls.Client(near, &tls.Config{ServerName: name, NextProtos: []string{"http/1.1"}}).Handshake()
	far.SetDeadline(time.Now().Add(5 * time.Second))
	b := make([]byte, 4096)
	n, err := far.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return b[:n]
}

// fragmented cuts a record with a handshake message into records of size bytes.
func fragmented(record []byte, size int) []byte {
	var out []byte
	for body := record[5:]; len(body) > 0; {
		n := min(size, len(body))
		out = append(append(out, 22, 3, 1, byte(n>>8), byte(n)), body[:n]...)
		body = body[n:]
	}
	return out
}

func TestExtensions(t *testing.T) {
	hello := clientHello(t, "a.test")
	for _, stream := range [][]byte{hello, append(bytes.Clone(hello), 20, 3, 3, 0, 1, 1), fragmented(hello, 50)} {
		body := helloBody(stream)
		name, ok := extension(body, 0)
		if !ok || string(name) != "\x00\x09\x00\x00\x06a.test" {
			t.Errorf("server_name is %q, %v", name, ok)
		}
		protocols, ok := extension(body, 16)
		if !ok || string(protocols) != "\x00\x09\x08http/1.1" {
			t.Errorf("the protocols are %q, %v", protocols, ok)
		}
		if _, ok := extension(body, 4660); ok {
			t.Error("an extension is found that is not there")
		}
	}
	for n := range hello {
		if body := helloBody(hello[:n]); body != nil {
			t.Fatalf("%d of %d bytes are a whole hello", n, len(hello))
		}
	}
}

func TestGreeting(t *testing.T) {
	hello := clientHello(t, "a.test")
	var g greeting
	g.heard(hello[:20])
	g.heard(hello[20:])
	server := append([]byte{22, 3, 3, 0, 70, 2, 0, 0, 66, 3, 3}, bytes.Repeat([]byte{7}, 60)...)
	retry := bytes.Clone(server)
	copy(retry[11:], retryRandom[:])
	g.said(retry)
	if g.server != nil || g.hello == nil {
		t.Error("a request for another hello is an answer")
	}
	g.said(server)
	if !bytes.Equal(g.client, hello[11:43]) || !bytes.Equal(g.server, server[11:43]) || g.hello != nil {
		t.Errorf("client %x, server %x, %d bytes kept", g.client, g.server, len(g.hello))
	}
	g.heard(hello)
	if g.hello != nil {
		t.Error("what comes after the answer is kept")
	}
	var long greeting
	for range greetingLimit {
		long.heard(make([]byte, 100))
	}
	if len(long.hello) > greetingLimit {
		t.Errorf("%d bytes are kept", len(long.hello))
	}
}

func FuzzHello(f *testing.F) {
	// a session of two bytes, one suite, no compression, server_name
	body := append(append([]byte{3, 3}, make([]byte, 32)...), 2, 1, 1, 0, 2, 0x13, 1, 1, 0, 0, 15, 0, 0, 0, 11, 0, 9, 0, 0, 6, 'a', '.', 't', 'e', 's', 't')
	hello := append([]byte{22, 3, 1, 0, byte(len(body) + 4), 1, 0, 0, byte(len(body))}, body...)
	if name, ok := extension(helloBody(hello), 0); !ok || len(name) != 11 {
		f.Fatalf("server_name is %q, %v", name, ok)
	}
	f.Add(hello)
	f.Add(fragmented(hello, 9))
	f.Add([]byte{22, 3, 1, 0, 4, 1, 0, 0, 0})
	f.Fuzz(func(t *testing.T, stream []byte) {
		body := helloBody(stream)
		if len(body) > len(stream) {
			t.Fatalf("%d bytes of %d", len(body), len(stream))
		}
		for _, kind := range []uint16{0, 16, 43} {
			if text, ok := extension(body, kind); ok && !bytes.Contains(body, text) {
				t.Fatalf("extension %d is not in the hello", kind)
			}
		}
		var g greeting
		g.heard(stream)
		g.said(stream)
	})
}
