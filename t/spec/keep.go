package spec

// Keep has the keeper end a process group should this program end without doing
// so: for servers that were not started with Start. Guard or Main comes first.
func Keep(group int) { kept.tell('+', group) }

// Forget is the counterpart of Keep, once the group has ended.
func Forget(group int) { kept.tell('-', group) }
