package cycle

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perigee-server/perigee/shm"
)

func init() {
	declare := func(z Zone) Setter {
		return func(c *Conf) error {
			z := z
			z.Name = c.Arg(0)
			if len(c.Args()) > 1 {
				n, ok := Number(c.Arg(1))
				if !ok {
					return c.Wrong("invalid size")
				}
				z.Size = int64(n)
			}
			return c.Zone(z)
		}
	}
	Register("zone_test", []Directive{
		{Name: "test_dict", In: Main, Args: "1-2", Set: declare(Zone{Tag: "dict", Dict: true, File: "saved"})},
		{Name: "test_zone", In: Main, Args: "1-2", Set: declare(Zone{Tag: "zone"})},
		{Name: "test_init", In: Main, Args: "1-2", Set: declare(Zone{Tag: "init", Init: func(*shm.Zone) error { return errors.New("no luck") }})},
	})
}

// load applies a configuration in a folder.
func load(t *testing.T, dir, text string) (*Cycle, error) {
	t.Helper()
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(text+"\nevents { }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	c := New(Options{Prefix: dir + "/", ConfPath: path, ErrorLog: filepath.Join(dir, "log"), Identity: Identify("perigee")}, Master, nil)
	return c, c.Load()
}

// TestZoneErrors: what a configuration can get wrong with zones, in nginx's words.
func TestZoneErrors(t *testing.T) {
	for text, want := range map[string]string{
		"test_zone a 32767;":                      `zone "a" is too small in {}:1`,
		"test_zone a 65536;\ntest_dict a 65536;":  `the shared memory zone "a" is already declared for a different use in {}:2`,
		"test_zone a 65536;\ntest_zone a 131072;": `the size 131072 of shared memory zone "a" conflicts with already declared size 65536 in {}:2`,
		"test_zone a 65536;\ntest_zone a;":        "",
		"test_zone a;\ntest_zone a 65536;":        "",
		"test_dict a 65536;\ntest_dict b 65536;":  "",
		"test_zone a;":                            `zero size shared memory zone "a"`,
		"test_init a 65536;":                      `zone "a": no luck`,
		"test_dict a 4096;":                       `create zone "a": zone is too small`,
	} {
		dir := t.TempDir()
		c, err := load(t, dir, text)
		if err == nil {
			err = c.RealizeZones(nil)
			c.Zones().CloseUnused(nil)
		}
		got := ""
		if err != nil {
			got = err.Error()
		}
		if want = strings.ReplaceAll(want, "{}", filepath.Join(dir, "nginx.conf")); got != want {
			t.Errorf("%s\ngot  %q\nwant %q", text, got, want)
		}
	}
}

// TestZonesAreKept: a reload goes on with what agrees, and loads a file only for
// what is new; a damaged file is told and left alone.
func TestZonesAreKept(t *testing.T) {
	dir := t.TempDir()
	first, err := load(t, dir, "test_dict a 65536;")
	if err == nil {
		err = first.RealizeZones(nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	first.Dict("a").Set("k", shm.StringValue("v"), 0, 0)
	first.SaveZones()
	first.Dict("a").Set("k", shm.StringValue("later"), 0, 0)
	value := func(c *Cycle) string {
		v, _, err := c.Dict("a").Get("k", nil)
		if err != nil {
			t.Error(err)
		}
		return string(v.Str)
	}
	for _, step := range []struct{ text, want string }{
		{"test_dict a 65536;", "later"}, // the same zone
		{"test_dict a 131072;", ""},     // another size: a new one, and no old file
	} {
		c, err := load(t, dir, step.text)
		if err == nil {
			err = c.RealizeZones(first.Zones())
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := value(c); got != step.want {
			t.Errorf("%s: %q, want %q", step.text, got, step.want)
		}
		c.Zones().CloseUnused(first.Zones())
	}
	first.Zones().CloseUnused(nil)

	again, _ := load(t, dir, "test_dict a 65536;")
	if err := again.RealizeZones(nil); err != nil {
		t.Fatal(err)
	}
	if got := value(again); got != "v" {
		t.Errorf("%q was loaded", got)
	}
	again.Zones().CloseUnused(nil)

	saved := filepath.Join(dir, "saved")
	text, _ := os.ReadFile(saved)
	text[len(text)/2] ^= 1
	os.WriteFile(saved, text, 0o644)
	damaged, _ := load(t, dir, "test_dict a 65536;")
	var said lines
	damaged.Log.Add(&said, 7)
	if err := damaged.RealizeZones(nil); err != nil {
		t.Fatal(err)
	}
	defer damaged.Zones().CloseUnused(nil)
	if got := value(damaged); got != "" {
		t.Errorf("%q was loaded from a damaged file", got)
	}
	if len(said) != 1 || !strings.Contains(said[0], `load zone "a" from "`+saved+`"`) || !strings.Contains(said[0], "damaged, the zone starts empty") {
		t.Errorf("the log says %q", said)
	}
	if now, _ := os.ReadFile(saved); string(now) != string(text) {
		t.Error("the damaged file was changed")
	}
}
