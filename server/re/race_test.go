//go:build race

package re

// underRace tells that sync.Pool forgets things at random.
const underRace = true
