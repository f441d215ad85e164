package spec

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseSections(t *testing.T) {
	b, _ := parseOne(t, `A description
of two lines.
--- config

    location / { }

--- request: GET /a
--- response_body chomp
body
--- error_log eval
["a\n", qr/b/i]
--- more_headers -trim

X: 1

`)
	for name, want := range map[string]string{
		"config": "    location / { }\n", "request": "GET /a", "response_body": "body", "more_headers": "\nX: 1\n\n",
	} {
		if got := b.Text(name); got != want {
			t.Errorf("%s is %q, expected %q", name, got, want)
		}
	}
	v, _ := b.Value("error_log")
	if v.Kind != List || len(v.Items) != 2 || v.Items[0].Text != "a\n" || v.Items[1].Kind != Pattern || v.Items[1].Flags != "i" {
		t.Errorf("error_log is %+v", v)
	}
}

func TestParseChoosesBlocks(t *testing.T) {
	for _, c := range []struct{ marks, want string }{
		{"", "abc"}, {"b SKIP", "ac"}, {"b ONLY", "b"}, {"b LAST", "ab"},
	} {
		text := "__DATA__\n"
		for _, name := range []string{"a", "b", "c"} {
			text += "=== " + name + "\n--- request: GET /\n"
			if mark, ok := strings.CutPrefix(c.marks, name+" "); ok {
				text += "--- " + mark + "\n"
			}
		}
		f, err := Parse("x.t", text)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, b := range f.Blocks {
			got += b.Name
		}
		if got != c.want {
			t.Errorf("with %q the blocks are %q, expected %q", c.marks, got, c.want)
		}
	}
}

func TestParseSettings(t *testing.T) {
	f, err := Parse("x.t", `use Test::Nginx::Socket 'no_plan';
# a comment
repeat_each(2);
master_on();
workers(3);
worker_connections(128);
log_level 'warn';
no_root_location;
no_diff;
$ENV{TEST_NGINX_HTML_DIR} ||= html_dir();
$ENV{TEST_NGINX_SOME_PORT} ||= 1234; # a comment
run_tests();
__DATA__
=== a
--- request: GET /
`)
	if err != nil {
		t.Fatal(err)
	}
	want := Settings{RepeatEach: 2, Workers: 3, WorkerConnections: 128, Master: true, NoRootLocation: true, LogLevel: "warn",
		Env: map[string]string{"TEST_NGINX_SOME_PORT": "1234"}}
	if !reflect.DeepEqual(f.Settings, want) {
		t.Errorf("the settings are %+v, expected %+v", f.Settings, want)
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"=== a\n", "no __DATA__ line"},
		{"__DATA__\n", "no blocks"},
		{"__DATA__\n===\n--- request: GET /\n", "without a name"},
		{"__DATA__\n=== a\n--- respond_body: x\n", `x.t:3: unknown section "respond_body"`},
		{"__DATA__\n=== a\n--- stap\nx\n", `section "stap" is refused: it needs SystemTap`},
		{"__DATA__\n=== a\n--- init\nsystem 1\n", "runs Perl code"},
		{"__DATA__\n=== a\n--- config\n--- config\n", `a second section "config"`},
		{"__DATA__\n=== a\n--- request: GET /\n=== a\n--- request: GET /\n", `a second block named "a"`},
		{"__DATA__\n=== a\n--- request eval\nsystem('x')\n", "not a literal"},
		{"__DATA__\n=== a\n--- request frob\nGET /\n", `unknown filter "frob"`},
		{"__DATA__\n=== a\n--- request: GET /\n--- raw_request: x\n", "both request and raw_request"},
		{"__DATA__\n=== a\n--- grep_error_log: x\n", "go together"},
		{"__DATA__\n=== a\n--- request: GET /\n\nPOST\n", "x.t:5: extra lines after"},
		{"add_cleanup_handler(sub { });\n__DATA__\n=== a\n", "header line 1 is not understood"},
	} {
		_, err := Parse("x.t", c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Parse(%q): %v, expected %q", c.text, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("repeat_each(2);\n__DATA__\n=== a\n--- request eval\n[\"GET /\\x00\" x 3, qr/a/]\n")
	f.Add("__DATA__\n=== a\n--- config chomp\nx\n--- ONLY\n")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := Parse("fuzz.t", text)
		if err != nil {
			return
		}
		for _, b := range file.Blocks {
			for _, name := range b.Sections() {
				b.Value(name)
			}
			_, _ = b.requests(func(s string) (string, error) { return s, nil })
		}
	})
}
