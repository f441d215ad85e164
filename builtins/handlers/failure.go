package handlers

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"

	"github.com/perigee-server/perigee/server/handler"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/http/native"
	"github.com/perigee-server/perigee/server/log"
)

// panicked is the error that a handler's panic becomes.
type panicked struct {
	text  string
	place string // FILE:LINE, where it is known
}

func (p *panicked) Error() string {
	if p.place == "" {
		return p.text
	}
	return p.text + " at " + p.place
}

// HandlerPanic makes it a native.Panic.
func (*panicked) HandlerPanic() {}

var _ native.Panic = (*panicked)(nil)

// recovered makes an error of what recover has returned. It must be called by
// the deferred function itself, so that the stack is still that of the panic.
func recovered(v any) error {
	if v == nil {
		return &panicked{text: "the handler has ended its goroutine"}
	}
	if u, ok := v.(*handler.Uncaught); ok {
		return &panicked{text: u.Text}
	}
	return &panicked{text: fmt.Sprint(v), place: panicPlace()}
}

// panicPlace is where the present panic happened: the first frame below those
// of the runtime.
func panicPlace() string {
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	inPanic := false
	for {
		f, more := frames.Next()
		if strings.HasPrefix(f.Function, "runtime.") {
			inPanic = true
		} else if inPanic {
			return fmt.Sprintf("%s:%d", f.File[strings.LastIndexByte(f.File, '/')+1:], f.Line)
		}
		if !more {
			return ""
		}
	}
}

// failed logs the failure of a variable's handler and returns the value: the
// text of an error that the handler has returned, nothing after a panic.
func (e *entry) failed(r *http.Request, err error, how string) []byte {
	var p *panicked
	panics := errors.As(err, &p)
	what := "has failed"
	if panics {
		what = "has panicked"
	}
	r.LogLine(log.Error, fmt.Sprintf("handler %q %s while getting value of variable %q%s: \"%s\"", e.use.name, what, e.v.name, how, oneLine(err.Error())))
	if panics || e.v.emptyOnError {
		return nil
	}
	return []byte(err.Error())
}

// oneLine writes control characters as \xHH, so that a text is one line of the
// log whatever is in it.
func oneLine(s string) string {
	clean := func(c byte) bool { return c >= ' ' && c != 0x7f }
	i := 0
	for i < len(s) && clean(s[i]) {
		i++
	}
	if i == len(s) {
		return s
	}
	b := append(make([]byte, 0, len(s)+16), s[:i]...)
	for ; i < len(s); i++ {
		if clean(s[i]) {
			b = append(b, s[i])
			continue
		}
		b = append(b, '\\', 'x')
		if s[i] < 16 {
			b = append(b, '0')
		}
		b = append(b, strings.ToUpper(strconv.FormatUint(uint64(s[i]), 16))...)
	}
	return string(b)
}
