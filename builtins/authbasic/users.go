package authbasic

import "bytes"

// users are the hashes of passwords by name.
type users map[string][]byte

// parse reads lines "name:hash" or "name:hash:comment"; the first line of a name
// counts. Lines that begin with "#" are comments.
func parse(text []byte) users {
	all := users{}
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		if len(line) == 0 || line[0] == '#' || line[0] == '\r' {
			continue
		}
		name, hash, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			continue
		}
		if i := bytes.IndexAny(hash, ":\r"); i >= 0 {
			hash = hash[:i]
		}
		if _, twice := all[string(name)]; !twice {
			all[string(name)] = hash
		}
	}
	return all
}
