package api

// runs are the scripts of a worker that are in progress, the oldest first: a
// list through the runs themselves, as every script joins and leaves it.
type runs struct{ oldest, newest *run }

func (l *runs) add(r *run) {
	r.older, r.newer = l.newest, nil
	if l.newest != nil {
		l.newest.newer = r
	} else {
		l.oldest = r
	}
	l.newest = r
}

func (l *runs) remove(r *run) {
	if r.older != nil {
		r.older.newer = r.newer
	} else {
		l.oldest = r.newer
	}
	if r.newer != nil {
		r.newer.older = r.older
	} else {
		l.newest = r.older
	}
	r.older, r.newer = nil, nil
}
