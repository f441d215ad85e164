// Package conf reads the nginx configuration language.
//
// It turns text into a tree of directives and knows none of them by meaning,
// with one exception: include is resolved while reading, as nginx does. What a
// directive is called, where it may stand and how many words it takes is the
// business of package cycle. Units (sizes, times) are read here too, because
// every module needs them.
package conf
