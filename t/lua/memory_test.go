package lua_test

import (
	"encoding/json"
	"strings"
	"testing"
)

const memoryConf = `
	location = /profiler { lua_profiler; }
	location = /much { content_by_lua_block {
		local function fill() local t = {} for i = 1, 10 do t[i] = string.rep("x", 20000 + i) end return t end
		fill()
		ngx.sleep(0.001)
		fill()
	} }
	location = /little { content_by_lua_block { ngx.print("little") } }
`

// TestMemorySamples has a script allocate 200 KB before a wait and 200 KB after
// it, and another one hardly anything.
func TestMemorySamples(t *testing.T) {
	s := serve(t, "lua_memory_samples 1;", memoryConf)
	const runs = 50
	for range runs {
		s.expect("/much", 200, "")
		s.expect("/little", 200, "little")
	}
	status, body, err := s.get("/profiler?format=memory&as=json")
	if err != nil || status != 200 {
		t.Fatal(status, err)
	}
	var report struct {
		Every   int
		Heap    uint64
		Scripts []struct {
			Script, Phase  string
			Samples, Bytes int
		}
	}
	if err := json.Unmarshal([]byte(body), &report); err != nil {
		t.Fatal(err, body)
	}
	if len(report.Scripts) != 2 || report.Heap == 0 {
		t.Fatal(body)
	}
	much, little := report.Scripts[0], report.Scripts[1]
	if much.Samples != 2*runs || !strings.HasPrefix(much.Script, "content_by_lua(nginx.conf:") || much.Phase != "content" {
		t.Errorf("%+v", much)
	}
	if each := much.Bytes / much.Samples; each < 200000 || each > 300000 {
		t.Errorf("200 KB show as %d bytes", each)
	}
	if little.Samples != runs || little.Bytes/little.Samples > 20000 {
		t.Errorf("%+v", little)
	}
	if _, text, err := s.get("/profiler?format=memory"); err != nil || !strings.Contains(text, " in content\n") {
		t.Error(text, err)
	}
}

// TestMemorySamplesOff has no report without the directive.
func TestMemorySamplesOff(t *testing.T) {
	s := serve(t, "", memoryConf)
	s.expect("/profiler?format=memory", 404, "")
}
