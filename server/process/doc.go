// Package process turns a configuration into processes: a master that parses,
// opens and watches, and workers that serve. It knows cycle and event, never
// http.
//
// What it promises, each tested by specs or by the tests of this package:
//
//  1. A reload never leaves the server without workers: old workers are told to
//     quit only after every new one has reported ready. A configuration that
//     does not load, a socket that can not be bound, a worker that can not
//     start: the new generation is dropped, the old one goes on.
//  2. No connection is lost over a reload or a binary upgrade: listening
//     sockets are inherited, never closed and opened again.
//  3. A worker serves the configuration it was started with, also when it is
//     respawned a day later: it reads the sealed snapshot of its generation.
//  4. A worker that dies is replaced at once; one that can not initialise exits
//     with code 2 and is not started again in a hot loop.
//  5. A worker whose master died notices it, and quits gracefully.
//
// Go can not fork, so processes are started by executing the program itself
// with inherited descriptors; descriptor 3 is the boot record (Boot), descriptor
// 4 the control channel.
package process
