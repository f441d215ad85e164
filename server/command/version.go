package command

import (
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/perigee-server/perigee/server/cycle"
)

// with lists the --with-… and --without-… flags that are true of this server;
// scripts and test harnesses look for them in -V.
var with = []string{
	"--with-pcre",
	"--with-threads",
	"--with-http_ssl_module",
	"--with-http_gzip_static_module",
	"--with-http_realip_module",
	"--with-http_stub_status_module",
	"--without-http_fastcgi_module",
	"--without-http_scgi_module",
	"--without-http_uwsgi_module",
}

// versions prints the rest of -V.
func versions(w io.Writer, id cycle.Identity) {
	if id.Name == "nginx" {
		fmt.Fprintln(w, "built with OpenSSL 3.0.19 27 Jan 2026")
		fmt.Fprintln(w, "TLS SNI support enabled")
	} else {
		fmt.Fprintf(w, "built with %s for %s/%s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	}
	fmt.Fprintf(w, "configure arguments: %s\n", strings.Join(with, " "))
	fmt.Fprintf(w, "this is perigee/%s, built with %s\n", cycle.Version, runtime.Version())
}
