package spec

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// parallel is how many blocks run at once: a block mostly waits, for its server
// to start, for logs to settle and for timers.
const parallel = "8"

// Main is the TestMain of a package that starts servers: it calls Guard, finds
// or builds the binary, hands it to use and runs the tests. Without a binary use
// is given nil and the reason.
func Main(m *testing.M, use func(*Binary, error)) {
	if err := Guard(); err != nil {
		fmt.Fprintln(os.Stderr, "keeper:", err)
		os.Exit(1)
	}
	os.Exit(withBinary(m, use))
}

// Guard makes sure that no server outlives this program, however it ends. It
// must be the first call of a program that uses Start: the program starts itself
// once more as a keeper, and in that process Guard does not return.
func Guard() error {
	if os.Getenv(keeperVariable) != "" {
		keep(os.Stdin)
		os.Exit(0)
	}
	return kept.start()
}

func withBinary(m *testing.M, use func(*Binary, error)) int {
	flag.Parse()
	if !isSet("test.parallel") {
		_ = flag.Set("test.parallel", parallel)
	}
	dir, err := os.MkdirTemp("", "pt-bin-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	use(FindBinary(dir))
	return m.Run()
}

func isSet(name string) bool {
	found := false
	flag.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}

// Require returns the binary or skips the test with a line that says why there
// is none. A binary that was asked for and does not work is a failure.
func Require(tb testing.TB, b *Binary, err error) *Binary {
	tb.Helper()
	Depend()
	if errors.Is(err, ErrNoBinary) {
		tb.Skip(err)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// RunFiles runs every block of the files that match the pattern as a subtest
// named FILE/BLOCK, and logs how many have passed.
func RunFiles(t *testing.T, bin *Binary, pattern string) {
	Depend()
	files := LoadFiles(t, pattern)
	runner := &Runner{Binary: bin, Timeout: clientTimeout(), Keep: os.Getenv("PERIGEE_T_KEEP") != ""}
	var sum tally
	t.Cleanup(func() { t.Log(sum.String()) })
	for _, file := range files {
		t.Run(file.Path, func(t *testing.T) {
			for _, block := range file.Blocks {
				t.Run(block.Name, func(t *testing.T) {
					t.Parallel()
					t.Cleanup(func() { sum.count(t) })
					runner.test(t, block, file.Settings)
				})
			}
		})
	}
}

// LoadFiles parses the files that match the pattern; an error in one fails the
// test at once.
func LoadFiles(tb testing.TB, pattern string) []*File {
	tb.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		tb.Fatalf("no specifications match %s (%v)", pattern, err)
	}
	var files []*File
	for _, path := range paths {
		file, err := Load(path)
		if err != nil {
			tb.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// tally counts the outcomes of blocks.
type tally struct{ passed, failed, skipped atomic.Int64 }

func (s *tally) count(t *testing.T) {
	switch {
	case t.Skipped():
		s.skipped.Add(1)
	case t.Failed():
		s.failed.Add(1)
	default:
		s.passed.Add(1)
	}
}

func (s *tally) String() string {
	return fmt.Sprintf("%d blocks passed, %d failed, %d skipped", s.passed.Load(), s.failed.Load(), s.skipped.Load())
}

func (r *Runner) test(t *testing.T, b *Block, s Settings) {
	if reason, skip := r.skips(b); skip {
		t.Skip(reason)
	}
	report := r.Run(b, s)
	for _, note := range report.Notes {
		t.Log(note)
	}
	if report.Failed() {
		t.Error(report.String())
	}
}

// clientTimeout is longer than the 3 s of the Perl library, since blocks share
// the machine with each other; TEST_NGINX_TIMEOUT overrides it.
func clientTimeout() time.Duration {
	if d, err := parseSeconds(os.Getenv("TEST_NGINX_TIMEOUT")); err == nil && d > 0 {
		return d
	}
	return 10 * time.Second
}

var skipLine = regexp.MustCompile(`^\d+\s*:\s*([<>]=?)\s*(\d+)\.(\d+)\.(\d+)\s*(?::\s*(.*))?$`)

// skips tells whether a block is not for this server, and why.
func (r *Runner) skips(b *Block) (string, bool) {
	if r.Binary.IsNginx() && b.Has(SkipReference) {
		return "not on a real nginx: " + strings.TrimSpace(b.Text(SkipReference)), true
	}
	if !b.Has("skip_nginx") {
		return "", false
	}
	m := skipLine.FindStringSubmatch(strings.TrimSpace(b.Text("skip_nginx")))
	if m == nil {
		return "skip_nginx is not N: OP X.Y.Z", false
	}
	if !compareVersion(r.Binary.nginxVersion(), m[1], m[2:5]) {
		return "", false
	}
	return "nginx " + m[1] + " " + strings.Join(m[2:5], ".") + " " + m[5], true
}
