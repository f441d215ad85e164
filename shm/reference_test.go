package shm

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The same random operations on a dictionary of nginx with lua-nginx-module and
// on ours must give the same results, evictions, free pages and order of keys
// included. Needs both installed; PERIGEE_NGINX_MODULES names the directory of
// nginx's dynamic modules.

// operation is one line of a trace: a verb, a key, and up to three arguments.
type operation struct {
	verb string
	key  string
	kind string // of the value: s, n, b or nil
	n    int    // length, number, or count
	ttl  string // seconds
	arg  int    // flags or init
}

func (o operation) String() string {
	return strings.Join([]string{o.verb, o.key, o.kind, fmt.Sprint(o.n), o.ttl, fmt.Sprint(o.arg)}, "\t")
}

func (o operation) value() Value {
	switch o.kind {
	case "s":
		return StringValue(strings.Repeat("x", o.n))
	case "n":
		return NumberValue(float64(o.n))
	case "b":
		return BoolValue(o.n > 0)
	}
	return Value{}
}

func (o operation) ms() int64 {
	switch o.ttl {
	case "0.01":
		return 10
	case "1000":
		return 1_000_000
	}
	return 0
}

// randomTrace makes operations for a zone: few keys, lengths up to a size that
// does not always fit.
func randomTrace(rng *rand.Rand, steps, longest int) []operation {
	verbs := strings.Fields(`set set set set set add replace safe_set safe_add delete get get get
		get_stale incr incr_init lpush rpush rpush lpop rpop llen ttl expire free_space`)
	rare := strings.Fields("flush_all flush_expired get_keys sleep")
	kinds := []string{"s", "s", "s", "s", "n", "b", "nil"}
	ttls := []string{"0", "0", "0.01", "1000"}
	trace := make([]operation, steps)
	for i := range trace {
		o := operation{
			verb: verbs[rng.IntN(len(verbs))], key: fmt.Sprint("key", rng.IntN(40)),
			kind: kinds[rng.IntN(len(kinds))], ttl: ttls[rng.IntN(len(ttls))], arg: rng.IntN(3),
		}
		if rng.IntN(25) == 0 {
			o.verb = rare[rng.IntN(len(rare))]
		}
		if o.verb == "lpush" || o.verb == "rpush" {
			o.key = fmt.Sprint("list", rng.IntN(4))
		}
		if rng.IntN(8) == 0 {
			o.key = fmt.Sprint("list", rng.IntN(4))
		}
		switch rng.IntN(4) {
		case 0:
			o.n = rng.IntN(longest)
		case 1:
			o.n = rng.IntN(2000)
		default:
			o.n = rng.IntN(120)
		}
		trace[i] = o
	}
	return trace
}

const referenceLua = `
local d = ngx.shared[ngx.var.arg_zone]
local out = {}
local function show(v)
  if type(v) == "string" then return "s" .. #v end
  if type(v) == "number" then return string.format("n%.0f", v) end
  return tostring(v)
end
local function sign(n) return n > 0 and "+" or n < 0 and "-" or "0" end
for line in io.lines(ngx.var.arg_trace) do
  local verb, key, kind, n, ttl, arg = line:match("^(.-)\t(.-)\t(.-)\t(.-)\t(.-)\t(.-)$")
  n, ttl, arg = tonumber(n), tonumber(ttl), tonumber(arg)
  local v
  if kind == "s" then v = string.rep("x", n) elseif kind == "n" then v = n elseif kind == "b" then v = n > 0 end
  local r
  if verb == "set" or verb == "add" or verb == "replace" then
    local ok, err, forcible = d[verb](d, key, v, ttl, arg)
    r = tostring(ok) .. " " .. tostring(err) .. " " .. tostring(forcible)
  elseif verb == "safe_set" or verb == "safe_add" then
    local ok, err = d[verb](d, key, v, ttl, arg)
    r = tostring(ok) .. " " .. tostring(err)
  elseif verb == "delete" then d:delete(key) r = "done"
  elseif verb == "get" then
    local val, flags = d:get(key)
    r = show(val) .. " " .. tostring(flags)
  elseif verb == "get_stale" then
    local val, flags, stale = d:get_stale(key)
    r = show(val) .. " " .. tostring(flags) .. " " .. tostring(stale)
  elseif verb == "incr" then
    local val, err = d:incr(key, n)
    r = show(val) .. " " .. tostring(err)
  elseif verb == "incr_init" then
    local val, err, forcible = d:incr(key, n, arg, ttl)
    r = show(val) .. " " .. tostring(err) .. " " .. tostring(forcible)
  elseif verb == "lpush" or verb == "rpush" then
    local len, err = d[verb](d, key, v)
    r = (len and show(len) or "nil") .. " " .. tostring(err)
  elseif verb == "lpop" or verb == "rpop" then
    local val, err = d[verb](d, key)
    r = show(val) .. " " .. tostring(err)
  elseif verb == "llen" then
    local len, err = d:llen(key)
    r = show(len) .. " " .. tostring(err)
  elseif verb == "ttl" then
    local t, err = d:ttl(key)
    r = (t and sign(t) or "nil") .. " " .. tostring(err)
  elseif verb == "expire" then
    local ok, err = d:expire(key, ttl)
    r = tostring(ok) .. " " .. tostring(err)
  elseif verb == "free_space" then r = show(d:free_space())
  elseif verb == "flush_all" then d:flush_all() r = "done"
  elseif verb == "flush_expired" then r = show(d:flush_expired(n % 5))
  elseif verb == "get_keys" then r = table.concat(d:get_keys(n % 20), " ")
  elseif verb == "sleep" then ngx.sleep(0.025) r = "slept"
  end
  out[#out + 1] = r
end
ngx.print(table.concat(out, "\n"))
`

// ours runs an operation and words the result as the script does.
func (o operation) ours(d *Dict, c *clock) string {
	text := func(err error) string {
		if err == nil {
			return "nil"
		}
		return err.Error()
	}
	show := func(v Value) string {
		switch v.Type {
		case String:
			return fmt.Sprint("s", len(v.Str))
		case Number:
			return fmt.Sprintf("n%.0f", v.Num)
		case Bool:
			return fmt.Sprint(v.Num != 0)
		}
		return "nil"
	}
	count := func(n int) string { return fmt.Sprint("n", n) }
	flags := func(n uint32) string {
		if n == 0 {
			return "nil"
		}
		return fmt.Sprint(n)
	}
	v, ttl, arg := o.value(), o.ms(), uint32(o.arg)
	switch o.verb {
	case "set", "add", "replace":
		call := map[string]func(string, Value, int64, uint32) (bool, error){"set": d.Set, "add": d.Add, "replace": d.Replace}
		forcible, err := call[o.verb](o.key, v, ttl, arg)
		return fmt.Sprint(err == nil, " ", text(err), " ", forcible)
	case "safe_set", "safe_add":
		call := map[string]func(string, Value, int64, uint32) error{"safe_set": d.SafeSet, "safe_add": d.SafeAdd}
		err := call[o.verb](o.key, v, ttl, arg)
		return fmt.Sprint(err == nil, " ", text(err))
	case "delete":
		d.Delete(o.key)
		return "done"
	case "get":
		v, f, err := d.Get(o.key, nil)
		if err != nil {
			return "nil " + text(err)
		}
		return show(v) + " " + flags(f)
	case "get_stale":
		v, f, stale, err := d.GetStale(o.key, nil)
		if err != nil {
			return "nil " + text(err) + " nil"
		}
		if v.Type == Nil {
			return "nil nil nil"
		}
		return fmt.Sprint(show(v), " ", flags(f), " ", stale)
	case "incr":
		sum, err := d.Incr(o.key, float64(o.n))
		if err != nil {
			return "nil " + text(err)
		}
		return show(NumberValue(sum)) + " nil"
	case "incr_init":
		sum, forcible, err := d.IncrInit(o.key, float64(o.n), float64(o.arg), ttl)
		if err != nil {
			return "nil " + text(err) + " nil" // no third result with an error
		}
		return fmt.Sprint(show(NumberValue(sum)), " nil ", forcible)
	case "lpush", "rpush":
		n, err := d.push(o.key, v, o.verb == "lpush")
		if err != nil {
			return "nil " + text(err)
		}
		return count(n) + " nil"
	case "lpop", "rpop":
		v, err := d.pop(o.key, nil, o.verb == "lpop")
		return show(v) + " " + text(err)
	case "llen":
		n, err := d.LLen(o.key)
		if err != nil {
			return "nil " + text(err)
		}
		return count(n) + " nil"
	case "ttl":
		ms, err := d.TTL(o.key)
		switch {
		case err != nil:
			return "nil " + text(err)
		case ms > 0:
			return "+ nil"
		case ms < 0:
			return "- nil"
		}
		return "0 nil"
	case "expire":
		if err := d.Expire(o.key, ttl); err != nil {
			return "nil " + text(err)
		}
		return "true nil"
	case "free_space":
		return count(int(d.FreeSpace()))
	case "flush_all":
		d.FlushAll()
		return "done"
	case "flush_expired":
		return count(d.FlushExpired(o.n % 5))
	case "get_keys":
		return strings.Join(d.Keys(o.n%20), " ")
	}
	c.ms += 25
	return "slept"
}

// startReference starts nginx on a free port and returns its address and its
// directory.
func startReference(t *testing.T, zones string) (addr, dir string) {
	t.Helper()
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("no nginx to compare with")
	}
	modules := os.Getenv("PERIGEE_NGINX_MODULES")
	if modules == "" {
		modules = "/usr/lib/nginx/modules"
	}
	for _, m := range []string{"ndk_http_module.so", "ngx_http_lua_module.so"} {
		if _, err := os.Stat(filepath.Join(modules, m)); err != nil {
			t.Skip("no lua-nginx-module to compare with")
		}
	}
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = ln.Addr().String()
	ln.Close()
	dir = t.TempDir()
	os.WriteFile(filepath.Join(dir, "trace.lua"), []byte(referenceLua), 0o644)
	conf := fmt.Sprintf(`load_module %[1]s/ndk_http_module.so;
load_module %[1]s/ngx_http_lua_module.so;
daemon off; master_process off; pid %[2]s/pid; error_log %[2]s/error.log crit;
events { worker_connections 64; }
http {
  access_log off; client_body_temp_path %[2]s/b; proxy_temp_path %[2]s/p;
  fastcgi_temp_path %[2]s/f; uwsgi_temp_path %[2]s/u; scgi_temp_path %[2]s/s;
  %[3]s
  server { listen %[4]s; location /run { content_by_lua_file %[2]s/trace.lua; } }
}`, modules, dir, zones, addr)
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(nginx, "-p", dir, "-c", path, "-e", filepath.Join(dir, "error.log"))
	out := &strings.Builder{}
	cmd.Stderr = out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		c, err := net.Dial("tcp4", addr)
		if err == nil {
			c.Close()
			return addr, dir
		}
		if time.Now().After(end) {
			t.Skipf("nginx does not start: %v %s", err, out)
		}
	}
}

func TestDictAgainstOpenResty(t *testing.T) {
	rng := rand.New(rand.NewPCG(uint64(setting("PERIGEE_SHM_SEED", 11)), 1))
	type run struct {
		zone   string
		size   int64
		trace  []operation
		differ string
	}
	var runs []run
	var zones strings.Builder
	for i := range setting("PERIGEE_SHM_TRACES", 4) {
		r := run{zone: fmt.Sprint("zone", i), size: int64(16+8*(i%12)) << 10}
		longest := []int{300, 3000, 9000}[i%3]
		r.trace = randomTrace(rng, 3000, longest)
		runs = append(runs, r)
		fmt.Fprintf(&zones, "lua_shared_dict %s %dk;\n", r.zone, r.size>>10)
	}
	addr, dir := startReference(t, zones.String())
	for _, r := range runs {
		var lines strings.Builder
		for _, o := range r.trace {
			lines.WriteString(o.String() + "\n")
		}
		path := filepath.Join(dir, r.zone)
		if err := os.WriteFile(path, []byte(lines.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		resp, err := http.Get("http://" + addr + "/run?zone=" + r.zone + "&trace=" + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 200 {
			log, _ := os.ReadFile(filepath.Join(dir, "error.log"))
			t.Fatalf("%d: %s", resp.StatusCode, log)
		}
		theirs := strings.Split(string(body), "\n")
		z, err := Create(Config{Name: r.zone, Size: r.size})
		if err != nil {
			t.Fatal(err)
		}
		d, err := NewDict(z)
		if err != nil {
			t.Fatal(err)
		}
		c := &clock{1_700_000_000_000}
		d.Now = func() int64 { return c.ms }
		for i, o := range r.trace {
			if os.Getenv("DBG") == r.zone {
				fmt.Println(i, o, "=>", theirs[i])
			}
			if got := o.ours(d, c); got != theirs[i] {
				t.Errorf("%s of %d KB, step %d, %v: %q, OpenResty %q", r.zone, r.size>>10, i, o, got, theirs[i])
				break
			}
		}
		if err := z.Check(); err != nil {
			t.Error(err)
		}
		z.Close()
	}
}
