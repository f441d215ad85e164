package cbpf

import (
	"errors"
	"fmt"
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
// the first Point.
func NewSingle(fds []int) (*Single, error) {
	if len(fds) == 0 {
		return nil, errors.New("single listener without a socket")
	}
	s := &Single{fds: fds}
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
	s := &Single{fds: fds, why: errors.New("not asked for")}
	return s, s.classic()
}

func (s *Single) extended() error {
	st, err := NewSteering(len(s.fds))
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
