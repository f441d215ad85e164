// Package spec reads and runs Test::Nginx specifications: files of blocks that
// each hold a configuration, a request and what is expected of the answer and
// of the logs. t/README.md describes the format; the same files run under the
// Perl library Test::Nginx::Socket and against a real nginx.
//
// A block becomes one subtest. Each has a server root and ports of its own, so
// blocks run in parallel. Every process that is started ends with its block:
// by QUIT, then TERM, then KILL to its process group, and by a keeper process
// when the test binary itself dies (see keeper.go).
package spec
