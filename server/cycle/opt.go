package cycle

import (
	"strconv"
	"strings"
	"time"

	"github.com/perigee-server/perigee/conf"
)

// Opt is a setting that knows whether it was set, so that levels can be merged.
type Opt[T any] struct {
	V   T
	Set bool
}

// Put sets the value.
func (o *Opt[T]) Put(v T) { o.V, o.Set = v, true }

// Merge takes the outer level's value where none was set, and the default where
// that has none.
func (o *Opt[T]) Merge(outer *Opt[T], def T) {
	if o.Set {
		return
	}
	if outer != nil && outer.Set {
		*o = *outer
		return
	}
	o.Put(def)
}

// Place finds the configuration of type T for the directive that is being set.
type Place[T any] interface{ At(c *Conf) *T }

func flagValue(s string) (v, ok bool) {
	switch {
	case strings.EqualFold(s, "on"):
		return true, true
	case strings.EqualFold(s, "off"):
		return false, true
	}
	return false, false
}

// setter builds a Setter from a function that reads the first argument.
func setter[T, V any](p Place[T], field func(*T) *Opt[V], read func(c *Conf, s string) (V, error)) Setter {
	return func(c *Conf) error {
		o := field(p.At(c))
		if o.Set {
			return c.Wrong("is duplicate")
		}
		v, err := read(c, c.Arg(0))
		if err != nil {
			return err
		}
		o.Put(v)
		return nil
	}
}

// SetFlag reads on|off.
func SetFlag[T any](p Place[T], field func(*T) *Opt[bool]) Setter {
	return setter(p, field, func(_ *Conf, s string) (bool, error) {
		v, _ := flagValue(s)
		return v, nil
	})
}

// SetString takes the argument as it is.
func SetString[T any](p Place[T], field func(*T) *Opt[string]) Setter {
	return setter(p, field, func(_ *Conf, s string) (string, error) { return s, nil })
}

// SetNumber reads a non-negative decimal number of any size that an int has.
func SetNumber[T any](p Place[T], field func(*T) *Opt[int]) Setter {
	return setter(p, field, func(c *Conf, s string) (int, error) {
		n, err := strconv.ParseUint(s, 10, strconv.IntSize-1)
		if err != nil {
			return 0, c.Wrong("invalid number")
		}
		return int(n), nil
	})
}

// Number parses a non-negative decimal number of at most nine digits.
func Number(s string) (int, bool) {
	if s == "" || len(s) > 9 {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}

// SetSize reads a size in bytes with k or m.
func SetSize[T any](p Place[T], field func(*T) *Opt[int64]) Setter {
	return setter(p, field, func(c *Conf, s string) (int64, error) {
		n, ok := conf.Size(s)
		if !ok {
			return 0, c.Wrong("invalid value")
		}
		return n, nil
	})
}

// SetOffset reads a size in bytes with k, m or g.
func SetOffset[T any](p Place[T], field func(*T) *Opt[int64]) Setter {
	return setter(p, field, func(c *Conf, s string) (int64, error) {
		n, ok := conf.Offset(s)
		if !ok {
			return 0, c.Wrong("invalid value")
		}
		return n, nil
	})
}

// SetMsec reads a time of millisecond resolution.
func SetMsec[T any](p Place[T], field func(*T) *Opt[time.Duration]) Setter {
	return setter(p, field, func(c *Conf, s string) (time.Duration, error) {
		n, ok := conf.Msec(s)
		if !ok {
			return 0, c.Wrong("invalid value")
		}
		return conf.Span(n, time.Millisecond), nil
	})
}

// SetSec reads a time of second resolution.
func SetSec[T any](p Place[T], field func(*T) *Opt[time.Duration]) Setter {
	return setter(p, field, func(c *Conf, s string) (time.Duration, error) {
		n, ok := conf.Sec(s)
		if !ok {
			return 0, c.Wrong("invalid value")
		}
		return conf.Span(n, time.Second), nil
	})
}

// SetEnum maps the argument through a table.
func SetEnum[T, V any](p Place[T], field func(*T) *Opt[V], values map[string]V) Setter {
	return setter(p, field, func(c *Conf, s string) (V, error) {
		v, ok := values[s]
		if !ok {
			return v, c.Errorf("invalid value %q", s)
		}
		return v, nil
	})
}

// SetBits sets a bit for each argument.
func SetBits[T any](p Place[T], field func(*T) *Opt[uint], values map[string]uint) Setter {
	return func(c *Conf) error {
		o := field(p.At(c))
		for _, s := range c.Args() {
			v, ok := bitOf(values, s)
			if !ok {
				return c.Errorf("invalid value %q", s)
			}
			if o.V&v != 0 && o.Set {
				c.Warnf("duplicate value %q", s)
				continue
			}
			o.Put(o.V | v)
		}
		return nil
	}
}

// bitOf finds a word whatever its case, as nginx does.
func bitOf(values map[string]uint, word string) (uint, bool) {
	if v, ok := values[word]; ok {
		return v, true
	}
	for name, v := range values {
		if strings.EqualFold(name, word) {
			return v, true
		}
	}
	return 0, false
}

// Bufs is the value of directives such as `proxy_buffers 8 4k`.
type Bufs struct {
	Num  int
	Size int64
}

// SetBufs reads a number and a size.
func SetBufs[T any](p Place[T], field func(*T) *Opt[Bufs]) Setter {
	return func(c *Conf) error {
		o := field(p.At(c))
		if o.Set {
			return c.Wrong("is duplicate")
		}
		n, ok := Number(c.Arg(0))
		if !ok || n == 0 {
			return c.Wrong("invalid value")
		}
		size, ok := conf.Size(c.Arg(1))
		if !ok || size == 0 {
			return c.Wrong("invalid value")
		}
		o.Put(Bufs{n, size})
		return nil
	}
}

// SetList appends the argument (every argument) to a list of words.
func SetList[T any](p Place[T], field func(*T) *[]string) Setter {
	return func(c *Conf) error {
		l := field(p.At(c))
		*l = append(*l, c.Args()...)
		return nil
	}
}

// Ignore accepts a directive without effect; its Doc says why.
func Ignore(*Conf) error { return nil }
