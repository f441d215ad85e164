package cbpf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/sys/unix"
)

// Steering is an extended BPF program with its maps: an array of sockets, a
// control word and a table of shares. It belongs to one reuseport group.
type Steering struct {
	prog    *ebpf.Program
	sockets *ebpf.Map // index → socket
	control *ebpf.Map // 0 → mode in the high half, index in the low
	table   *ebpf.Map // hash slot → index
	size    int
	shares  []uint32 // what the table holds, nil when not known
}

// The modes of the control word.
const (
	modeKernel = iota // let the kernel choose
	modeDirect        // the socket with the index
	modeShares        // by the table
)

// tableSlots is how finely shares are told apart; a power of two.
const tableSlots = 1024

// The offset of the packet's hash in struct sk_reuseport_md.
const contextHash = 32

// NewSteering loads the program for a group of at most size sockets. Without
// the rights or on a kernel without sk_reuseport it fails with ErrNotSupported.
func NewSteering(size int) (*Steering, error) {
	if size <= 0 || size > 1<<16 {
		return nil, fmt.Errorf("steering: %d sockets", size)
	}
	s := &Steering{size: size}
	err := s.load()
	if err != nil {
		s.Close()
		return nil, classify("load sk_reuseport program", err)
	}
	return s, nil
}

func (s *Steering) load() (err error) {
	s.sockets, err = ebpf.NewMap(&ebpf.MapSpec{
		Name: "perigee_socks", Type: ebpf.ReusePortSockArray, KeySize: 4, ValueSize: 8, MaxEntries: uint32(s.size),
	})
	if err != nil {
		return err
	}
	s.control, err = ebpf.NewMap(&ebpf.MapSpec{
		Name: "perigee_control", Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1,
	})
	if err != nil {
		return err
	}
	s.table, err = ebpf.NewMap(&ebpf.MapSpec{
		Name: "perigee_shares", Type: ebpf.Array, KeySize: 4, ValueSize: 4, MaxEntries: tableSlots,
	})
	if err != nil {
		return err
	}
	s.prog, err = ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "perigee_steer", Type: ebpf.SkReuseport, License: "MIT", Instructions: s.program(),
	})
	return err
}

// program chooses a socket. Whatever fails on the way, including a socket that
// is gone, ends in SK_PASS without a choice: the kernel then takes any socket
// of the group, and no connection is refused.
func (s *Steering) program() asm.Instructions {
	const key = -4
	lookup := func(m *ebpf.Map) asm.Instructions {
		return asm.Instructions{
			asm.Mov.Reg(asm.R2, asm.RFP),
			asm.Add.Imm(asm.R2, key),
			asm.LoadMapPtr(asm.R1, m.FD()),
			asm.FnMapLookupElem.Call(),
			asm.JEq.Imm(asm.R0, 0, "pass"),
		}
	}
	prog := asm.Instructions{
		asm.Mov.Reg(asm.R6, asm.R1),
		asm.StoreImm(asm.RFP, key, 0, asm.Word),
	}
	prog = append(prog, lookup(s.control)...)
	prog = append(prog,
		asm.LoadMem(asm.R7, asm.R0, 0, asm.DWord),
		asm.Mov.Reg(asm.R8, asm.R7),
		asm.RSh.Imm(asm.R8, 32),
		asm.JEq.Imm(asm.R8, modeDirect, "select"),
		asm.JNE.Imm(asm.R8, modeShares, "pass"),
		asm.LoadMem(asm.R7, asm.R6, contextHash, asm.Word),
		asm.And.Imm(asm.R7, tableSlots-1),
		asm.StoreMem(asm.RFP, key, asm.R7, asm.Word),
	)
	prog = append(prog, lookup(s.table)...)
	return append(prog,
		asm.LoadMem(asm.R7, asm.R0, 0, asm.Word),
		asm.StoreMem(asm.RFP, key, asm.R7, asm.Word).WithSymbol("select"),
		asm.Mov.Reg(asm.R1, asm.R6),
		asm.LoadMapPtr(asm.R2, s.sockets.FD()),
		asm.Mov.Reg(asm.R3, asm.RFP),
		asm.Add.Imm(asm.R3, key),
		asm.Mov.Imm(asm.R4, 0),
		asm.FnSkSelectReuseport.Call(),
		asm.Mov.Imm(asm.R0, 1).WithSymbol("pass"), // SK_PASS
		asm.Return(),
	)
}

// Set puts a listening socket of the group in the place of an index.
func (s *Steering) Set(index, fd int) error {
	if err := s.check(index); err != nil {
		return err
	}
	err := s.sockets.Update(uint32(index), uint64(fd), ebpf.UpdateAny)
	return classify(fmt.Sprintf("socket %d into the array", index), err)
}

// Unset empties the place of an index. A socket that is closed everywhere leaves
// by itself.
func (s *Steering) Unset(index int) error {
	if err := s.check(index); err != nil {
		return err
	}
	if err := s.sockets.Delete(uint32(index)); err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
		return fmt.Errorf("socket %d out of the array: %w", index, err)
	}
	return nil
}

func (s *Steering) check(index int) error {
	if index < 0 || index >= s.size {
		return fmt.Errorf("socket %d: the group has %d", index, s.size)
	}
	return nil
}

// Attach puts the program on the group that the socket is in.
func (s *Steering) Attach(fd int) error {
	err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_EBPF, s.prog.FD())
	return classify("attach sk_reuseport program", err)
}

// Direct steers all new connections to one socket, from this moment on.
func (s *Steering) Direct(index int) error {
	if err := s.check(index); err != nil {
		return err
	}
	return s.command(modeDirect, index)
}

// Free leaves the choice to the kernel.
func (s *Steering) Free() error { return s.command(modeKernel, 0) }

func (s *Steering) command(mode, index int) error {
	err := s.control.Update(uint32(0), uint64(mode)<<32|uint64(index), ebpf.UpdateAny)
	if err != nil {
		return fmt.Errorf("steering: %w", err)
	}
	return nil
}

// Share spreads new connections in proportion to weights, one for each index. A
// weight of 0 drains a socket: it gets nothing more. All weights 0 is an error.
func (s *Steering) Share(weights []uint32) error {
	if len(weights) > s.size {
		return fmt.Errorf("%d weights: the group has %d sockets", len(weights), s.size)
	}
	shares, err := spread(weights)
	if err != nil {
		return err
	}
	for slot, index := range shares {
		if s.shares != nil && s.shares[slot] == index {
			continue
		}
		if err := s.table.Update(uint32(slot), index, ebpf.UpdateAny); err != nil {
			s.shares = nil
			return fmt.Errorf("steering: %w", err)
		}
	}
	s.shares = shares
	return s.command(modeShares, 0)
}

// Files returns the program and its maps, to be handed to the next master.
func (s *Steering) Files() ([]*os.File, error) {
	fds := []int{s.prog.FD(), s.sockets.FD(), s.control.FD(), s.table.FD()}
	files := make([]*os.File, 0, len(fds))
	for _, fd := range fds {
		own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
		if err != nil {
			for _, f := range files {
				f.Close()
			}
			return nil, fmt.Errorf("steering: %w", err)
		}
		files = append(files, os.NewFile(uintptr(own), "bpf"))
	}
	return files, nil
}

// Inherit takes over the program and the maps whose descriptors Files gave, in
// the same order. It owns the descriptors from here on.
func Inherit(fds [4]int) (*Steering, error) {
	s := &Steering{}
	var err error
	if s.prog, err = ebpf.NewProgramFromFD(fds[0]); err != nil {
		return nil, classify("inherit steering", err)
	}
	for i, m := range []**ebpf.Map{&s.sockets, &s.control, &s.table} {
		if *m, err = ebpf.NewMapFromFD(fds[i+1]); err != nil {
			s.Close()
			return nil, classify("inherit steering", err)
		}
	}
	s.size = int(s.sockets.MaxEntries())
	return s, nil
}

// Close lets go of the program and the maps. A program that is attached stays
// in force as long as the group has a socket; Detach ends that.
func (s *Steering) Close() error {
	var errs error
	if s.prog != nil {
		errs = s.prog.Close()
	}
	for _, m := range []*ebpf.Map{s.sockets, s.control, s.table} {
		if m != nil {
			errs = errors.Join(errs, m.Close())
		}
	}
	return errs
}

// controlWord returns the mode and index in force.
func (s *Steering) controlWord() (mode, index int, err error) {
	var word [8]byte
	if err := s.control.Lookup(uint32(0), &word); err != nil {
		return 0, 0, fmt.Errorf("steering: %w", err)
	}
	v := binary.NativeEndian.Uint64(word[:])
	return int(v >> 32), int(v & 0xffffffff), nil
}
