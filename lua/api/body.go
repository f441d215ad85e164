package api

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"

	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/server/http"
)

// bodyWriter is a body that a script writes, between init_body and
// finish_body.
type bodyWriter struct {
	data  []byte
	limit int // beyond it the body goes to a file
	file  *os.File
}

func init() {
	family(func(e *Engine) {
		req := e.sub("req")
		const waits = PhaseServerRewrite | PhaseRewrite | PhaseAccess | PhasePreContent | PhaseContent
		e.set(req, waits, map[string]function{
			"read_body":     readBody,
			"discard_body":  discardBody,
			"set_body_data": setBodyData,
			"set_body_file": setBodyFile,
			"init_body":     initBody,
			"append_body":   appendBody,
			"finish_body":   finishBody,
		})
		e.set(req, InRequest, map[string]function{
			"get_body_data": getBodyData,
			"get_body_file": getBodyFile,
		})
	})
}

// argumentCount refuses a wrong number of arguments.
func argumentCount(L *lua.LState, low, high int, want string) {
	if n := L.GetTop(); n < low || n > high {
		L.RaiseError("expecting %s but seen %d", want, n)
	}
}

func readBody(e *Engine, c *Ctx, L *lua.LState) int {
	argumentCount(L, 0, 0, "0 arguments")
	if c.R.BodyDiscarded() || c.raw || c.R.IsSub() { // a subrequest has what its parent has read
		return 0
	}
	rc := c.R.ReadBody()
	if rc == http.OK {
		return 0
	}
	if e.Loop.Current().Cause() != nil {
		c.wait(L, e.Loop.Current().Cause())
	}
	c.finish(L, exited, rc)
	return 0
}

func discardBody(e *Engine, c *Ctx, L *lua.LState) int {
	argumentCount(L, 0, 0, "0 arguments")
	if rc := c.R.DiscardBody(); rc != http.OK {
		L.RaiseError("failed to discard request body")
	}
	return 0
}

func getBodyData(e *Engine, c *Ctx, L *lua.LState) int {
	argumentCount(L, 0, 1, "0 or 1 arguments")
	most := 0
	if L.GetTop() == 1 {
		most = L.CheckInt(1)
	}
	b := c.R.Body()
	data := b.Bytes()
	if !b.Read() || b.File() != nil || len(data) == 0 {
		L.Push(lua.LNil)
		return 1
	}
	if most > 0 && len(data) > most {
		data = data[:most]
	}
	L.Push(lua.LString(data))
	return 1
}

func getBodyFile(e *Engine, c *Ctx, L *lua.LState) int {
	argumentCount(L, 0, 0, "0 arguments")
	b := c.R.Body()
	if b.File() == nil {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(lua.LString(b.File().Name()))
	return 1
}

// checkBodyRead refuses to replace a body that was not read.
func (c *Ctx) checkBodyRead(L *lua.LState) {
	if c.R.BodyDiscarded() {
		L.RaiseError("request body already discarded asynchronously")
	}
	if !c.R.Body().Read() {
		L.RaiseError("request body not read yet")
	}
}

// replaceBody makes data the body, and its length that of Content-Length.
func (c *Ctx) replaceBody(data []byte) {
	c.R.SetBody(data)
	c.setLength(int64(len(data)))
}

func (c *Ctx) setLength(n int64) {
	length := strconv.FormatInt(n, 10)
	if !c.R.ReplaceField("content-length", []byte(length)) {
		c.R.AppendField([]byte("Content-Length"), []byte(length))
	}
	c.R.RemoveField("transfer-encoding")
}

func setBodyData(e *Engine, c *Ctx, L *lua.LState) int {
	argumentCount(L, 1, 1, "1 arguments")
	data := []byte(checkString(L, 1))
	c.checkBodyRead(L)
	c.replaceBody(data)
	return 0
}

func setBodyFile(e *Engine, c *Ctx, L *lua.LState) int {
	argumentCount(L, 1, 2, "1 or 2 arguments")
	name := checkString(L, 1)
	c.checkBodyRead(L)
	remove := L.GetTop() == 2 && L.CheckBool(2)
	path := e.Work.Cycle.FullName(name)
	f, err := os.Open(path)
	if err != nil {
		var errno syscall.Errno
		errors.As(err, &errno)
		c.R.Logf(errLevel, "open() \"%s\" failed (%d: %s)", path, int(errno), osText(errno))
		L.RaiseError("open() \"%s\" failed", name)
	}
	if err := c.R.SetBodyFile(f, !remove); err != nil {
		L.RaiseError("%s", err.Error())
	}
	c.setLength(c.R.Body().Size())
	return 0
}

func initBody(e *Engine, c *Ctx, L *lua.LState) int {
	argumentCount(L, 0, 1, "0 or 1 argument")
	c.checkBodyRead(L)
	limit := int(c.R.BodyBuffer())
	if L.GetTop() == 1 {
		n := L.CheckInt(1)
		if n < 0 {
			L.RaiseError("bad size argument: %d", n)
		}
		limit = n
	}
	c.body = &bodyWriter{limit: limit}
	return 0
}

func appendBody(e *Engine, c *Ctx, L *lua.LState) int {
	argumentCount(L, 1, 1, "1 arguments")
	part := []byte(checkString(L, 1))
	w := c.body
	if w == nil {
		L.RaiseError("request_body not initialized")
	}
	if w.file == nil && len(w.data)+len(part) > w.limit {
		f, err := c.R.CreateBodyFile()
		if err != nil {
			L.RaiseError("fail to write file")
		}
		c.R.Logf(warnLevel, "a client request body is buffered to a temporary file %s", f.Name())
		w.file = f
		part = append(w.data, part...)
		w.data = nil
	}
	if w.file == nil {
		w.data = append(w.data, part...)
		return 0
	}
	if _, err := w.file.Write(part); err != nil {
		L.RaiseError("fail to write file")
	}
	return 0
}

func finishBody(e *Engine, c *Ctx, L *lua.LState) int {
	argumentCount(L, 0, 0, "0 argument")
	w := c.body
	if w == nil {
		L.RaiseError("request_body not initialized")
	}
	c.body = nil
	if w.file == nil {
		c.replaceBody(w.data)
		return 0
	}
	if err := c.R.SetBodyFile(w.file, false); err != nil {
		L.RaiseError("%s", err.Error())
	}
	c.setLength(c.R.Body().Size())
	return 0
}

// osText is an error of the system as C words it.
func osText(e syscall.Errno) string {
	text := e.Error()
	if text == "" {
		return fmt.Sprintf("Unknown error %d", int(e))
	}
	return string(text[0]-'a'+'A') + text[1:]
}
