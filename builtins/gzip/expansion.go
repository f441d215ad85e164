package gzip

import (
	"bufio"
	"errors"
	"io"
	"iter"

	"github.com/klauspost/compress/gzip"
)

// expansion is a response that is being decompressed. The decompressor reads
// its input where a filter is given it, so it runs as a coroutine that stops
// when the input ends for now.
type expansion struct {
	pull func() ([]byte, bool) // the next piece, nil where input is missing, false at the end
	stop func()                // ends the coroutine; may be called again

	in  []byte // given and not yet read
	eof bool   // nothing comes behind in
	err error  // why the decompressor gave up

	out   []byte  // decompressed, not yet passed on
	busy  bool    // parts of the body may come
	queue backlog // those parts
}

var errStopped = errors.New("the request has ended")

func newExpansion() *expansion {
	x := &expansion{}
	x.pull, x.stop = iter.Pull(x.run)
	return x
}

// run decompresses everything, members one after the other.
func (x *expansion) run(yield func([]byte) bool) {
	x.err = x.expand(yield)
}

func (x *expansion) expand(yield func([]byte) bool) error {
	z, err := gzip.NewReader(bufio.NewReader(&supply{x, yield}))
	if err == io.EOF {
		return nil // no body at all
	}
	if err != nil {
		return err
	}
	buf := make([]byte, piece/2)
	for {
		n, err := z.Read(buf)
		if n > 0 && !yield(buf[:n]) {
			return errStopped
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// supply gives the decompressor the input that is there, and asks for more.
type supply struct {
	x     *expansion
	yield func([]byte) bool
}

// Read implements io.Reader.
func (s *supply) Read(p []byte) (int, error) {
	for len(s.x.in) == 0 {
		if s.x.eof {
			return 0, io.EOF
		}
		if !s.yield(nil) {
			return 0, errStopped
		}
	}
	n := copy(p, s.x.in)
	s.x.in = s.x.in[n:]
	return n, nil
}
