package shm

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Channel is an event channel: messages in a ring inside a zone, in one order
// for all processes, and an eventfd that all of them inherit and watch
// edge-triggered. Only the ring counts; the eventfd merely wakes. Publishing
// never waits for readers.
type Channel struct {
	z    *Zone
	root uint64
	wake inherited
}

// ErrMessageTooLarge is returned for a message that does not fit the ring.
var ErrMessageTooLarge = errors.New("message is too large for the channel")

const kindChannel = 2

// The channel's root. Positions count bytes since the channel was made; modulo
// the ring's size they are places in it.
const (
	chRing       = 0
	chSize       = 8
	chFirst      = 16 // sequence number of the oldest message held
	chNext       = 24 // sequence number of the next message
	chTail       = 32 // position of the oldest message
	chHead       = 40 // position of the next message
	chGeneration = 48 // newest generation that has subscribed
	chRootSize   = 80
)

// CreateChannel makes a zone with an event channel in it; cfg.Size bounds what
// the ring holds. The master does this and passes both of Files on.
func CreateChannel(cfg Config) (*Channel, error) {
	cfg.Events = true
	z, err := createZone(cfg)
	if err != nil {
		return nil, err
	}
	// Not EFD_NONBLOCK: Go's own poller would take such a file in and be woken
	// by every message.
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		z.Close()
		return nil, os.NewSyscallError("eventfd", err)
	}
	c, err := newChannel(z, fd)
	if err != nil {
		z.Close()
		unix.Close(fd)
		return nil, err
	}
	return c, nil
}

// OpenChannel opens the channel behind the two inherited descriptors, with this
// process's owner slot. It keeps both; on an error the caller still has them.
func OpenChannel(zoneFD, eventFD, slot int) (*Channel, error) {
	z, err := Open(zoneFD, slot)
	if err != nil {
		return nil, err
	}
	c, err := newChannel(z, eventFD)
	if err != nil {
		unix.Munmap(z.mem)
		unix.Close(z.own)
		return nil, err
	}
	unix.CloseOnExec(eventFD)
	return c, nil
}

func newChannel(z *Zone, fd int) (*Channel, error) {
	c := &Channel{z: z, wake: inherited{fd: fd, name: "event channel " + z.name}}
	err := z.Construct(func(existed bool) error {
		if existed {
			return nil
		}
		return c.build()
	})
	if err != nil {
		return nil, fmt.Errorf("event channel in zone %q: %w", z.name, err)
	}
	if z.load32(ctlKind) != kindChannel {
		return nil, fmt.Errorf("event channel in zone %q: %w", z.name, ErrWrongKind)
	}
	c.root = z.load64(ctlRoot)
	return c, nil
}

func (c *Channel) build() error {
	z := c.z
	if z.flags != indexCursors {
		return ErrWrongKind
	}
	z.lock()
	defer z.unlock()
	root := z.alloc(chRootSize)
	size := z.load64(ctlFreePages) * pageSize
	if root == 0 || size == 0 {
		return ErrTooSmall
	}
	ring := z.alloc(size)
	if ring == 0 {
		return ErrTooSmall
	}
	clear(z.bytes(root, chRootSize))
	z.store64(root+chRing, ring)
	z.store64(root+chSize, size)
	z.store64(root+chFirst, 1)
	z.store64(root+chNext, 1)
	z.put64(ctlRoot, root)
	z.put32(ctlKind, kindChannel)
	return nil
}

// Zone returns the zone that the channel lives in.
func (c *Channel) Zone() *Zone { return c.z }

// Files returns the descriptors to hand to workers, the zone's and the
// eventfd. They belong to the channel.
func (c *Channel) Files() (zone, event *os.File) { return c.z.File(), c.wake.File() }

// Descriptor returns the eventfd for the server's loop, to be watched
// edge-triggered for input and never read. Every wake-up of it calls Drain, and
// so does the registration itself, right after it.
func (c *Channel) Descriptor() int { return c.wake.fd }

// Close closes the channel and its zone in this process.
func (c *Channel) Close() error {
	return errors.Join(c.z.Close(), c.wake.Close())
}

// one is what a write adds to the eventfd.
var one = []byte{1, 0, 0, 0, 0, 0, 0, 0}

// Wake wakes all readers. The master calls it when a worker died, which may
// have been between storing a message and waking.
func (c *Channel) Wake() {
	// The counter is never read, yet 2^64 messages are out of reach; a full
	// counter would still have woken everybody.
	unix.Write(c.wake.fd, one)
}

// Target says who is to see a message.
type Target struct {
	kind uint8
	id   uint64
}

const (
	toAll = iota
	toSlot
	toGeneration
)

// ToAll addresses every subscriber.
func ToAll() Target { return Target{} }

// ToSlot addresses the worker in one owner slot.
func ToSlot(slot int) Target { return Target{toSlot, uint64(slot)} }

// ToGeneration addresses the workers of one generation.
func ToGeneration(generation uint64) Target { return Target{toGeneration, generation} }

// ToNewest addresses the workers of the newest generation that has subscribed,
// those of it that are born later included.
func (c *Channel) ToNewest() Target {
	return ToGeneration(c.z.atomic64(c.root + chGeneration).Load())
}

// Publish appends a message under a topic (at most 255 bytes, may be empty) and
// wakes all readers. When the ring is full the oldest messages go. It returns
// the message's sequence number.
func (c *Channel) Publish(to Target, topic string, data []byte) (seq uint64, err error) {
	if len(topic) > maxTopic {
		return 0, fmt.Errorf("topic of %d bytes: %w", len(topic), ErrMessageTooLarge)
	}
	size := recordSize(uint64(len(topic)), uint64(len(data)))
	if size > c.z.load64(c.root+chSize) {
		return 0, fmt.Errorf("%d bytes: %w", len(data), ErrMessageTooLarge)
	}
	seq = c.append(to, topic, data, size)
	c.Wake()
	return seq, nil
}

// Newest returns the sequence number of the last message, 0 before the first.
func (c *Channel) Newest() uint64 {
	return c.z.atomic64(c.root+chNext).Load() - 1
}
