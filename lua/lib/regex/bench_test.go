package regex

import (
	"os"
	"testing"

	"github.com/perigee-server/perigee/lua/vm"
)

// BenchmarkMatch runs loops of 1,000 calls in Lua.
func BenchmarkMatch(b *testing.B) {
	for _, c := range []struct{ name, body string }{
		{"match", `ngx.re.match("hello, 1234 world", "([0-9])([0-9]+)", "jo")`},
		{"named", `ngx.re.match("hello, 1234 world", "(?<first>[0-9])(?<rest>[0-9]+)", "jo")`},
		{"find", `ngx.re.find("hello, 1234 world", "[0-9]+", "jo")`},
		{"none", `ngx.re.match("hello, world", "[0-9]+", "jo")`},
		{"gsub", `ngx.re.gsub("hello, world of words", "[a-z]+", "<$0>", "jo")`},
	} {
		b.Run(c.name, func(b *testing.B) {
			L := vm.New(vm.Options{Output: os.Stdout})
			defer L.Close()
			open(L)
			chunk, err := vm.Compile("for i = 1, 1000 do local m = "+c.body+" end", "=bench")
			if err != nil {
				b.Fatal(err)
			}
			fn := chunk.Load(L)
			b.ReportAllocs()
			for b.Loop() {
				L.Push(fn)
				L.Call(0, 0)
			}
		})
	}
}
