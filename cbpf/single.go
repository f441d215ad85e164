package cbpf

import (
	"errors"
	"fmt"
	"slices"
)

// Kind is a way of steering.
type Kind int

const (
	// Extended is the sk_reuseport program.
	Extended Kind = iota
	// Classic is classic BPF.
	Classic
)

func (k Kind) String() string {
	if k == Extended {
		return "eBPF sk_reuseport"
	}
	return "classic BPF"
}

// Single is the single listener of a server: of a reuseport group, one socket
// gets all connections, and the master points to another when its worker dies
// or quits.
type Single struct {
	fds      []int
	kind     Kind
	why      error
	steering *Steering
}

// NewSingle takes charge of a group: fds are its listening sockets in the order
// in which they joined it, index i being worker i's. It uses the extended
// program where that works and classic BPF elsewhere; if neither does, the error
// is ErrNotSupported. The sockets stay the caller's. Nothing is steered before
// the first Point. A group that was in the charge of another Single, here or in
// another process, is taken over with InheritSingle.
func NewSingle(fds []int) (*Single, error) {
	if len(fds) == 0 {
		return nil, errors.New("single listener without a socket")
	}
	s := &Single{fds: slices.Clone(fds)}
	if s.why = s.extended(); s.why == nil {
		return s, nil
	}
	return s, s.classic()
}

// NewClassicSingle is NewSingle that never tries the extended program.
func NewClassicSingle(fds []int) (*Single, error) {
	if len(fds) == 0 {
		return nil, errors.New("single listener without a socket")
	}
	s := &Single{fds: slices.Clone(fds), why: errors.New("not asked for")}
	return s, s.classic()
}

// InheritSingle is NewSingle in a new master, which got the old one's sockets
// and what its Steering's Files gave. What is in force stays in force until the
// first Point.
func InheritSingle(fds []int, bpf [4]int) (*Single, error) {
	st, err := Inherit(bpf)
	if err != nil {
		return nil, err
	}
	if len(fds) == 0 || len(fds) > st.size {
		st.Close()
		return nil, fmt.Errorf("single listener with %d sockets", len(fds))
	}
	return &Single{fds: slices.Clone(fds), kind: Extended, steering: st}, nil
}

// Add takes in a socket that has joined the group after the others, and returns
// its index.
func (s *Single) Add(fd int) (index int, err error) {
	index = len(s.fds)
	if s.kind == Extended {
		if err := s.steering.Set(index, fd); err != nil {
			return 0, err
		}
	}
	s.fds = append(s.fds, fd)
	return index, nil
}

// Drop lets go of the last socket of the group, which the caller is about to
// close; the first one stays. It must not be the one that Point named.
func (s *Single) Drop() error {
	last := len(s.fds) - 1
	if last == 0 {
		return errors.New("single listener: the only socket can not be dropped")
	}
	if s.kind == Extended {
		if err := s.steering.Unset(last); err != nil {
			return err
		}
	}
	s.fds = s.fds[:last]
	return nil
}

// maxGroup is how many sockets a group can grow to. A socket is in one array at
// a time, and leaves it late when the array goes, so a group keeps its array.
const maxGroup = 1024

func (s *Single) extended() error {
	st, err := NewSteering(max(len(s.fds), maxGroup))
	if err != nil {
		return err
	}
	for i, fd := range s.fds {
		if err := st.Set(i, fd); err != nil {
			st.Close()
			return err
		}
	}
	if err := st.Attach(s.fds[0]); err != nil {
		st.Close()
		return err
	}
	s.kind, s.steering = Extended, st
	return nil
}

// classic proves that a program can be attached, and leaves none behind.
func (s *Single) classic() error {
	s.kind = Classic
	if err := AttachConstant(s.fds[0], 0); err != nil {
		return err
	}
	return Detach(s.fds[0])
}

// Kind returns the way of steering that is in force.
func (s *Single) Kind() Kind { return s.kind }

// String says for the log which way of steering is in force and why.
func (s *Single) String() string {
	if s.kind == Extended {
		return s.kind.String()
	}
	return fmt.Sprintf("%v (no eBPF: %v)", s.kind, s.why)
}

// Point steers all new connections to the socket with that index. What already
// waits on another socket stays there; its worker, or the new one, accepts it.
func (s *Single) Point(index int) error {
	if index < 0 || index >= len(s.fds) {
		return fmt.Errorf("single listener: socket %d of %d", index, len(s.fds))
	}
	if s.kind == Extended {
		return s.steering.Direct(index)
	}
	return AttachConstant(s.fds[0], index)
}

// Steering returns the extended program's maps, nil with classic BPF.
func (s *Single) Steering() *Steering { return s.steering }

// Close ends the steering: connections spread over the group again.
func (s *Single) Close() error {
	err := Detach(s.fds[0])
	if s.steering != nil {
		err = errors.Join(err, s.steering.Close())
	}
	return err
}
