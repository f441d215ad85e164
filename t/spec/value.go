package spec

import "time"

// Kind tells what a Value holds.
type Kind int

// The kinds of values that a section can have. Text is what every section has
// that is not filtered through "eval"; the others come from literal expressions.
const (
	Text Kind = iota
	Pattern
	List
	Packet
)

// Value is what a section holds after its filters: a text, a regular expression,
// a list of values, or a packet (a text that is sent after a delay).
type Value struct {
	Kind  Kind
	Text  string        // Text and Packet; the source of a Pattern
	Flags string        // of a Pattern: a subset of "ims"
	Items []Value       // of a List
	Delay time.Duration // of a Packet: how long to wait before it is sent
	// HasDelay tells that the packet names its delay, which then
	// overrides raw_request_middle_delay.
	HasDelay bool
}

// At returns the value for request number i of a block. A list has one item per
// request; anything else is right only for a block with a single request.
func (v Value) At(i int, single bool) (Value, bool) {
	if v.Kind == List {
		if i >= len(v.Items) {
			return Value{}, false
		}
		return v.Items[i], true
	}
	return v, single
}

func (v Value) list() []Value {
	if v.Kind == List {
		return v.Items
	}
	return []Value{v}
}
