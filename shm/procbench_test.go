package shm

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// BenchmarkProcesses gives the rate of one dictionary under 1 to 32 processes,
// and how evenly they get at it. Each round lasts 300 ms:
//
//	go test -run xxx -bench Processes -benchtime 5x ./shm
const benchProcesses = 32

type benchBoard struct {
	Go, Stop uint64
	Ready    [benchProcesses]uint64
	Ops      [benchProcesses][8]uint64 // a cache line each
}

func init() { roles["bench"] = benchProcess }

func mapBoard(fd int) (*benchBoard, error) {
	mem, err := unix.Mmap(fd, 0, int(unsafe.Sizeof(benchBoard{})), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	return (*benchBoard)(unsafe.Pointer(&mem[0])), nil
}

// benchProcess gets values of 100 bytes, and increments a number every fifth
// time.
func benchProcess() error {
	n := setting("SLOT", 1) - 1
	board, err := mapBoard(4)
	if err != nil {
		return err
	}
	d, err := openDict(3, n+1)
	if err != nil {
		return err
	}
	keys, buf := benchNames(), make([]byte, 0, 128)
	parent := os.Getppid()
	for round := uint64(1); ; round++ {
		atomic.StoreUint64(&board.Ready[n], round)
		for atomic.LoadUint64(&board.Go) < round {
			if os.Getppid() != parent {
				return nil
			}
			time.Sleep(100 * time.Microsecond)
		}
		for i := uint64(n * 31); atomic.LoadUint64(&board.Stop) < round; i++ {
			if i%5 == 0 {
				d.IncrInit("number", 1, 0, 0)
			} else {
				d.Get(keys[i%benchKeys], buf)
			}
			board.Ops[n][0]++
		}
	}
}

func BenchmarkProcesses(b *testing.B) {
	for _, n := range []int{1, 2, 4, 8, 16, 32} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { benchRounds(b, n) })
	}
}

func benchRounds(b *testing.B, n int) {
	d, _ := newDict(b, 4<<20)
	for _, k := range benchNames() {
		d.Set(k, StringValue(strings.Repeat("v", 100)), 0, 0)
	}
	fd, err := unix.MemfdCreate("board", unix.MFD_CLOEXEC)
	if err != nil {
		b.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "board")
	defer file.Close()
	if err := file.Truncate(int64(unsafe.Sizeof(benchBoard{}))); err != nil {
		b.Fatal(err)
	}
	board, err := mapBoard(fd)
	if err != nil {
		b.Fatal(err)
	}
	for i := range n {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), roleEnv+"=bench", fmt.Sprint("SLOT=", i+1), "GOMAXPROCS=1")
		cmd.ExtraFiles = []*os.File{d.z.File(), file}
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		defer cmd.Wait()
		defer cmd.Process.Kill()
	}
	round, spent := uint64(0), time.Duration(0)
	for b.Loop() {
		round++
		for i := range n {
			for atomic.LoadUint64(&board.Ready[i]) < round {
				time.Sleep(time.Millisecond)
			}
		}
		start := time.Now()
		atomic.StoreUint64(&board.Go, round)
		time.Sleep(300 * time.Millisecond)
		atomic.StoreUint64(&board.Stop, round)
		spent += time.Since(start)
	}
	ops := make([]uint64, n)
	total := uint64(0)
	for i := range ops {
		ops[i] = atomic.LoadUint64(&board.Ops[i][0])
		total += ops[i]
	}
	b.ReportMetric(float64(total)/spent.Seconds()/1e6, "Mops/s")
	b.ReportMetric(float64(slices.Min(ops))/float64(max(slices.Max(ops), 1)), "least/most")
	b.ReportMetric(0, "ns/op")
}
