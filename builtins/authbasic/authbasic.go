// Package authbasic is ngx_http_auth_basic_module: users and passwords from a
// file.
package authbasic

import (
	"context"
	"errors"
	"os"
	"syscall"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/log"
)

// settings are the module's of a location.
type settings struct {
	realm cycle.Opt[*http.Complex]
	file  *userFile
}

// userFile is auth_basic_user_file.
type userFile struct {
	name *http.Complex
	// users and err are what a file with a fixed name holds; it is read with the
	// configuration.
	fixed bool
	users users
	err   error
}

var confs = http.NewLocation(func() *settings { return &settings{} }, func(_ *cycle.Conf, outer, own *settings) error {
	own.realm.Merge(&outer.realm, nil)
	if own.file == nil {
		own.file = outer.file
	}
	return nil
})

func init() {
	const in = cycle.HTTPAll | cycle.HTTPLimitExcept
	http.Register(&http.Module{Name: "ngx_http_auth_basic_module", Directives: []cycle.Directive{
		{Name: "auth_basic", In: in, Args: "1", Set: http.SetComplex(confs, func(s *settings) *cycle.Opt[*http.Complex] { return &s.realm }), Doc: "Asks for user and password in a realm; off does not."},
		{Name: "auth_basic_user_file", In: in, Args: "1", Set: setFile, Doc: "The file of users and passwords; without variables in its name it is read with the configuration."},
	}, Init: func(_ *cycle.Conf, m *http.Main) error {
		m.AddPhase(http.PhaseHandler{Name: "auth basic", Phase: http.Access, Order: 20, Run: handle,
			Applies: func(l *http.Location) bool { s := confs.In(l); return s.realm.V != nil && s.file != nil }})
		return nil
	}})
}

func setFile(c *cycle.Conf) error {
	s := confs.At(c)
	if s.file != nil {
		return c.Wrong("is duplicate")
	}
	v, err := http.CompileComplex(c, c.Cycle.ConfName(c.Arg(0)))
	if err != nil {
		return err
	}
	s.file = &userFile{name: v}
	name, static := v.Static()
	if !static {
		return nil
	}
	text, err := c.Cycle.ReadFile(name)
	s.file.fixed, s.file.err, s.file.users = true, err, parse(text)
	return nil
}

// handle lets in who knows a password.
func handle(r *http.Request) http.Status {
	s := confs.Of(r)
	realm := s.realm.V.Eval(r)
	if string(realm) == "off" {
		return http.Declined
	}
	user, password, ok := r.BasicAuth()
	if !ok {
		r.Logf(log.Info, "no user/password was provided for basic authentication")
		return ask(r, realm)
	}
	all, name, err := s.file.read(r)
	if err != nil {
		return failed(r, name, err)
	}
	hash, ok := all[string(user)]
	if !ok {
		r.Logf(log.Error, "user \"%s\" was not found in \"%s\"", user, name)
		return ask(r, realm)
	}
	if ok, err = check(r, password, hash); err != nil {
		return http.Error // the request was cancelled meanwhile
	}
	if !ok {
		r.Logf(log.Error, "user \"%s\": password mismatch", user)
		return ask(r, realm)
	}
	return http.OK
}

// read returns the users and the file's name.
func (f *userFile) read(r *http.Request) (users, string, error) {
	name := string(f.name.Eval(r))
	if f.fixed {
		return f.users, name, f.err
	}
	text, err := os.ReadFile(name)
	return parse(text), name, err
}

func failed(r *http.Request, name string, err error) http.Status {
	level, status := log.Crit, http.Status(500)
	if errors.Is(err, syscall.ENOENT) {
		level, status = log.Error, 403
	}
	call := "open()"
	if errors.Is(err, syscall.EISDIR) {
		call = "pread()" // a folder can be opened
	}
	r.Logf(level, "%s", log.Errno(call+" \""+name+"\" failed", err))
	return status
}

// ask answers with 401 and the realm.
func ask(r *http.Request, realm []byte) http.Status {
	v := append(append([]byte("Basic realm=\""), realm...), '"')
	r.Out.HideField("www-authenticate")
	r.Out.Add([]byte("WWW-Authenticate"), v)
	return 401
}

// check compares a password with its hash; a slow hash is computed without the
// baton.
func check(r *http.Request, password, hash []byte) (bool, error) {
	if !slow(hash) {
		return verify(password, hash), nil
	}
	var ok bool
	if err := r.Loop().Block(func(context.Context) { ok = verify(password, hash) }); err != nil {
		return false, err
	}
	return ok, nil
}
