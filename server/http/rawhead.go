package http

import "time"

// RawHead is the head of the client's request as it came, with the blank line.
func (r *Request) RawHead() []byte { return r.Main.raw }

// Sleep waits; the error tells that the request was cancelled.
func (r *Request) Sleep(d time.Duration) error { return r.Loop().Sleep(d) }
