package shm

import "fmt"

// ServiceVars keeps the values of shared services (handler_service_var_in_shm)
// in a zone: each has one writer at a time and readers in all processes.
type ServiceVars struct{ z *Zone }

const kindVars = 3

// A variable's memory. It stays for the life of the zone; the value comes and
// goes.
const (
	varNext     = 0
	varValue    = 8  // offset of the value, 0: none
	varSize     = 16 // its length
	varTime     = 24 // of the last change, seconds since the epoch
	varChanges  = 32
	varFailures = 40
	varFailed   = 48
	varNameLen  = 56
	varName     = 64
)

// NewServiceVars makes the variables of a zone, or attaches to them. The zone
// needs no index.
func NewServiceVars(z *Zone) (*ServiceVars, error) {
	err := z.Construct(func(existed bool) error {
		if !existed {
			z.lock()
			defer z.unlock()
			z.put32(ctlKind, kindVars)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if z.load32(ctlKind) != kindVars {
		return nil, fmt.Errorf("service variables in zone %q: %w", z.name, ErrWrongKind)
	}
	return &ServiceVars{z}, nil
}

// ServiceVar is one variable.
type ServiceVar struct {
	z  *Zone
	at uint64
}

// ServiceVarInfo is what the variable $_shm__NAME tells.
type ServiceVarInfo struct {
	Time     int64 // of the last change, seconds since the epoch; 0: never
	Size     int64 // bytes of the value
	Changes  uint64
	Failures uint64 // results that did not fit
	Failed   bool   // the last result did not fit
}

// String words the information as $_shm__NAME does.
func (i ServiceVarInfo) String() string {
	failed := 0
	if i.Failed {
		failed = 1
	}
	return fmt.Sprintf("%d | %d | %d | %d | %d", i.Time, i.Size, i.Changes, i.Failures, failed)
}

// Var finds the variable of that name, or makes it, empty.
func (v *ServiceVars) Var(name string) (*ServiceVar, error) {
	if name == "" || len(name) > MaxName {
		return nil, fmt.Errorf("service variable %q in zone %q: name must have 1 to %d bytes", name, v.z.name, MaxName)
	}
	at := v.find(name)
	if at == 0 {
		return nil, fmt.Errorf("service variable %q in zone %q: %w", name, v.z.name, ErrNoMemory)
	}
	return &ServiceVar{v.z, at}, nil
}

func (v *ServiceVars) find(name string) uint64 {
	z := v.z
	z.lock()
	defer z.unlock()
	for at := z.load64(ctlRoot); at != 0; at = z.load64(at + varNext) {
		if string(z.bytes(at+varName, z.load64(at+varNameLen))) == name {
			return at
		}
	}
	at := z.alloc(varName + uint64(len(name)))
	if at == 0 {
		return 0
	}
	clear(z.bytes(at, varName))
	z.store64(at+varNext, z.load64(ctlRoot))
	z.store64(at+varNameLen, uint64(len(name)))
	copy(z.bytes(at+varName, uint64(len(name))), name)
	z.put64(ctlRoot, at)
	return at
}

// Store publishes a result of the service. It is a change if its bytes differ
// from the value's. A result that does not fit is ErrNoMemory: the value stays,
// and the failure is counted. Now is the time in seconds since the epoch.
func (s *ServiceVar) Store(value []byte, now int64) (changed bool, err error) {
	z := s.z
	z.lock()
	defer z.unlock()
	old, size := z.load64(s.at+varValue), z.load64(s.at+varSize)
	if string(z.bytes(old, size)) == string(value) {
		z.put64(s.at+varFailed, 0)
		return false, nil
	}
	at := uint64(0)
	if len(value) > 0 {
		at = z.alloc(uint64(len(value)))
		if at == 0 {
			z.put64(s.at+varFailed, 1)
			z.put64(s.at+varFailures, z.load64(s.at+varFailures)+1)
			return false, ErrNoMemory
		}
		copy(z.bytes(at, uint64(len(value))), value)
	}
	z.put64(s.at+varValue, at)
	z.put64(s.at+varSize, uint64(len(value)))
	z.put64(s.at+varTime, uint64(now))
	z.put64(s.at+varFailed, 0)
	z.put64(s.at+varChanges, z.load64(s.at+varChanges)+1)
	if old != 0 {
		z.free(old)
	}
	return true, nil
}

// Load appends the value to dst and tells about it.
func (s *ServiceVar) Load(dst []byte) ([]byte, ServiceVarInfo) {
	for {
		value, info, fits := s.tryLoad(dst)
		if fits {
			return value, info
		}
		grown := make([]byte, len(dst), int64(len(dst))+info.Size)
		copy(grown, dst)
		dst = grown
	}
}

func (s *ServiceVar) tryLoad(dst []byte) ([]byte, ServiceVarInfo, bool) {
	z := s.z
	z.lock()
	defer z.unlock()
	info := ServiceVarInfo{
		Time: int64(z.load64(s.at + varTime)), Size: int64(z.load64(s.at + varSize)),
		Changes: z.load64(s.at + varChanges), Failures: z.load64(s.at + varFailures),
		Failed: z.load64(s.at+varFailed) != 0,
	}
	if info.Size > int64(cap(dst)-len(dst)) {
		return dst, info, false
	}
	return append(dst, z.bytes(z.load64(s.at+varValue), uint64(info.Size))...), info, true
}

// Changes counts the changes of the value, without the zone's lock: a worker
// that keeps the last count knows whether $_upd__NAME is to be empty.
func (s *ServiceVar) Changes() uint64 { return s.z.atomic64(s.at + varChanges).Load() }

// vars is the checker's walk through service variables.
func (c *checker) vars() error {
	z := c.z
	for at := z.load64(ctlRoot); at != 0; at = z.load64(at + varNext) {
		if err := c.reach("service variable", at); err != nil {
			return err
		}
		value := z.load64(at + varValue)
		if (value == 0) != (z.load64(at+varSize) == 0) {
			return damaged("service variable at %#x: value and size disagree", at)
		}
		if value == 0 {
			continue
		}
		if err := c.reach("value of a service variable", value); err != nil {
			return err
		}
	}
	return nil
}
