package resolver

import (
	"container/list"
	"net/netip"
	"time"
)

const (
	// expireAfter is how long an answer that is not valid any more is kept after
	// its last use: nginx's expire.
	expireAfter = 30 * time.Second
	// maxEntries bounds the cache, whose keys may come from clients.
	maxEntries = 1 << 16
)

// kind is what a lookup asks for.
type kind uint8

const (
	kindName kind = iota
	kindAddr
	kindService
)

type key struct {
	kind kind
	name string
}

// answer is the outcome of a successful lookup. It is not changed any more once
// its flight has landed.
type answer struct {
	v4, v6   []netip.Addr // kindName
	name     string       // kindAddr
	services []Service    // kindService
	ttl      time.Duration
	until    time.Time // when ttl, or valid=, is over
}

type entry struct {
	key   key
	value *answer
	valid time.Time
	used  time.Time
}

// cache keeps answers; the most recently used entry is in front.
type cache struct {
	entries map[key]*list.Element
	order   list.List
}

func (c *cache) get(k key, now time.Time) *answer {
	c.expire(now)
	el := c.entries[k]
	if el == nil {
		return nil
	}
	e := el.Value.(*entry)
	if !now.Before(e.valid) {
		return nil
	}
	e.used = now
	c.order.MoveToFront(el)
	return e.value
}

func (c *cache) put(k key, value *answer, valid, now time.Time) {
	if el := c.entries[k]; el != nil {
		c.remove(el)
	}
	if c.entries == nil {
		c.entries = map[key]*list.Element{}
	}
	if len(c.entries) >= maxEntries {
		c.remove(c.order.Back())
	}
	c.entries[k] = c.order.PushFront(&entry{key: k, value: value, valid: valid, used: now})
}

// expire drops at most two entries that have not been used for a while.
func (c *cache) expire(now time.Time) {
	for range 2 {
		el := c.order.Back()
		if el == nil {
			return
		}
		e := el.Value.(*entry)
		if now.Before(e.valid) || now.Sub(e.used) < expireAfter {
			return
		}
		c.remove(el)
	}
}

func (c *cache) remove(el *list.Element) {
	delete(c.entries, el.Value.(*entry).key)
	c.order.Remove(el)
}
