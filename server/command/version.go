package command

import (
	"fmt"
	"io"
	"runtime"

	"github.com/perigee-server/perigee/server/cycle"
)

// versions prints the rest of -V.
func versions(w io.Writer, id cycle.Identity) {
	if id.Name == "nginx" {
		fmt.Fprintln(w, "built with OpenSSL 3.0.19 27 Jan 2026")
		fmt.Fprintln(w, "TLS SNI support enabled")
	} else {
		fmt.Fprintf(w, "built with %s for %s/%s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	}
	fmt.Fprintf(w, "configure arguments: %s\n", cycle.ConfigureArguments)
	fmt.Fprintf(w, "this is perigee/%s, built with %s\n", cycle.Version, runtime.Version())
}
