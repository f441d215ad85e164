// Package shm keeps what several worker processes share: zones with a
// dictionary (ngx.shared.DICT) or service variables, counters, and event
// channels. It knows nothing of the server.
//
// # A zone's life
//
// The master creates zones and workers inherit them through exec:
//
//	set := shm.NewSet()                                // while reading the configuration
//	err := set.Declare(shm.Config{Name: "dogs", Tag: "lua_shared_dict", Size: 10 << 20, Slot: 0})
//	err = set.Realize(running)                         // nil at the first start
//	dict, err := shm.NewDict(set.Zone("dogs"))         // builds it, once in the zone's life
//	cmd.ExtraFiles = append(cmd.ExtraFiles, set.Zone("dogs").File())
//
//	zone, err := shm.Open(fd, slot)                    // in the worker
//	dict, err := shm.NewDict(zone)                     // attaches
//
// A zone is a memfd, allocated in full when it is made and sealed against
// changes of its size, so nobody meets SIGBUS. Its header names a version: what
// another layout wrote is refused with ErrVersion, and the master makes an empty
// zone instead.
//
// Reload: the new configuration's Set takes over the zones of the running one
// that agree in name, size and tag; CloseUnused closes the rest once the old
// workers have left. Upgrade: the new master gets the descriptors, opens each
// with AnySlot, as the old master still has its slot, and puts them into a Set
// with Adopt, which then is the running set for Realize.
//
// # Slots
//
// Each process that has a zone open holds an owner slot in it. The master gives
// the numbers: by custom it has slot 0 itself and gives each worker the lowest
// number, from 1 on, that no living process has, old generations and another
// master's workers included; SlotAlive tells, and Open refuses a slot in use with
// ErrSlotBusy. A respawned worker gets its predecessor's number: event channels
// go by it. The number must be the same in all zones of a process.
//
// When the master has reaped a worker, it calls Recover on every zone and Wake
// on every channel. Both only make things faster: a waiter notices a dead holder
// by itself within some milliseconds.
//
// Open may be called before or after a worker drops its rights; it needs /proc.
// The package keeps the descriptors that it is given, and makes them
// close-on-exec: os/exec passes on what File and Files return all the same. It
// adds one of its own per zone, which no child inherits.
//
// # What a death costs
//
// A process may die at any instruction, by SIGKILL too. The operation it was in
// is either done or not done; nothing else is lost and nothing is damaged. The
// one exception is a set that finds no memory at first: like nginx's it gives up
// the key's old value before it evicts other entries, so a death among that may
// leave the key absent.
//
// Sections are short and never allocate. While a holder is descheduled, waiters
// look for some tens of microseconds, nap, and then sleep in the kernel, one
// thread per process, until it goes on.
//
// # Event channels
//
//	ch, err := shm.CreateChannel(shm.Config{Name: "events", Size: 1 << 20, Slot: 0}) // master
//	zone, event := ch.Files()                                                       // both to be inherited
//
//	ch, err := shm.OpenChannel(zoneFD, eventFD, slot)                               // worker
//	sub := ch.Subscribe(generation, shm.FromNewest)
//	// register ch.Descriptor() in the loop: EPOLLIN|EPOLLET; never read it
//	sub.Drain(callback)                                                             // right after, and on each event
//	seq, err := ch.Publish(shm.ToAll(), "topic", data)
//
// All see the messages in one order. A message is kept in the ring until it is
// overwritten, whether or not anyone read it; Message.Missed tells a reader that
// was too slow. A channel is kept over reload and upgrade like a zone, with both
// descriptors.
//
// # Proofs
//
// What this page promises is tested with processes that are killed at any
// moment; go test runs a small version of it. The full ones:
//
//	PERIGEE_SHM_OPS=10000000 PERIGEE_SHM_KILLS=200 PERIGEE_SHM_FAILS=10 go test -run TestModel -v ./shm
//	PERIGEE_SHM_MESSAGES=1000000 PERIGEE_SHM_KILLS=200 PERIGEE_SHM_STRICT=1 go test -run 'TestChannel.*Workers' -v ./shm
//	PERIGEE_SHM_TRACES=24 PERIGEE_SHM_SEED=1 go test -run AgainstOpenResty -v ./shm
//	go test -run xxx -bench . ./shm
//
// # Persistence
//
// Dict.Save writes a dictionary to a file and Load reads it into an empty one.
// The master does that at orderly shutdown and at the start, for zones whose
// declaration names a file. A damaged file is ErrDamaged: the zone starts empty,
// and the file is left for the user to look at until the next Save replaces it.
package shm
