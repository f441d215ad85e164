package wire

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perigee-server/perigee/t/spec"
)

var record = flag.Bool("record", false, "write the golden file from the server that PERIGEE_T_BINARY names")

var (
	binary    *spec.Binary
	binaryErr error
)

func TestMain(m *testing.M) {
	spec.Main(m, func(b *spec.Binary, err error) { binary, binaryErr = b, err })
}

var (
	whileRecording = patience{silence: 700 * time.Millisecond, limit: 10 * time.Second}
	whileChecking  = patience{silence: 120 * time.Millisecond, limit: 3 * time.Second}
)

// runAll runs the cases over all lanes and calls each with every outcome.
func runAll(b *Battery, cases []Case, want func(Case) string, p patience, each func(int, Outcome, error)) {
	next := make(chan int)
	var lanes sync.WaitGroup
	for _, l := range b.lanes {
		lanes.Go(func() {
			for i := range next {
				o, err := l.run(cases[i], want(cases[i]), p)
				each(i, o, err)
			}
		})
	}
	for i := range cases {
		next <- i
	}
	close(next)
	lanes.Wait()
}

func TestRecord(t *testing.T) {
	if !*record {
		t.Skip("only with -record")
	}
	bin := spec.Require(t, binary, binaryErr)
	if !bin.IsNginx() {
		t.Fatal("expectations are recorded from nginx only")
	}
	b, err := StartBattery(bin)
	if err != nil {
		t.Fatal(err)
	}
	cases := Cases()
	paragraphs := make([]string, len(cases))
	runAll(b, cases, func(Case) string { return "" }, whileRecording, func(i int, o Outcome, err error) {
		if err != nil {
			t.Errorf("%s: %v", cases[i].Name, err)
		}
		paragraphs[i] = paragraph(cases[i], o)
	})
	if err := b.Stop(); err != nil {
		t.Error(err)
	}
	if err := os.MkdirAll(filepath.Dir(goldenPath), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(goldenPath, []byte(strings.Join(paragraphs, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("recorded %d cases", len(cases))
}

var trouble = regexp.MustCompile(`(?m)^.*\[(?:alert|emerg)\].*$|^panic: .*$|^goroutine \d+ .*$`)

// TestWire holds the server to the recorded outcomes, or to the stricter ones
// where a case says why. A real nginx is always held to the recorded ones.
func TestWire(t *testing.T) {
	bin := spec.Require(t, binary, binaryErr)
	if *record {
		t.Skip("recording")
	}
	golden, err := loadGolden()
	if err != nil {
		t.Fatal(err)
	}
	b, err := StartBattery(bin)
	if err != nil {
		t.Fatal(err)
	}
	want := func(c Case) string {
		if c.Strict != "" && !bin.IsNginx() {
			return paragraph(c, strictOutcome)
		}
		return golden[c.Name]
	}
	cases := Cases()
	got := make([]string, len(cases))
	runAll(b, cases, want, whileChecking, func(i int, o Outcome, err error) {
		got[i] = paragraph(cases[i], o)
		if err != nil {
			got[i] += err.Error() + "\n"
		}
	})
	if err := b.server.Stop(); err != nil {
		t.Error(err)
	}
	if line := trouble.FindString(b.ErrorLog() + b.server.Output()); line != "" {
		t.Errorf("the server logged %s", line)
	}
	_ = b.Stop()
	right := 0
	for i, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			w := want(c)
			if got[i] == w {
				right++
				return
			}
			t.Errorf("expected\n%sgot\n%s%s", w, got[i], reason(c))
		})
	}
	t.Logf("%d of %d cases are as expected", right, len(cases))
}

func reason(c Case) string {
	if c.Strict == "" {
		return ""
	}
	return "stricter than nginx: " + c.Strict
}

// TestGoldenIsComplete needs no server: the golden file has one paragraph for
// each case and no other, the input it was recorded with is the case's, and a
// stricter expectation differs from what nginx does.
func TestGoldenIsComplete(t *testing.T) {
	if *record {
		t.Skip("recording")
	}
	golden, err := loadGolden()
	if err != nil {
		t.Fatal(err)
	}
	cases := Cases()
	if len(cases) < 400 || len(golden) != len(cases) {
		t.Errorf("%d cases and %d recorded ones", len(cases), len(golden))
	}
	seen := map[string]bool{}
	for _, c := range cases {
		if seen[c.Name] {
			t.Errorf("a second case %q", c.Name)
		}
		seen[c.Name] = true
		if !strings.HasPrefix(golden[c.Name], "case "+c.Name+"\nsent "+short(c.Send)+"\n") {
			t.Errorf("%q was not recorded with this input", c.Name)
		}
		if c.Strict != "" && golden[c.Name] == paragraph(c, strictOutcome) {
			t.Errorf("%q is not stricter than nginx, which does the same", c.Name)
		}
	}
}
