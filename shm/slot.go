package shm

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// A slot is a process's name inside a zone. Its holder keeps a lock on one byte
// of the memfd, on an open file description that no other process shares, so
// the kernel drops it when the process has ended and its memory is gone: never
// earlier, and whatever the reason. A pid alone would prove nothing.
//
// A slot's word holds an incarnation, raised by each new holder, and the
// holder's pid. Slot and incarnation make the token that lock words contain, so
// a lock left by a predecessor in the same slot is known to be one.

// AnySlot lets Open take a free slot from the end of the table, out of the way of
// the numbers that a master gives to workers.
const AnySlot = -1

const (
	slotBits   = 10
	slotMask   = 1<<slotBits - 1
	waitersBit = 1 << 31
	// slotLockBase is far past the end of any zone's data.
	slotLockBase = 1 << 50
)

// reopen gives the memfd behind fd an open file description of its own.
func reopen(fd int) (int, error) {
	path := fmt.Sprintf("/proc/self/fd/%d", fd)
	own, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return own, nil
}

func slotLock(slot int, kind int16) unix.Flock_t {
	return unix.Flock_t{Type: kind, Whence: io.SeekStart, Start: slotLockBase + int64(slot), Len: 1}
}

// takeSlot locks a slot for this process and sets the token.
func (z *Zone) takeSlot(slot int) error {
	if slot != AnySlot {
		if slot < 0 || slot >= MaxSlots {
			return fmt.Errorf("slot %d: out of range", slot)
		}
		return z.trySlot(slot)
	}
	for s := range MaxSlots {
		err := z.trySlot(MaxSlots - 1 - s)
		if !errors.Is(err, ErrSlotBusy) {
			return err
		}
	}
	return ErrNoSlot
}

func (z *Zone) trySlot(slot int) error {
	lk := slotLock(slot, unix.F_WRLCK)
	err := unix.FcntlFlock(uintptr(z.own), unix.F_OFD_SETLK, &lk)
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		return fmt.Errorf("slot %d: %w", slot, ErrSlotBusy)
	}
	if err != nil {
		return fmt.Errorf("slot %d: lock: %w", slot, err)
	}
	word := z.atomic64(z.slots + uint64(slot)*8)
	incarnation := uint32(word.Load())&incarnationMask + 1
	word.Store(uint64(os.Getpid())<<32 | uint64(incarnation&incarnationMask))
	z.slot = slot
	z.token = (incarnation&incarnationMask)<<slotBits | uint32(slot+1)
	return nil
}

const incarnationMask = 1<<(31-slotBits) - 1

// alive tells whether the process that a lock word names still runs.
func (z *Zone) alive(word uint32) bool {
	word &^= waitersBit
	if word == z.token {
		return true
	}
	slot := int(word&slotMask) - 1
	if slot < 0 {
		return false
	}
	now := uint32(z.atomic64(z.slots+uint64(slot)*8).Load()) & incarnationMask
	if now != word>>slotBits {
		return false // the slot has a new holder, so the old one is gone
	}
	return z.SlotAlive(slot)
}

// SlotAlive tells whether a process, this one included, holds the slot now.
// When the kernel cannot answer, the slot counts as held.
func (z *Zone) SlotAlive(slot int) bool {
	if slot == z.slot {
		return true
	}
	lk := slotLock(slot, unix.F_WRLCK)
	if err := unix.FcntlFlock(uintptr(z.own), unix.F_OFD_GETLK, &lk); err != nil {
		return true
	}
	return lk.Type != unix.F_UNLCK
}

// SlotPid returns the pid of the slot's present or last holder as that process
// saw it, 0 when it never had one. It is for messages only.
func (z *Zone) SlotPid(slot int) int {
	return int(z.atomic64(z.slots+uint64(slot)*8).Load() >> 32)
}
