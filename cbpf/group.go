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

// Group is a reuseport group in the charge of the master: one socket gets all
// connections, and the master points to another when its worker dies or quits;
// or they are shared by weights.
type Group struct {
	fds      []int
	kind     Kind
	why      error
	steering *Steering
}

// NewGroup takes charge of a group: fds are its listening sockets in the order
// in which they joined it, index i being worker i's. It uses the extended
// program where that works and classic BPF elsewhere; if neither does, the error
// is ErrNotSupported. The sockets stay the caller's. Nothing is steered before
// the first Point. A group that was in the charge of another Group, here or in
// another process, is taken over with InheritGroup.
func NewGroup(fds []int) (*Group, error) {
	if len(fds) == 0 {
		return nil, errors.New("a reuseport group without a socket")
	}
	s := &Group{fds: slices.Clone(fds)}
	if s.why = s.extended(); s.why == nil {
		return s, nil
	}
	return s, s.classic()
}

// NewClassicGroup is NewGroup that never tries the extended program.
func NewClassicGroup(fds []int) (*Group, error) {
	if len(fds) == 0 {
		return nil, errors.New("a reuseport group without a socket")
	}
	s := &Group{fds: slices.Clone(fds), why: errors.New("not asked for")}
	return s, s.classic()
}

// InheritGroup is NewGroup in a new master, which got the old one's sockets
// and what its Steering's Files gave. What is in force stays in force until the
// first Point.
func InheritGroup(fds []int, bpf [4]int) (*Group, error) {
	st, err := Inherit(bpf)
	if err != nil {
		return nil, err
	}
	if len(fds) == 0 || len(fds) > st.size {
		st.Close()
		return nil, fmt.Errorf("a reuseport group with %d sockets", len(fds))
	}
	return &Group{fds: slices.Clone(fds), kind: Extended, steering: st}, nil
}

// Add takes in a socket that has joined the group after the others, and returns
// its index.
func (s *Group) Add(fd int) (index int, err error) {
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
func (s *Group) Drop() error {
	last := len(s.fds) - 1
	if last == 0 {
		return errors.New("reuseport group: the only socket can not be dropped")
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

func (s *Group) extended() error {
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
func (s *Group) classic() error {
	s.kind = Classic
	if err := AttachConstant(s.fds[0], 0); err != nil {
		return err
	}
	return Detach(s.fds[0])
}

// Kind returns the way of steering that is in force.
func (s *Group) Kind() Kind { return s.kind }

// String says for the log which way of steering is in force and why.
func (s *Group) String() string {
	if s.kind == Extended {
		return s.kind.String()
	}
	return fmt.Sprintf("%v (no eBPF: %v)", s.kind, s.why)
}

// Point steers all new connections to the socket with that index. What already
// waits on another socket stays there; its worker, or the new one, accepts it.
func (s *Group) Point(index int) error {
	if index < 0 || index >= len(s.fds) {
		return fmt.Errorf("reuseport group: socket %d of %d", index, len(s.fds))
	}
	if s.kind == Extended {
		return s.steering.Direct(index)
	}
	return AttachConstant(s.fds[0], index)
}

// Share spreads new connections in proportion to weights, one for each socket
// from the first on; a socket without a weight, or with 0, gets nothing more.
// Classic BPF knows no weights: ErrNotSupported. All weights 0 is an error.
func (s *Group) Share(weights []uint32) error {
	if s.kind != Extended {
		return fmt.Errorf("weights: %w", ErrNotSupported)
	}
	return s.steering.Share(weights)
}

// Steering returns the extended program's maps, nil with classic BPF.
func (s *Group) Steering() *Steering { return s.steering }

// Close ends the steering: connections spread over the group again.
func (s *Group) Close() error {
	err := Detach(s.fds[0])
	if s.steering != nil {
		err = errors.Join(err, s.steering.Close())
	}
	return err
}
