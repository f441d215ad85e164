package shm

import (
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

func init() {
	roles["die"] = dieInSection
	roles["nobody"] = useAsNobody
	roles["halfbuilt"] = dieInConstruct
}

// dieInSection's descriptor 3 is a zone with a dictionary.
func dieInSection() error {
	d, err := openDict(3, 1)
	if err != nil {
		return err
	}
	failHook = func(at failpoint) {
		if at == failEntryLinked {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
	}
	_, err = d.Set("dying", NumberValue(1), 0, 0)
	return err
}

// A waiter notices the death of a holder by itself, repairs, and goes on; the
// master does it at once.
func TestDeadHolderIsNoticed(t *testing.T) {
	for _, master := range []bool{false, true} {
		d, _ := newDict(t, 64<<10)
		d.Set("before", NumberValue(1), 0, 0)
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), roleEnv+"=die")
		cmd.ExtraFiles = []*os.File{d.z.File()}
		if err := cmd.Run(); !killed(err) {
			t.Fatal(err)
		}
		if d.z.atomic32(ctlLock).Load() == 0 {
			t.Fatal("the lock is free: nothing to notice")
		}
		start := time.Now()
		if master && !d.z.Recover() {
			t.Error("nothing recovered")
		}
		wantGet(t, d, "before", "1")
		wantGet(t, d, "dying", "nil")
		took := time.Since(start)
		if took > 500*time.Millisecond {
			t.Errorf("noticed after %v", took)
		}
		if d.z.Recoveries() != 1 || d.z.Recover() {
			t.Error("recovered more than once")
		}
		t.Logf("with the master's help %v: %v", master, took)
	}
}

func TestGoroutinesShareAZone(t *testing.T) {
	d, _ := newDict(t, 256<<10)
	var wg sync.WaitGroup
	const each = 3000
	for g := range 16 {
		wg.Go(func() {
			buf := make([]byte, 0, 64)
			for range each {
				d.IncrInit("n", 1, 0, 0)
				d.Set(fmt.Sprint("g", g), StringValue("value"), 0, 0)
				d.Get(fmt.Sprint("g", 15-g), buf)
			}
		})
	}
	wg.Wait()
	wantGet(t, d, "n", fmt.Sprint(16*each))
}

// A worker that has already dropped its rights can open a zone.
func TestOpenAsNobody(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to become nobody")
	}
	d, _ := newDict(t, 64<<10)
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), roleEnv+"=nobody")
	cmd.ExtraFiles = []*os.File{d.z.File()}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	wantGet(t, d, "from", "65534")
}

func useAsNobody() error {
	d, err := openDict(3, 1)
	if err != nil {
		return err
	}
	_, err = d.Set("from", NumberValue(float64(os.Getuid())), 0, 0)
	return err
}

// dieInConstruct dies when it has built half of something.
func dieInConstruct() error {
	z, err := Open(3, 1)
	if err != nil {
		return err
	}
	return z.Construct(func(bool) error {
		z.lock()
		z.alloc(1000)
		z.unlock()
		return syscall.Kill(os.Getpid(), syscall.SIGKILL)
	})
}

func TestConstructorDies(t *testing.T) {
	z := newZone(t, 64<<10)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleEnv+"=halfbuilt")
	cmd.ExtraFiles = []*os.File{z.File()}
	if err := cmd.Run(); !killed(err) {
		t.Fatal(err)
	}
	if z.SlabStats().FreePages == z.pages {
		t.Fatal("nothing was built")
	}
	d, err := NewDict(z)
	if err != nil {
		t.Fatal(err)
	}
	d.Set("k", NumberValue(1), 0, 0)
	wantGet(t, d, "k", "1")
	if err := z.Check(); err != nil {
		t.Error("what the dead constructor left is still there: ", err)
	}
}
