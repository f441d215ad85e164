package process

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"unsafe"
)

// Args is a copy of the command line: os.Args itself points into the memory
// that a title overwrites.
var Args = func() []string {
	out := make([]string, len(os.Args))
	for i, a := range os.Args {
		out[i] = strings.Clone(a)
	}
	copy(os.Args, out)
	return out
}()

// area is the memory of the command line and the environment, as the kernel
// shows it in /proc/PID/cmdline. Go has copied the environment; Args is a copy.
var area = findArea()

func findArea() []byte {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return nil
	}
	i := bytes.LastIndexByte(stat, ')')
	if i < 0 {
		return nil
	}
	f := strings.Fields(string(stat[i+1:]))
	const argStart, envEnd = 48 - 3, 51 - 3 // fields of proc(5), less those before the ')'
	if len(f) <= envEnd {
		return nil
	}
	from, err1 := strconv.ParseUint(f[argStart], 10, 64)
	to, err2 := strconv.ParseUint(f[envEnd], 10, 64)
	if err1 != nil || err2 != nil || from == 0 || to <= from || to-from > 8<<20 {
		return nil
	}
	return unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&from))), to-from)
}

// setTitle changes what ps shows, and the process's short name.
func setTitle(name, title string) {
	os.WriteFile("/proc/self/comm", []byte(name), 0)
	if len(area) == 0 {
		return
	}
	title = name + ": " + title
	n := copy(area[:len(area)-1], title)
	clear(area[n:])
}
