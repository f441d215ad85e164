package handlers_test

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// nameServer is a DNS server on the loopback that knows "name TYPE" → data, as
// "127.0.0.2" for A and "10 5 8080 target" for SRV. All answers hold for ttl
// seconds.
type nameServer struct {
	conn net.PacketConn
	port int

	mu      sync.Mutex
	records map[string][]string
	rcode   int
	mute    bool
	delay   time.Duration
	ttl     uint32
	asked   int
	cut     bool // answers over UDP are cut off: the whole ones come over TCP
	overTCP int  // questions
}

func newNameServer(t *testing.T) *nameServer {
	t.Helper()
	var c net.PacketConn
	var l net.Listener
	for range 20 { // a port that is free for both
		var err error
		if c, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		if l, err = net.Listen("tcp", c.LocalAddr().String()); err == nil {
			break
		}
		c.Close()
	}
	if l == nil {
		t.Fatal("no port is free for UDP and TCP")
	}
	n := &nameServer{conn: c, port: c.LocalAddr().(*net.UDPAddr).Port, records: map[string][]string{}, ttl: 1}
	t.Cleanup(func() { c.Close(); l.Close() })
	go n.serve()
	go n.serveTCP(l)
	return n
}

// set changes what the server knows, under its lock.
func (n *nameServer) set(f func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f()
}

func (n *nameServer) questions() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.asked
}

func (n *nameServer) serve() {
	for {
		msg := make([]byte, 512)
		size, from, err := n.conn.ReadFrom(msg)
		if err != nil {
			return
		}
		n.mu.Lock()
		n.asked++
		reply, delay := n.answer(msg[:size]), n.delay
		if n.mute {
			reply = nil
		}
		if n.cut && reply != nil {
			reply = reply[:size]
			reply[2] |= 2 // truncated
			binary.BigEndian.PutUint16(reply[6:], 0)
		}
		n.mu.Unlock()
		if reply != nil {
			time.AfterFunc(delay, func() { n.conn.WriteTo(reply, from) })
		}
	}
}

// serveTCP answers one question of each connection.
func (n *nameServer) serveTCP(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		c.SetDeadline(time.Now().Add(5 * time.Second))
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err == nil {
			msg := make([]byte, binary.BigEndian.Uint16(size[:]))
			if _, err := io.ReadFull(c, msg); err == nil {
				n.mu.Lock()
				n.overTCP++
				reply := n.answer(msg)
				n.mu.Unlock()
				c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...))
			}
		}
		c.Close()
	}
}

// answer makes the answer to a query with one question.
func (n *nameServer) answer(msg []byte) []byte {
	if len(msg) < 17 {
		return nil
	}
	name, end := "", 12
	for msg[end] != 0 {
		size := int(msg[end])
		name += "." + string(msg[end+1:end+1+size])
		end += size + 1
	}
	qtype := binary.BigEndian.Uint16(msg[end+1:])
	key := name[1:] + map[uint16]string{1: " A", 28: " AAAA", 33: " SRV"}[qtype]
	reply := append([]byte(nil), msg[:end+5]...)
	list := n.records[key]
	binary.BigEndian.PutUint16(reply[2:], uint16(0x8180|n.rcode))
	if n.rcode != 0 {
		list = nil
	}
	binary.BigEndian.PutUint16(reply[6:], uint16(len(list)))
	binary.BigEndian.PutUint16(reply[10:], 0) // no additional records
	for _, text := range list {
		data := recordData(text)
		reply = append(reply, 0xc0, 12) // the name of the question
		reply = binary.BigEndian.AppendUint16(reply, qtype)
		reply = binary.BigEndian.AppendUint16(reply, 1)
		reply = binary.BigEndian.AppendUint32(reply, n.ttl)
		reply = binary.BigEndian.AppendUint16(reply, uint16(len(data)))
		reply = append(reply, data...)
	}
	return reply
}

func recordData(text string) (data []byte) {
	if a, err := netip.ParseAddr(text); err == nil {
		return a.AsSlice()
	}
	f := strings.Fields(text)
	for _, word := range f[:3] {
		v, _ := strconv.Atoi(word)
		data = binary.BigEndian.AppendUint16(data, uint16(v))
	}
	for _, label := range strings.Split(f[3], ".") {
		data = append(append(data, byte(len(label))), label...)
	}
	return append(data, 0)
}
