// Package templates is the library "templates" of native handlers: files of
// text/template, and of html/template where the name ends in .html or .htm,
// filled with JSON. `handler load templates;`
package templates

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	texttemplate "text/template"
	"time"

	"github.com/perigee-server/perigee/server/handler"
)

func init() { handler.Library("templates", register) }

func register() {
	handler.Async("template", func(ctx context.Context, arg []byte) ([]byte, error) {
		resp, err := fromArgument(ctx, arg)
		if err != nil {
			return nil, err
		}
		return resp.Body[0], nil
	})
	handler.AsyncContent("templatePage", fromArgument)
	handler.AsyncContentOnBody("templateBody", func(_ context.Context, body *handler.Body, file []byte) (handler.Response, error) {
		return render(string(file), body)
	})
}

// fromArgument renders FILE|JSON; FILE alone has no values.
func fromArgument(_ context.Context, arg []byte) (handler.Response, error) {
	file, text, given := strings.Cut(string(arg), "|")
	if !given {
		text = "null"
	}
	return render(file, strings.NewReader(text))
}

// template is what both kinds of templates are.
type template interface {
	Execute(w io.Writer, data any) error
}

// parsed is a template with the state of the file that it was read from.
type parsed struct {
	template
	modified time.Time
	size     int64
}

// known are the templates by file; a file that has changed is read anew.
var known sync.Map

var functions = map[string]any{
	"b64":   func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"uenc":  url.QueryEscape,
	"upper": strings.ToUpper,
	"lower": strings.ToLower,
	"json": func(v any) (string, error) {
		b, err := json.Marshal(v)
		return string(b), err
	},
	"join": func(sep string, list []any) string {
		texts := make([]string, len(list))
		for i, v := range list {
			texts[i] = fmt.Sprint(v)
		}
		return strings.Join(texts, sep)
	},
}

// open reads a template, unless it is known and the file is as it was.
func open(file string) (template, error) {
	st, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if p, ok := known.Load(file); ok && p.(*parsed).modified.Equal(st.ModTime()) && p.(*parsed).size == st.Size() {
		return p.(*parsed), nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	p := &parsed{modified: st.ModTime(), size: st.Size()}
	if mediaType(file) == "text/html" {
		p.template, err = htmltemplate.New(filepath.Base(file)).Funcs(functions).Parse(string(text))
	} else {
		p.template, err = texttemplate.New(filepath.Base(file)).Funcs(functions).Parse(string(text))
	}
	if err != nil {
		return nil, err
	}
	known.Store(file, p)
	return p, nil
}

// maxPage bounds a page, so that a template without end does not fill the memory.
const maxPage = 64 << 20

// page is a buffer with that bound.
type page struct{ bytes.Buffer }

var errTooLarge = errors.New("the page is too large")

func (p *page) Write(b []byte) (int, error) {
	if p.Len()+len(b) > maxPage {
		return 0, errTooLarge
	}
	return p.Buffer.Write(b)
}

// render fills a template with the values that are read as JSON.
func render(file string, values io.Reader) (resp handler.Response, err error) {
	t, err := open(file)
	if err != nil {
		return resp, err
	}
	d := json.NewDecoder(values)
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return resp, fmt.Errorf("values of the template: %w", err)
	}
	var p page
	if err := t.Execute(&p, native(v)); err != nil {
		return resp, err
	}
	return handler.Response{Body: [][]byte{p.Bytes()}, ContentType: mediaType(file)}, nil
}

// native makes numbers of JSON those of Go: whole ones int, so that templates can
// compare them.
func native(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return int(n)
		}
		f, err := v.Float64()
		if err != nil {
			return string(v)
		}
		return f
	case map[string]any:
		for name := range v {
			v[name] = native(v[name])
		}
	case []any:
		for i := range v {
			v[i] = native(v[i])
		}
	}
	return v
}

// mediaType is the type of what a template makes, by its file's name.
func mediaType(file string) string {
	switch strings.ToLower(filepath.Ext(file)) {
	case ".html", ".htm":
		return "text/html"
	case ".json":
		return "application/json"
	case ".xml":
		return "text/xml"
	case ".css":
		return "text/css"
	case ".js":
		return "application/javascript"
	case ".svg":
		return "image/svg+xml"
	}
	return "text/plain"
}
