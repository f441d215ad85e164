package cycle

import (
	"path/filepath"
	"testing"

	"github.com/perigee-server/perigee/server/log"
)

// A main error log that goes to syslog alone goes to the default file too.
func TestDefaultLog(t *testing.T) {
	c := &Cycle{Options: Options{ErrorLog: filepath.Join(t.TempDir(), "error.log")}}
	own := c.OpenFile(filepath.Join(t.TempDir(), "own.log"))
	standard := c.OpenFile(c.Options.ErrorLog)
	for _, row := range []struct {
		name    string
		targets []logTarget
		want    *File
	}{
		{"none", nil, standard},
		{"syslog", []logTarget{{name: "syslog:x", w: &Syslog{}}}, standard},
		{"a file", []logTarget{{name: "own", w: own}}, own},
		{"both", []logTarget{{name: "syslog:x", w: &Syslog{}}, {name: "own", w: own}}, own},
		{"stderr", []logTarget{{name: "stderr", w: log.Console{}}}, nil},
	} {
		s := &LogSpec{targets: row.targets}
		if got := s.File(c); got != row.want {
			t.Errorf("%s: got %v", row.name, got)
		}
		level := log.Stderr
		if row.want == standard {
			level = log.Error
		}
		if got := s.Logger(c, nil).Level(); got != level {
			t.Errorf("%s: level %s", row.name, got)
		}
	}
}
