package cbpf

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Classic BPF instructions and the ancillary data of the kernel's BPF machine.
const (
	opLoadAbs = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
	opModulo  = unix.BPF_ALU | unix.BPF_MOD | unix.BPF_K
	opRetK    = unix.BPF_RET | unix.BPF_K
	opRetA    = unix.BPF_RET | unix.BPF_A

	adOffset = 0xfffff000 // SKF_AD_OFF
	adRxHash = adOffset + 32
	adCPU    = adOffset + 36
)

// constant is the program that always returns one index.
func constant(index uint32) []unix.SockFilter {
	return []unix.SockFilter{{Code: opRetK, K: index}}
}

// modulo is the program that returns a number of the packet's modulo n.
func modulo(what, n uint32) []unix.SockFilter {
	return []unix.SockFilter{
		{Code: opLoadAbs, K: what},
		{Code: opModulo, K: n},
		{Code: opRetA},
	}
}

// AttachConstant steers all new connections of the socket's group to the socket
// with that index. It replaces what was attached.
func AttachConstant(fd, index int) error {
	if index < 0 {
		return fmt.Errorf("attach constant: index %d is negative", index)
	}
	return attach(fd, constant(uint32(index)))
}

// AttachCPU steers a connection to the socket whose index is the number of the
// CPU that received it, modulo n.
func AttachCPU(fd, n int) error {
	if n <= 0 {
		return fmt.Errorf("attach cpu: %d sockets", n)
	}
	return attach(fd, modulo(adCPU, uint32(n)))
}

// AttachHash steers a connection by the hash of its addresses, modulo n. Unlike
// the kernel's own choice it does not change for other sockets when the group
// grows behind the first n.
func AttachHash(fd, n int) error {
	if n <= 0 {
		return fmt.Errorf("attach hash: %d sockets", n)
	}
	return attach(fd, modulo(adRxHash, uint32(n)))
}

func attach(fd int, prog []unix.SockFilter) error {
	fprog := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_CBPF, &fprog)
	return classify("attach classic BPF", err)
}

// Detach takes the program, classic or extended, off the socket's group; the
// kernel chooses by hash again. A group without a program is no error.
func Detach(fd int) error {
	err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DETACH_REUSEPORT_BPF, 0)
	if err == unix.ENOENT {
		return nil
	}
	return classify("detach BPF", err)
}
