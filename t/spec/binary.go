package spec

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// Binary is the server under test.
type Binary struct {
	Path    string
	Build   string   // what -V prints
	Modules []string // dynamic modules that the configuration must load
}

// ErrNoBinary is returned by FindBinary when there is neither PERIGEE_T_BINARY
// nor a main package to build.
var ErrNoBinary = errors.New("no server to test: the repository has no main.go yet and PERIGEE_T_BINARY is not set")

// BinaryVariable names the environment variable that chooses the server.
const BinaryVariable = "PERIGEE_T_BINARY"

// FindBinary returns the server that PERIGEE_T_BINARY names (a command, or a
// path that may be relative to the module's root), else it builds the
// repository's main package into dir.
func FindBinary(dir string) (*Binary, error) {
	root, err := moduleRoot()
	if err != nil {
		return nil, err
	}
	if path := os.Getenv(BinaryVariable); path != "" {
		return OpenBinary(fromRoot(root, path))
	}
	if _, err := os.Stat(filepath.Join(root, "main.go")); err != nil {
		return nil, ErrNoBinary
	}
	path := filepath.Join(dir, "perigee")
	build := exec.Command("go", "build", "-o", path, ".")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w\n%s", err, out)
	}
	return OpenBinary(path)
}

// fromRoot makes a relative path relative to the module's root, where `go test
// ./t/...` is called, instead of to the directory of the test. A command
// without a slash is left to be found in PATH.
func fromRoot(root, path string) string {
	if filepath.IsAbs(path) || !strings.Contains(path, "/") {
		return path
	}
	return filepath.Join(root, path)
}

// OpenBinary asks the server at path what it is.
func OpenBinary(path string) (*Binary, error) {
	path, err := exec.LookPath(path)
	if err != nil {
		return nil, err
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	out, err := exec.Command(path, "-V").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s -V: %w\n%s", path, err, out)
	}
	b := &Binary{Path: path, Build: string(out)}
	b.findModules()
	return b, nil
}

func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("no go.mod above the working directory")
		}
		dir = up
	}
}

var modulesPath = regexp.MustCompile(`--modules-path=(\S+)`)

// wanted lists the dynamic modules that specs need, in the order in which a
// real nginx must load them.
var wanted = []string{
	"ndk_http_module.so", "ngx_http_echo_module.so", "ngx_http_headers_more_filter_module.so",
	"ngx_http_lua_module.so", "ngx_http_set_misc_module.so",
}

func (b *Binary) findModules() {
	m := modulesPath.FindStringSubmatch(b.Build)
	if m == nil {
		return
	}
	for _, name := range wanted {
		path := filepath.Join(m[1], name)
		if _, err := os.Stat(path); err == nil {
			b.Modules = append(b.Modules, path)
		}
	}
}

// IsNginx tells whether the binary is a real nginx: perigee says what it is in
// -V, under whatever name it was started.
func (b *Binary) IsNginx() bool {
	return !strings.Contains(strings.ToLower(b.Build), "perigee")
}

// LoadLines returns the load_module lines that a configuration for this server
// begins with: none unless it is a real nginx with dynamic modules.
func (b *Binary) LoadLines() string {
	var out strings.Builder
	for _, path := range b.Modules {
		fmt.Fprintf(&out, "load_module %s;\n", path)
	}
	return out.String()
}

// lacks tells whether the server was built without the module of a protocol.
func (b *Binary) lacks(protocol string) bool {
	return strings.Contains(b.Build, "--without-http_"+protocol+"_module")
}
