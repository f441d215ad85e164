package cycle

// Subcommand is a word that may follow the program's name: `perigee lua …`.
type Subcommand struct {
	Name, Doc string
	// Run does the work and returns the exit code. serve serves a configuration
	// file below a prefix until it ends.
	Run func(args []string, serve func(prefix, conf string) int) int
}

var subcommands []Subcommand

// RegisterSubcommand adds one; called from init functions.
func RegisterSubcommand(s Subcommand) { subcommands = append(subcommands, s) }

// FindSubcommand finds one by its name.
func FindSubcommand(name string) (Subcommand, bool) {
	for _, s := range subcommands {
		if s.Name == name {
			return s, true
		}
	}
	return Subcommand{}, false
}
