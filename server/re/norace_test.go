//go:build !race

package re

const underRace = false
