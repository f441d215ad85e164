//go:build plugins && cgo

package handlers

import (
	"fmt"
	"plugin"
)

// loadPlugin loads a Go plugin, whose init functions register its handlers.
func loadPlugin(path string) error {
	if _, err := plugin.Open(path); err != nil {
		return fmt.Errorf("%w (a plugin must be built with the toolchain, flags, versions of dependencies and profile of this program)", err)
	}
	return nil
}
