package re

// maxMeasure bounds lengths, so that nested repeats can not overflow.
const maxMeasure = 1 << 20

// minLen returns the length of the shortest text that n matches.
func (n *node) minLen() int {
	switch n.kind {
	case kindSet:
		return 1
	case kindGroup:
		return n.subs[0].minLen()
	case kindRepeat:
		return min(n.min*n.subs[0].minLen(), maxMeasure)
	case kindCat:
		sum := 0
		for _, s := range n.subs {
			sum += s.minLen()
		}
		return min(sum, maxMeasure)
	case kindAlt:
		least := maxMeasure
		for _, s := range n.subs {
			least = min(least, s.minLen())
		}
		return least
	}
	return 0
}

// starts adds the bytes with which a match of n can begin to set. It reports
// false when n may match without reading, so that what follows counts too.
func (n *node) starts(set *byteSet) bool {
	switch n.kind {
	case kindSet:
		set.union(n.set)
		return true
	case kindGroup:
		return n.subs[0].starts(set)
	case kindRepeat:
		return n.subs[0].starts(set) && n.min > 0
	case kindCat:
		for _, s := range n.subs {
			if s.starts(set) {
				return true
			}
		}
	case kindAlt:
		all := true
		for _, s := range n.subs {
			all = s.starts(set) && all
		}
		return all
	}
	return false
}

// lead tells how a match of a node begins.
type lead uint8

const (
	leadReads   lead = iota // it reads a byte of the set, or holds only where no byte does
	leadMaybe               // or it is empty, whatever stands there
	leadUnknown             // it looks around
)

// leads adds to set the bytes that may stand where a match of n begins.
func (n *node) leads(set *byteSet) lead {
	switch n.kind {
	case kindSet:
		set.union(n.set)
		return leadReads
	case kindGroup:
		return n.subs[0].leads(set)
	case kindRepeat:
		l := n.subs[0].leads(set)
		if l == leadReads && n.min == 0 {
			return leadMaybe
		}
		return l
	case kindCat:
		for _, s := range n.subs {
			if l := s.leads(set); l != leadMaybe {
				return l
			}
		}
		return leadMaybe
	case kindAlt:
		most := leadReads
		for _, s := range n.subs {
			most = max(most, s.leads(set))
		}
		return most
	}
	switch n.assert {
	case assertEnd:
		return leadReads
	case assertEndNewline, assertLineEnd:
		set.add('\n')
		return leadReads
	}
	return leadUnknown
}

// anchored tells that every match of n begins with the assertion a.
func (n *node) anchored(a assertion) bool {
	switch n.kind {
	case kindAssert:
		return n.assert == a
	case kindGroup:
		return n.subs[0].anchored(a)
	case kindRepeat:
		return n.min > 0 && n.subs[0].anchored(a)
	case kindCat:
		return len(n.subs) > 0 && n.subs[0].anchored(a)
	case kindAlt:
		for _, s := range n.subs {
			if !s.anchored(a) {
				return false
			}
		}
		return true
	}
	return false
}
