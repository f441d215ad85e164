package http

import (
	"sort"
	"strings"
)

// prefixes finds the longest prefix of a URI among locations: they are sorted
// by name, and each knows the longest other name that is a prefix of its own.
type prefixes struct {
	list  []*Location
	outer []int // index of the longest proper prefix in list, -1 without
	exact map[string]*Location
}

func (p *prefixes) add(l *Location) {
	if l.Kind == Exact {
		if p.exact == nil {
			p.exact = map[string]*Location{}
		}
		p.exact[l.Name] = l
		return
	}
	p.list = append(p.list, l)
}

func (p *prefixes) sort() {
	sort.Slice(p.list, func(i, j int) bool { return p.list[i].Name < p.list[j].Name })
	p.outer = make([]int, len(p.list))
	for i := range p.list {
		j := i - 1
		for j >= 0 && !strings.HasPrefix(p.list[i].Name, p.list[j].Name) {
			j = p.outer[j]
		}
		p.outer[i] = j
	}
}

// longest returns the location with the longest name that is a prefix of uri.
func (p *prefixes) longest(uri []byte) *Location {
	if len(p.list) == 0 {
		return nil
	}
	lo, hi := 0, len(p.list) // the first name greater than uri
	for lo < hi {
		mid := (lo + hi) / 2
		if p.list[mid].Name <= string(uri) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	for i := lo - 1; i >= 0; i = p.outer[i] {
		if name := p.list[i].Name; len(name) <= len(uri) && string(uri[:len(name)]) == name {
			return p.list[i]
		}
	}
	return nil
}

// slashed returns the location whose name is uri with a slash behind it.
func (p *prefixes) slashed(uri []byte) *Location {
	i := sort.Search(len(p.list), func(i int) bool { return p.list[i].Name > string(uri) })
	for ; i < len(p.list) && strings.HasPrefix(p.list[i].Name, string(uri)); i++ {
		if n := p.list[i].Name; len(n) == len(uri)+1 && n[len(n)-1] == '/' {
			return p.list[i]
		}
	}
	if p.exact != nil {
		if l := p.exact[string(uri)+"/"]; l != nil {
			return l
		}
	}
	return nil
}

// index builds what find needs.
func (l *Location) index() {
	for _, child := range l.children {
		switch {
		case child.Nameless || child.Kind == Named:
		case child.Regex != nil:
			l.regexes = append(l.regexes, child)
		default:
			l.tree.add(child)
		}
	}
	l.tree.sort()
}

// found is the outcome of a search for a location.
type found int

const (
	foundNone     found = iota
	foundPrefix         // regular expressions of the levels around may be preferred
	foundFinal          // an exact location or a regular expression
	foundRedirect       // a slash must be added
)

// find sets r.loc to the location of the request's URI inside of l
// (ngx_http_core_find_location).
func (l *Location) find(r *Request) found {
	if l.tree.exact != nil {
		if e := l.tree.exact[string(r.URI)]; e != nil {
			r.setLocation(e)
			return foundFinal
		}
	}
	noregex, rc := false, foundNone
	p := l.tree.longest(r.URI)
	if (p == nil || len(p.Name) != len(r.URI)) && l.redirects(r) {
		return foundRedirect
	}
	if p != nil {
		r.setLocation(p)
		noregex = p.Kind == NoRegex
		rc = max(p.find(r), foundPrefix)
		if rc != foundPrefix {
			return rc
		}
	}
	if noregex {
		return rc
	}
	for _, x := range l.regexes {
		if r.Match(x.Regex, r.URI) {
			r.setLocation(x)
			x.find(r)
			return foundFinal
		}
	}
	return rc
}

// redirects reports whether the URI lacks just the final slash of a location
// that wants one.
func (l *Location) redirects(r *Request) bool {
	s := l.tree.slashed(r.URI)
	if s == nil || !s.AutoRedirect {
		return false
	}
	r.setLocation(s)
	return true
}

// setLocation makes a location the one that holds for the request.
func (r *Request) setLocation(l *Location) { r.loc = l }

// HasName reports whether a host, in lower case, is one of the server's names;
// regular expressions do not count.
func (s *Server) HasName(host string) bool {
	for _, n := range s.Names {
		switch {
		case n.regex != nil || n.Name == "":
		case n.Name == host,
			n.Name[0] == '.' && (host == n.Name[1:] || strings.HasSuffix(host, n.Name)),
			strings.HasPrefix(n.Name, "*.") && strings.HasSuffix(host, n.Name[1:]),
			strings.HasSuffix(n.Name, ".*") && strings.HasPrefix(host, n.Name[:len(n.Name)-1]):
			return true
		}
	}
	return false
}
