package shm

import "fmt"

// A record of the ring: three words, the topic, the data, up to a multiple of
// eight bytes. It may wrap at the ring's end.
const (
	recSeq    = 0
	recShape  = 8 // data length, 16 bits topic length, 8 bits kind, 8 bits mark
	recTarget = 16
	recDeath  = 24 // unused, keeps the topic on an even line
	recHead   = 32

	maxTopic = 255
	// killerMark is set on a message whose callback a worker did not survive.
	killerMark = 1 << 56
)

type record struct {
	pos, seq, target  uint64
	dataLen, topicLen uint64
	kind              uint8
}

func recordSize(topic, data uint64) uint64 { return roundUp(recHead+topic+data, 8) }

func (r *record) size() uint64 { return recordSize(r.topicLen, r.dataLen) }

// place turns a position into the offset of its word.
func (c *Channel) place(pos uint64) uint64 {
	z := c.z
	return z.load64(c.root+chRing) + pos%z.load64(c.root+chSize)
}

func (c *Channel) record(pos uint64) record {
	z := c.z
	shape := z.load64(c.place(pos + recShape))
	return record{
		pos: pos, seq: z.load64(c.place(pos + recSeq)), target: z.load64(c.place(pos + recTarget)),
		dataLen: shape & 0xffffffff, topicLen: shape >> 32 & 0xffff,
		kind: uint8(shape >> 48),
	}
}

func (c *Channel) copyIn(pos uint64, p []byte) {
	z := c.z
	ring, size := z.load64(c.root+chRing), z.load64(c.root+chSize)
	at := pos % size
	n := copy(z.bytes(ring+at, size-at), p)
	copy(z.bytes(ring, size), p[n:])
}

func (c *Channel) copyOut(pos uint64, p []byte) {
	z := c.z
	ring, size := z.load64(c.root+chRing), z.load64(c.root+chSize)
	at := pos % size
	n := copy(p, z.bytes(ring+at, size-at))
	copy(p[n:], z.bytes(ring, size))
}

// append stores a message that is known to fit.
func (c *Channel) append(to Target, topic string, data []byte, need uint64) uint64 {
	z := c.z
	z.lock()
	defer z.unlock()
	size := z.load64(c.root + chSize)
	for size-(z.load64(c.root+chHead)-z.load64(c.root+chTail)) < need {
		oldest := c.record(z.load64(c.root + chTail))
		z.put64(c.root+chFirst, oldest.seq+1)
		z.put64(c.root+chTail, oldest.pos+oldest.size())
		z.checkpoint() // its bytes may be overwritten only after that
		if failHook != nil {
			failHook(failRingDropped)
		}
	}
	head, seq := z.load64(c.root+chHead), z.load64(c.root+chNext)
	z.store64(c.place(head+recSeq), seq)
	z.store64(c.place(head+recShape), uint64(len(data))|uint64(len(topic))<<32|uint64(to.kind)<<48)
	z.store64(c.place(head+recTarget), to.id)
	c.copyIn(head+recHead, stringBytes(topic))
	c.copyIn(head+recHead+uint64(len(topic)), data)
	if failHook != nil {
		failHook(failRingFilled)
	}
	z.put64(c.root+chNext, seq+1)
	if failHook != nil {
		failHook(failRingAdvanced)
	}
	z.put64(c.root+chHead, head+need)
	return seq
}

// channel is the checker's walk through a ring.
func (c *checker) channel() error {
	z := c.z
	ch := &Channel{z: z, root: z.load64(ctlRoot)}
	if err := c.reach("channel", ch.root); err != nil {
		return err
	}
	if err := c.reach("ring", z.load64(ch.root+chRing)); err != nil {
		return err
	}
	pos, head := z.load64(ch.root+chTail), z.load64(ch.root+chHead)
	for seq := z.load64(ch.root + chFirst); seq != z.load64(ch.root+chNext); seq++ {
		r := ch.record(pos)
		if pos >= head || r.seq != seq || pos+r.size() > head {
			return fmt.Errorf("message %d in the place of %d: %w", r.seq, seq, ErrDamaged)
		}
		pos += r.size()
	}
	if pos != head {
		return damaged("ring ends at %d, its messages at %d", head, pos)
	}
	return nil
}
