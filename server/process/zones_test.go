package process

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/event"
	"github.com/perigee-server/perigee/shm"
)

// probeEnv names a configuration file: the test's program then is a master.
const probeEnv = "PERIGEE_TEST_MASTER"

func TestMain(m *testing.M) {
	if Child() == "worker" {
		os.Exit(Worker())
	}
	if conf := os.Getenv(probeEnv); conf != "" {
		os.Exit(probeMaster(conf))
	}
	os.Exit(m.Run())
}

// probeMaster runs the master process over a configuration of the probe.
func probeMaster(conf string) int {
	o := cycle.Options{Prefix: filepath.Dir(conf) + "/", ConfPath: conf, ErrorLog: conf + ".log", Identity: cycle.Identify("perigee")}
	load := func(role cycle.Role) (*cycle.Cycle, error) {
		c := cycle.New(o, role, nil)
		return c, c.Load()
	}
	role := cycle.Master
	c, err := load(role)
	if err == nil && !c.Core.MasterProcess.V {
		c, err = load(cycle.Single)
		role = cycle.Single
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	Args = []string{os.Args[0]}
	if role == cycle.Single {
		return Single(c, load)
	}
	return Run(c, load)
}

// The probe is a protocol that keeps a dictionary and an event channel: it counts
// its starts, publishes what the test puts into the list "publish", and notes the
// messages that come.
func init() {
	cycle.Register("probe", []cycle.Directive{{Name: "probe", In: cycle.Main, Args: "1", Set: func(c *cycle.Conf) error {
		size, _ := strconv.ParseInt(c.Arg(0), 10, 64)
		if err := c.Zone(cycle.Zone{Name: "probe", Tag: "probe", Size: size, Dict: true, File: "probe.dump"}); err != nil {
			return err
		}
		return c.Zone(cycle.Zone{Name: "events", Tag: "probe", Size: 64 << 10, Events: true})
	}}})
	cycle.RegisterProtocol(cycle.Protocol{Name: "probe", Start: probe})
}

func probe(w *cycle.Work) error {
	d := w.Dict("probe")
	if d == nil {
		return nil
	}
	if _, _, err := d.IncrInit("starts", 1, 0, 0); err != nil {
		return err
	}
	ch := w.Channel("events")
	key := fmt.Sprintf("seen %d %d %d", w.Generation, w.Slot, os.Getpid())
	var seen []byte
	note := func(m shm.Message) {
		if w.Generation == 1 && string(m.Data) == fmt.Sprintf("die %d", w.Slot) {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		seen = append(append(seen, m.Data...), ' ')
		d.Set(key, shm.BytesValue(seen), 0, 0)
	}
	if err := ch.Subscribe("", shm.FromOldest, note); err != nil {
		return err
	}
	var buf [256]byte
	var t *event.Timer
	t = w.Loop.NewTimer(func() {
		t.Reset(2 * time.Millisecond)
		v, err := d.LPop("publish", buf[:0])
		if err != nil || v.Type != shm.String || w.Quitting {
			return
		}
		text := string(v.Str)
		if to, data, ok := strings.Cut(text, ">"); ok {
			slot, _ := strconv.Atoi(to)
			ch.PublishOne(slot, "one", []byte(data))
			return
		}
		ch.PublishAll("all", []byte(text))
	})
	t.Reset(time.Millisecond)
	w.OnQuit(t.Remove)
	return nil
}

// probed is a running probe and the test's own view of its dictionary.
type probed struct {
	t    *testing.T
	conf string
	cmd  *exec.Cmd
	dict *shm.Dict
}

func startProbe(t *testing.T) *probed {
	p := &probed{t: t, conf: filepath.Join(t.TempDir(), "nginx.conf")}
	os.Mkdir(filepath.Join(filepath.Dir(p.conf), "logs"), 0o755)
	return p
}

func (p *probed) configure(workers string, size int) {
	text := fmt.Sprintf("daemon off; user root; %s probe %d; error_log %s.log info; pid %s.pid; events { }\n", workers, size, p.conf, p.conf)
	if err := os.WriteFile(p.conf, []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

func (p *probed) start() {
	p.t.Helper()
	p.cmd = exec.Command(os.Args[0])
	p.cmd.Env = append(os.Environ(), probeEnv+"="+p.conf)
	p.cmd.Stderr = os.Stderr
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(p.stop)
	p.attach()
}

// attach opens the dictionary through the master's descriptors.
func (p *probed) attach() {
	p.t.Helper()
	p.detach()
	p.until("a zone in the master", func() bool {
		dir := fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid)
		list, _ := os.ReadDir(dir)
		for _, e := range list {
			link, _ := os.Readlink(filepath.Join(dir, e.Name()))
			if link != "/memfd:perigee:probe (deleted)" {
				continue
			}
			f, err := os.OpenFile(filepath.Join(dir, e.Name()), os.O_RDWR, 0)
			if err != nil {
				continue
			}
			fd, err := syscall.Dup(int(f.Fd()))
			f.Close()
			if err != nil {
				continue
			}
			z, err := shm.Open(fd, shm.AnySlot)
			if err != nil {
				syscall.Close(fd)
				continue
			}
			if p.dict, err = shm.NewDict(z); err != nil {
				z.Close()
				continue
			}
			return true
		}
		return false
	})
}

func (p *probed) detach() {
	if p.dict != nil {
		p.dict.Zone().Close()
		p.dict = nil
	}
}

func (p *probed) stop() {
	p.detach()
	if p.cmd.ProcessState == nil {
		p.cmd.Process.Signal(syscall.SIGTERM)
		p.cmd.Wait()
	}
	if p.t.Failed() {
		text, _ := os.ReadFile(p.conf + ".log")
		p.t.Logf("%s", text)
	}
}

func (p *probed) until(what string, f func() bool) {
	p.t.Helper()
	for end := time.Now().Add(15 * time.Second); !f(); time.Sleep(3 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatalf("there is never %s", what)
		}
	}
}

// logged counts how often the log has a text.
func (p *probed) logged(text string) int {
	log, _ := os.ReadFile(p.conf + ".log")
	return strings.Count(string(log), text)
}

func (p *probed) starts() int {
	v, _, _ := p.dict.Get("starts", nil)
	return int(v.Num)
}

func (p *probed) waitStarts(n int) {
	p.t.Helper()
	p.until(fmt.Sprintf("%d starts", n), func() bool { return p.starts() >= n })
	if p.starts() != n {
		p.t.Fatalf("%d starts, want %d", p.starts(), n)
	}
}

func (p *probed) publish(list ...string) {
	for _, s := range list {
		p.dict.RPush("publish", shm.StringValue(s))
		p.until("a publisher", func() bool { n, _ := p.dict.LLen("publish"); return n == 0 })
	}
}

// seen waits until n processes of a generation and slot (-1: any) have seen a
// text, the last process of each.
func (p *probed) seen(n, generation, slot int, text string) {
	p.t.Helper()
	var got []string
	p.until(fmt.Sprintf("%q %d times", text, n), func() bool {
		got = nil
		have := 0
		for _, key := range p.dict.KeysWithPrefix(fmt.Sprintf("seen %d ", generation)) {
			f := strings.Fields(key)
			v, _, _ := p.dict.Get(key, nil)
			got = append(got, key+": "+string(v.Str))
			if (slot < 0 || f[2] == strconv.Itoa(slot)) && strings.TrimSpace(string(v.Str)) == text {
				have++
			}
		}
		return have == n
	})
}

// TestZonesOfWorkers: dictionary and event channel reach every worker, those
// respawned too, and last over death, reload and a new start.
func TestZonesOfWorkers(t *testing.T) {
	p := startProbe(t)
	p.configure("worker_processes 3;", 128<<10)
	p.start()
	p.waitStarts(3)
	p.publish("a", "b", "c")
	p.seen(3, 1, -1, "a b c")

	p.publish("die 1") // the message is not fed to the successor
	p.waitStarts(4)
	p.seen(2, 1, 1, "a b c") // the dead worker's list, and its successor's
	p.publish("d", "1>e", "f")
	p.seen(1, 1, 1, "a b c d e f")
	p.seen(1, 1, 0, "a b c die 1 d f")
	p.seen(1, 1, 2, "a b c die 1 d f")
	if n := p.logged("is not repeated: a worker died of it"); n != 1 {
		t.Errorf("the log tells %d times that a message is left out", n)
	}

	p.configure("worker_processes 2;", 128<<10)
	p.cmd.Process.Signal(syscall.SIGHUP)
	p.waitStarts(6) // the zone has been kept
	p.until("an end of the old workers", func() bool { return p.logged("exited with code 0") == 3 })
	p.publish("0>g")
	p.seen(1, 2, 0, "a b c die 1 d f g")
	p.seen(1, 2, 1, "a b c die 1 d f")

	p.stop()
	p.start()
	p.waitStarts(8) // what was saved has been loaded

	p.configure("worker_processes 2;", 256<<10)
	p.cmd.Process.Signal(syscall.SIGHUP)
	p.until("a new zone", func() bool {
		p.attach()
		return p.dict.Capacity() == 256<<10
	})
	p.waitStarts(2) // another size: a new zone
}

// TestZonesOfSingle: the same with master_process off.
func TestZonesOfSingle(t *testing.T) {
	p := startProbe(t)
	p.configure("master_process off;", 128<<10)
	p.start()
	p.waitStarts(1)
	p.publish("a", "0>b")
	p.seen(1, 1, 0, "a b")
	p.cmd.Process.Signal(syscall.SIGHUP)
	p.waitStarts(2)
	p.publish("c")
	p.seen(1, 2, 0, "a b c")
	p.seen(1, 1, 0, "a b") // the old loop reads no more
	p.stop()
	p.start()
	p.waitStarts(3)
}
