package event

// item is an entry of the run queue: a task to go on, a function to run, or a
// timer that came due.
type item struct {
	t  *Task
	f  func()
	tm *Timer
}

// queue is the run queue, a ring that grows. left counts what the present round
// still serves: what is queued meanwhile waits for the next one, after a poll.
type queue struct {
	ring []item
	head int
	n    int
	left int
}

func (q *queue) len() int { return q.n }

func (q *queue) push(it item) {
	if q.n == len(q.ring) {
		q.grow()
	}
	q.ring[(q.head+q.n)&(len(q.ring)-1)] = it
	q.n++
}

func (q *queue) pop() item {
	it := q.ring[q.head]
	q.ring[q.head] = item{}
	q.head = (q.head + 1) & (len(q.ring) - 1)
	q.n--
	return it
}

func (q *queue) grow() {
	ring := make([]item, max(64, 2*len(q.ring)))
	for i := range q.n {
		ring[i] = q.ring[(q.head+i)&(len(q.ring)-1)]
	}
	q.ring, q.head = ring, 0
}
