package spec

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func fakeRunner(t *testing.T) *Runner {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &Runner{Binary: &Binary{Path: exe, Build: "perigee"}, Timeout: 3 * time.Second}
}

func parseOne(t *testing.T, body string) (*Block, Settings) {
	t.Helper()
	f, err := Parse("fake.t", "__DATA__\n=== a block\n"+body)
	if err != nil {
		t.Fatal(err)
	}
	return f.Blocks[0], f.Settings
}

const right = `--- config
fake_log a line;
--- request
GET /
--- response_body
hello
--- response_headers
X-Fake: yes
!X-Other
--- response_body_like: ^hel+o$
--- error_code: 200
--- error_log
a line
--- no_error_log
another line
`

func TestRightExpectationsPass(t *testing.T) {
	b, s := parseOne(t, right)
	if report := fakeRunner(t).Run(b, s); report.Failed() {
		t.Fatal(report)
	}
}

// Every kind of wrong expectation must fail its block, in the section that is
// wrong, and in no other.
func TestWrongExpectationsFail(t *testing.T) {
	request := "--- request\nGET /\n"
	for _, c := range []struct{ name, body, section string }{
		{"body", request + "--- response_body\nhullo\n", "response_body"},
		{"body without its newline", request + "--- response_body chomp\nhello\n", "response_body"},
		{"body pattern", request + "--- response_body_like: ^hullo$\n", "response_body_like"},
		{"refused body pattern", request + "--- response_body_unlike: ^hello$\n", "response_body_unlike"},
		{"body of a regular expression", request + "--- response_body eval\nqr/^hullo/\n", "response_body"},
		{"code", request + "--- error_code: 404\n", "error_code"},
		{"code pattern", request + "--- error_code_like: ^4\n", "error_code_like"},
		{"header", request + "--- response_headers\nX-Fake: no\n", "response_headers X-Fake"},
		{"missing header", request + "--- response_headers\nX-None: a\n", "response_headers X-None"},
		{"unwanted header", request + "--- response_headers\n!X-Fake\n", "response_headers"},
		{"header pattern", request + "--- response_headers_like\nX-Fake: n.\n", "response_headers_like X-Fake"},
		{"raw head", request + "--- raw_response_headers_like: X-None\n", "raw_response_headers_like"},
		{"refused raw head", request + "--- raw_response_headers_unlike: X-Fake\n", "raw_response_headers_unlike"},
		{"error log", request + "--- error_log\nno such line\n", "error_log"},
		{"refused error log", "--- config\nfake_log bad thing;\n" + request + "--- no_error_log\nbad\n", "no_error_log"},
		{"extract", "--- config\nfake_log one;\n" + request + "--- grep_error_log: one\n--- grep_error_log_out\ntwo\n", "grep_error_log_out"},
		{"access log", request + "--- access_log\nno such line\n", "access_log"},
		{"alert", "--- config\nfake_log 1970/01/01 [alert] 1#1: x;\n" + request, "log"},
		{"emerg", "--- config\nfake_log 1970/01/01 [emerg] 1#1: x;\n" + request, "log"},
		{"panic", "--- config\nfake_stderr panic: x;\n" + request, "log"},
		{"trace", "--- config\nfake_stderr goroutine 7 [running]:;\n" + request, "log"},
		{"silence", "--- config\nfake_hang;\n--- timeout: 100ms\n--- ignore_response\n" + request, "connection"},
		{"no end", "--- config\nfake_stay;\n" + request, "stop"},
		{"crash", "--- config\nfake_crash;\n" + request, "stop"},
		{"crash of a block that may end slowly", "--- config\nfake_crash;\n--- abort\n" + request, "stop"},
		{"exit code", "--- config\nfake_fail;\n" + request, "stop"},
		{"no start", "--- config\nfake_refuse 1970/01/01 no;\n" + request, "start"},
		{"no refusal", "--- must_die\n" + request, "must_die"},
		{"wrong exit code", "--- config\nfake_refuse no;\n--- must_die: 3\n" + request, "must_die"},
		{"wrong refusal", "--- config\nfake_refuse no;\n--- must_die\n--- error_log\nyes\n" + request, "error_log"},
		{"no list for two requests", "--- request eval\n['GET /', 'GET /']\n--- response_body\nhello\n", "response_body"},
		{"second of two", "--- request eval\n['GET /', 'GET /']\n--- response_body eval\n[\"hello\\n\", 'x']\n" +
			"--- error_code eval\n[200, 200]\n", "response_body"},
		{"query", "--- tcp_listen: $TEST_NGINX_RAND_PORT_1\n--- tcp_reply: x\n--- tcp_query: y\n" + request, "tcp_query"},
		{"unset variable", "--- config\n$TEST_NGINX_NO_SUCH_THING\n" + request, "configuration"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b, s := parseOne(t, c.body)
			report := fakeRunner(t).Run(b, s)
			if !report.Failed() {
				t.Fatal("the block passed")
			}
			for _, f := range report.Failures {
				if f.Section != c.section && !(f.Section == "error_code" && c.section == "response_body") {
					t.Errorf("failed in %q (%s), expected only %q", f.Section, f.Got, c.section)
				}
			}
			if !strings.Contains(report.String(), "--- configuration") {
				t.Error("the report does not show the configuration")
			}
		})
	}
}

func TestExpectedTroublePasses(t *testing.T) {
	for _, body := range []string{
		"--- config\nfake_log [alert] x;\n--- error_log\n[alert]\n--- request\nGET /\n",
		"--- config\nfake_refuse [emerg] no;\n--- must_die: 1\n--- error_log\nno\n--- request\nGET /\n",
		"--- config\nfake_hang;\n--- timeout: 50ms\n--- abort\n--- ignore_response\n--- request\nGET /\n",
	} {
		b, s := parseOne(t, body)
		if report := fakeRunner(t).Run(b, s); report.Failed() {
			t.Error(report)
		}
	}
}

// With repeat_each every round is checked against what it has logged itself.
func TestRepeatedRounds(t *testing.T) {
	b, s := parseOne(t, "--- config\nfake_log a line;\n--- request\nGET /\n"+
		"--- grep_error_log: line\n--- grep_error_log_out eval\n[\"line\\n\", \"line\\n\", \"line\\n\"]\n")
	s.RepeatEach = 3
	report := fakeRunner(t).Run(b, s)
	if report.Failed() {
		t.Fatal(report)
	}
	if len(report.Exchanges) != 3 {
		t.Errorf("%d requests were sent, expected 3", len(report.Exchanges))
	}
}

func TestNoProcessIsLeft(t *testing.T) {
	b, s := parseOne(t, "--- config\nfake_stay;\n--- request\nGET /\n")
	r := fakeRunner(t)
	root := t.TempDir()
	ports := &Ports{}
	defer ports.Release()
	port, err := ports.Take()
	if err != nil {
		t.Fatal(err)
	}
	l := &layout{root: root, port: port, rand: map[string]int{}, ports: ports}
	if _, err := l.prepare(b, s, r.Binary); err != nil {
		t.Fatal(err)
	}
	server, err := Start(r.Binary, root)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Stop(); err == nil {
		t.Error("a server that ignores QUIT was not reported")
	}
	if err := syscall.Kill(server.Pid(), 0); err != syscall.ESRCH {
		t.Errorf("the server is still there: %v", err)
	}
}

func TestKeeperKillsWhatIsLeft(t *testing.T) {
	b, s := parseOne(t, "--- config\nfake_stay;\n--- request\nGET /\n")
	r := fakeRunner(t)
	ports := &Ports{}
	defer ports.Release()
	port, err := ports.Take()
	if err != nil {
		t.Fatal(err)
	}
	l := &layout{root: t.TempDir(), port: port, rand: map[string]int{}, ports: ports}
	if _, err := l.prepare(b, s, r.Binary); err != nil {
		t.Fatal(err)
	}
	server, err := Start(r.Binary, l.root)
	if err != nil {
		t.Fatal(err)
	}
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	k := keeper{in: out}
	k.tell('+', server.Pid())
	_ = out.Close() // the test binary dies
	keep(in)
	if _, ok := server.ExitCode(5 * time.Second); !ok {
		t.Error("the keeper left the server running")
	}
	_ = server.Stop()
}
