//go:build !plugins || !cgo

package handlers

import "errors"

// loadPlugin says why this program can not load Go plugins: the package that
// does it makes every program larger and needs cgo.
func loadPlugin(string) error {
	return errors.New("this program can not load Go plugins: it must be built with cgo and the build tag \"plugins\"; `handler load` of the library's folder needs neither")
}
