package http

// Modules lists the modules that were registered, in the order in which that
// happened, for the generated reference.
func Modules() []*Module { return modules }
