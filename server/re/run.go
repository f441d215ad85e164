package re

import "sync"

// frame is a choice left for later, or a slot to be set back on the way.
type frame struct {
	kind frameKind
	at   int32 // instruction, or slot
	pos  int   // offset, or the slot's former value
	low  int   // frameGive: the lowest offset; frameTake: rounds left
}

type frameKind uint8

const (
	frameSplit frameKind = iota // goes on at an instruction
	frameSlot                   // restores a slot
	frameGive                   // goes on with one byte less in a loop
	frameTake                   // goes on with one byte more in a lazy loop
)

// machine is the memory of one running match.
type machine struct {
	stack   []frame
	visited []uint64
}

var machines = sync.Pool{New: func() any { return new(machine) }}

const (
	// A search may take stepsPerByte steps per byte of the subject before it
	// starts again with memory of where it has been.
	stepsPerByte = 64
	stepsAtLeast = 4096

	keepFrames  = 1 << 14 // room that an idle machine keeps
	keepVisited = 1 << 16 // words that an idle machine keeps
)

// maxVisited bounds the memory of one search, in words (32 MiB). Beyond it PCRE
// runs the pattern, with its limits.
const maxVisited = 4 << 20

// run looks for the first match at from or later and sets ov. It reports false
// for done if that would take too much memory.
func run[S []byte | string](p *program, subject S, from int, ov []int) (found, done bool) {
	m := machines.Get().(*machine)
	size := len(subject) - from + 1
	found, done = search(m, p, p.quick, subject, from, ov, stepsAtLeast+stepsPerByte*size, nil)
	if !done {
		code, splits := p.withMemory()
		if words := (splits*size + 63) / 64; code != nil && words <= maxVisited {
			found, done = search(m, p, code, subject, from, ov, -1, m.remember(words))
		}
	}
	if cap(m.stack) > keepFrames {
		m.stack = nil
	}
	if cap(m.visited) > keepVisited {
		m.visited = nil
	}
	machines.Put(m)
	return found, done
}

// remember returns cleared memory of the given size, which is not nil.
func (m *machine) remember(words int) []uint64 {
	if cap(m.visited) < words || m.visited == nil {
		m.visited = make([]uint64, words)
		return m.visited
	}
	m.visited = m.visited[:words]
	clear(m.visited)
	return m.visited
}

// search tries one starting offset after the other. With visited it never
// takes up the same choice at the same offset twice: having failed once it
// would fail again, whatever the slots hold, since nothing in a program reads
// them. Without, it gives up (done is false) after the given number of steps.
func search[S []byte | string](m *machine, p *program, code []inst, subject S, from int, ov []int, steps int, visited []uint64) (found, done bool) {
	if p.atStart && from > 0 {
		return false, true
	}
	size := len(subject) - from + 1
	stack := m.stack[:0]
	defer func() { m.stack = stack[:0] }()

	for start := from; ; start++ {
		if p.first != nil {
			for start < len(subject) && !p.first[subject[start]] {
				start++
			}
			if start == len(subject) {
				return false, true
			}
		}
		for i := range ov {
			ov[i] = -1
		}

		pc, pos := int32(0), start
		for {
			if steps--; steps == 0 {
				return false, false
			}
			i := &code[pc]
			pc++
			switch i.op {
			case opMatch:
				return true, true
			case opByte:
				if pos < len(subject) && subject[pos] == i.c {
					pos++
					continue
				}
			case opFold:
				if pos < len(subject) && subject[pos]|0x20 == i.c {
					pos++
					continue
				}
			case opSet:
				if pos < len(subject) && i.set[subject[pos]] {
					pos++
					continue
				}
			case opAny:
				if pos < len(subject) {
					pos++
					continue
				}
			case opJump:
				pc = i.x
				continue
			case opSave:
				if len(stack) > 0 {
					stack = append(stack, frame{kind: frameSlot, at: i.x, pos: ov[i.x]})
				}
				ov[i.x] = pos
				continue
			case opAssert:
				if holds(assertion(i.c), subject, from, pos) {
					continue
				}
			case opSplit:
				if visited != nil {
					bit := int(i.n)*size + pos - from
					if visited[bit>>6]>>(bit&63)&1 != 0 {
						break
					}
					visited[bit>>6] |= 1 << (bit & 63)
				}
				stack = append(stack, frame{kind: frameSplit, at: i.y, pos: pos})
				pc = i.x
				continue
			case opLoop, opAtom:
				end := len(subject)
				if i.y >= 0 && int(i.y) < end-pos {
					end = pos + int(i.y)
				}
				low := pos + int(i.x)
				begin := pos
				for pos < end && i.set[subject[pos]] {
					pos++
				}
				if steps > 0 {
					steps = max(steps-(pos-begin)/8, 1)
				}
				if pos < low {
					break
				}
				if pos > low && i.op == opLoop {
					stack = append(stack, frame{kind: frameGive, at: pc, pos: pos - 1, low: low})
				}
				continue
			case opLazy:
				low := pos + int(i.x)
				for pos < low && pos < len(subject) && i.set[subject[pos]] {
					pos++
				}
				if pos < low {
					break
				}
				left := -1
				if i.y >= 0 {
					left = int(i.y - i.x)
				}
				if left != 0 {
					stack = append(stack, frame{kind: frameTake, at: pc, pos: pos, low: left})
				}
				continue
			}

			// The way failed: take up the latest choice.
			ok := false
			for len(stack) > 0 && !ok {
				f := &stack[len(stack)-1]
				switch f.kind {
				case frameSlot:
					ov[f.at] = f.pos
					stack = stack[:len(stack)-1]
				case frameSplit:
					pc, pos, ok = f.at, f.pos, true
					stack = stack[:len(stack)-1]
				case frameGive:
					pc, pos, ok = f.at, f.pos, true
					if f.pos--; f.pos < f.low {
						stack = stack[:len(stack)-1]
					}
				case frameTake:
					if f.pos == len(subject) || !code[f.at-1].set[subject[f.pos]] {
						stack = stack[:len(stack)-1]
						continue
					}
					f.pos++
					pc, pos, ok = f.at, f.pos, true
					if f.low--; f.low == 0 {
						stack = stack[:len(stack)-1]
					}
				}
			}
			if !ok {
				break
			}
		}
		if start == len(subject) || p.atStart || p.atFrom {
			return false, true
		}
	}
}

func holds[S []byte | string](a assertion, subject S, from, pos int) bool {
	switch a {
	case assertStart:
		return pos == 0
	case assertFrom:
		return pos == from
	case assertEnd:
		return pos == len(subject)
	case assertEndNewline:
		return pos == len(subject) || pos == len(subject)-1 && subject[pos] == '\n'
	case assertLineStart:
		return pos == 0 || pos < len(subject) && subject[pos-1] == '\n'
	case assertLineEnd:
		return pos == len(subject) || subject[pos] == '\n'
	}
	before := pos > 0 && wordTable[subject[pos-1]]
	after := pos < len(subject) && wordTable[subject[pos]]
	return (before != after) == (a == assertBoundary)
}

var wordTable = setWord.table()
