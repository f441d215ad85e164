package shm

import (
	"fmt"
	"sync/atomic"
)

// A cursor is what the zone knows of the subscriber in a slot.
const (
	curNext    = 0  // sequence number of the message to look at next, 0: never subscribed
	curPos     = 8  // its position
	curRunning = 16 // sequence number of the message whose callback runs, or 0
	curKillers = 24 // sequence numbers of messages that ended a process in the slot

	killers    = 13
	cursorSize = curKillers + killers*8
)

// Start is where in the ring a subscriber begins.
type Start int

const (
	// FromNow begins with the first message published later.
	FromNow Start = iota
	// FromNewest begins with the newest message of each topic that the ring
	// holds, in their order, and goes on with all later ones.
	FromNewest
	// FromOldest begins with everything that the ring holds.
	FromOldest
	// FromLast goes on where the last subscriber in this slot ended; without
	// one it is FromOldest.
	FromLast
)

// Message is what Drain hands to the callback. Topic is the callback's to keep,
// Data is valid until it returns.
type Message struct {
	Seq   uint64
	Topic string
	Data  []byte
	// Missed is how many messages were overwritten in the ring before this
	// subscriber came to read them, right before this one.
	Missed uint64
}

// Subscription reads a channel for this process. There is one per process and
// channel.
type Subscription struct {
	c          *Channel
	cursor     uint64
	generation uint64
	draining   atomic.Bool
	buf        []byte
	topic      string            // of the last message
	missed     uint64            // not yet told
	newest     map[string]uint64 // FromNewest: what to run of each topic
	until      uint64            // FromNewest: where that ends
	killers    [killers]uint64   // messages that are kept from this slot
	skipped    uint64            // the message that the predecessor did not survive
}

// Subscribe makes this process, in its owner slot, a reader of the channel.
// Generation is the configuration generation that it belongs to. If the last
// process in the slot died inside a callback, the message it ran is not delivered
// to this one, nor to its successors in the slot, wherever they start; Skipped
// names it. The last thirteen such messages of a slot are remembered.
func (c *Channel) Subscribe(generation uint64, from Start) *Subscription {
	s := &Subscription{c: c, generation: generation, buf: make([]byte, 0, 512)}
	s.cursor = c.z.index + uint64(c.z.slot)*cursorSize
	s.start(from)
	if from == FromNewest {
		s.findNewest()
	}
	return s
}

func (s *Subscription) start(from Start) {
	c, z := s.c, s.c.z
	z.lock()
	defer z.unlock()
	if s.generation > z.load64(c.root+chGeneration) {
		z.put64(c.root+chGeneration, s.generation)
	}
	first, next := z.load64(c.root+chFirst), z.load64(c.root+chNext)
	if run := z.load64(s.cursor + curRunning); run != 0 {
		s.skipped = run
		s.noteKiller(run)
		z.put64(s.cursor+curRunning, 0)
	}
	for i := range s.killers {
		s.killers[i] = z.load64(s.cursor + curKillers + uint64(i)*8)
	}
	switch {
	case from == FromNow:
		z.put64(s.cursor+curNext, next)
		z.put64(s.cursor+curPos, z.load64(c.root+chHead))
	case from == FromLast && z.load64(s.cursor+curNext) != 0:
	default:
		z.put64(s.cursor+curNext, first)
		z.put64(s.cursor+curPos, z.load64(c.root+chTail))
	}
}

// noteKiller remembers a message that ended a process in this slot, in place of
// the oldest one remembered.
func (s *Subscription) noteKiller(seq uint64) {
	z := s.c.z
	oldest := s.cursor + curKillers
	for at := oldest; at < s.cursor+cursorSize; at += 8 {
		if z.load64(at) < z.load64(oldest) {
			oldest = at
		}
	}
	z.put64(oldest, seq)
}

// Skipped returns the sequence number of the message that killed the last
// process in this slot, 0 if none did.
func (s *Subscription) Skipped() uint64 { return s.skipped }

// findNewest notes the newest message of each topic. It reads one message per
// section, so the ring may move on meanwhile.
func (s *Subscription) findNewest() {
	s.newest = map[string]uint64{}
	s.until = s.c.Newest() + 1
	var r record
	for seq := uint64(0); s.headAfter(seq, &r); seq = r.seq {
		s.newest[string(s.buf)] = r.seq
	}
}

// headAfter finds the first message behind seq and before until that is for
// this subscriber, and copies its topic to buf.
func (s *Subscription) headAfter(seq uint64, r *record) bool {
	c, z := s.c, s.c.z
	z.lock()
	defer z.unlock()
	pos, head := z.load64(c.root+chTail), z.load64(c.root+chHead)
	if r.seq != 0 && r.seq >= z.load64(c.root+chFirst) {
		pos = r.pos
	}
	for ; pos != head; pos += r.size() {
		*r = c.record(pos)
		if r.seq >= s.until {
			return false
		}
		if r.seq > seq && s.wants(r) {
			s.buf = s.buf[:r.topicLen]
			c.copyOut(pos+recHead, s.buf)
			return true
		}
	}
	return false
}

func (s *Subscription) wants(r *record) bool {
	for _, seq := range s.killers {
		if seq == r.seq {
			return false
		}
	}
	switch r.kind {
	case toSlot:
		return r.target == uint64(s.c.z.slot)
	case toGeneration:
		return r.target == s.generation
	}
	return true
}

// Drain runs the callback for every message that has come, in order, and
// returns when there are no more, telling how many messages were overwritten
// unread. The callback may publish; a Drain within it does nothing. A message
// counts as seen when its callback begins: if that panics, or the process dies
// in it, the message is not delivered again.
func (s *Subscription) Drain(callback func(Message)) (missed uint64) {
	if s.draining.Swap(true) {
		return 0
	}
	defer s.draining.Store(false)
	for {
		var r record
		need := s.take(&r)
		if need > 0 {
			s.buf = make([]byte, 0, 2*need)
			continue
		}
		missed += s.missed
		if r.seq == 0 {
			s.missed = 0
			return missed
		}
		topic := s.topic // most messages have the topic of the one before
		if string(s.buf[:r.topicLen]) != topic {
			topic = string(s.buf[:r.topicLen])
			s.topic = topic
		}
		if r.seq < s.until && s.newest[topic] != r.seq {
			missed -= s.missed
			continue
		}
		m := Message{Seq: r.seq, Topic: topic, Data: s.buf[r.topicLen:], Missed: s.missed}
		s.missed = 0
		callback(m)
	}
}

// take moves the cursor behind the next message for this subscriber and notes
// in the zone that its callback runs. With an empty record there is none; need
// is the size of the buffer when it is too small.
func (s *Subscription) take(r *record) (need uint64) {
	c, z := s.c, s.c.z
	z.lock()
	defer z.unlock()
	z.put64(s.cursor+curRunning, 0)
	seq, pos := z.load64(s.cursor+curNext), z.load64(s.cursor+curPos)
	first, next := z.load64(c.root+chFirst), z.load64(c.root+chNext)
	if seq < first {
		s.missed += first - seq
		seq, pos = first, z.load64(c.root+chTail)
	}
	for ; seq != next; seq++ {
		*r = c.record(pos)
		if s.wants(r) {
			break
		}
		pos += r.size()
	}
	if seq == next {
		*r = record{}
		z.put64(s.cursor+curNext, seq)
		z.put64(s.cursor+curPos, pos)
		return 0
	}
	total := r.topicLen + r.dataLen
	if total > uint64(cap(s.buf)) {
		z.put64(s.cursor+curNext, seq)
		z.put64(s.cursor+curPos, pos)
		return total
	}
	s.buf = s.buf[:total]
	c.copyOut(pos+recHead, s.buf)
	z.put64(s.cursor+curRunning, seq)
	z.put64(s.cursor+curNext, seq+1)
	z.put64(s.cursor+curPos, pos+r.size())
	return 0
}

// String names the subscription in messages.
func (s *Subscription) String() string {
	return fmt.Sprintf("event channel %q, slot %d", s.c.z.name, s.c.z.slot)
}
