//go:build !race

package builtins_test

const raceEnabled = false
