// Package resolver turns names into addresses as nginx's resolver does: it asks
// the servers of the resolver directive, follows CNAMEs, keeps answers as long
// as their TTL or valid= allows, and asks once however many wait.
//
// It opens no socket and starts no thread of its own: Transport carries
// messages and Runtime provides waiting, so that the same code runs on a
// worker's event loop and, in tests, on goroutines.
package resolver
