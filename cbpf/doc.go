// Package cbpf decides which socket of an SO_REUSEPORT group gets a new
// connection.
//
// There are two ways. A classic BPF program is a few instructions that return
// the index of a socket; attaching it needs no privilege, and attaching another
// one replaces it. The index is the order in which the sockets joined the group
// (listen order for TCP, bind order for UDP). When a socket leaves, the last one
// moves into its place: so a group is taken down from its end, after the
// sockets have been drained. An index past the end lets the kernel choose by
// hash.
//
// An extended BPF program (sk_reuseport) chooses from an array of sockets that
// does not depend on their order, by a table in the kernel's memory that the
// master rewrites at any time. It needs privilege, so the master loads it before
// it drops rights; and a socket can be in one such array only, so a new master
// inherits the maps of the old one (Files, Inherit).
//
// Group uses whichever works and says which and why. With both, the sockets
// stay open in the master and in all workers, so nothing that waits on a dead
// worker's socket is lost: the worker that Point names accepts from that one
// too.
//
// Go's net package listens with MPTCP by default, and such sockets refuse all
// of this: use net.ListenConfig with SetMultipathTCP(false).
package cbpf
