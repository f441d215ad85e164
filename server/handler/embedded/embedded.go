// Package embedded serves files that are linked into a handler library:
//
//	//go:embed site
//	var site embed.FS
//
//	func init() { embedded.Content("site", site, "site") }
//
// and in the configuration
//
//	location ~ ^/site/(.*) { handler_content site $1; }
//
// The files are in memory and sent from there without copying, with a type and an
// ETag; an unchanged one is answered with 304.
package embedded

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"mime"
	"path"
	"strings"

	"github.com/perigee-server/perigee/server/handler"
)

// file is one file as it is sent.
type file struct {
	body [][]byte
	kind string
	etag string
}

// Content registers a content handler under a name that serves the files below a
// folder of fsys, "." for all, by their paths from there. A path that ends in a
// slash, and the empty one, is that of its index.html. What is not there is 404,
// as the server makes it. It panics when a file can not be read, which for
// embed.FS does not happen.
func Content(name string, fsys fs.FS, folder string) {
	files, err := read(fsys, folder)
	if err != nil {
		panic("embedded: " + err.Error())
	}
	handler.Content(name, func(r *handler.Request, arg []byte) (handler.Response, error) {
		return answer(files, r, string(arg))
	})
}

// read reads all files.
func read(fsys fs.FS, folder string) (map[string]*file, error) {
	sub, err := fs.Sub(fsys, path.Clean(folder))
	if err != nil {
		return nil, err
	}
	files := map[string]*file{}
	err = fs.WalkDir(sub, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(sub, name)
		if err != nil {
			return err
		}
		f := &file{kind: mime.TypeByExtension(path.Ext(name))}
		if f.kind == "" {
			f.kind = "application/octet-stream"
		}
		if len(text) > 0 {
			f.body = [][]byte{text}
		}
		sum := sha256.Sum256(text)
		f.etag = `"` + hex.EncodeToString(sum[:8]) + `"`
		files[name] = f
		return nil
	})
	return files, err
}

// styled asks the server for a response of its own.
var styled = []handler.Field{{}}

func answer(files map[string]*file, r *handler.Request, name string) (handler.Response, error) {
	name = strings.TrimPrefix(name, "/")
	if name == "" || strings.HasSuffix(name, "/") {
		name += "index.html"
	}
	f := files[path.Clean(name)]
	if f == nil {
		return handler.Response{Status: 404, Header: styled}, nil
	}
	header := []handler.Field{{Name: "ETag", Value: f.etag}}
	known, err := r.Header("If-None-Match")
	if err != nil {
		return handler.Response{}, err
	}
	if matches(known, f.etag) {
		return handler.Response{Status: 304, Header: header}, nil
	}
	return handler.Response{Body: f.body, ContentType: f.kind, Header: header}, nil
}

// matches reports whether If-None-Match names the tag.
func matches(fields []string, etag string) bool {
	for _, list := range fields {
		for _, t := range strings.Split(list, ",") {
			if t = strings.TrimPrefix(strings.TrimSpace(t), "W/"); t == etag || t == "*" {
				return true
			}
		}
	}
	return false
}
