package spec

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Runner runs blocks against one server binary.
type Runner struct {
	Binary *Binary
	// Timeout is how long a client waits for the next byte unless a block
	// has a timeout section.
	Timeout time.Duration
	// Keep leaves the server roots in place and names them in the reports.
	Keep bool
}

// run is one run of one block.
type run struct {
	*Runner
	block    *Block
	settings Settings
	layout   *layout
	server   *Server
	errors   *logFile
	access   *logFile
	report   *Report
}

// Run runs a block and reports what did not hold. It never leaves a process
// behind.
func (r *Runner) Run(b *Block, s Settings) *Report {
	for attempt := 0; ; attempt++ {
		report, busy := r.attempt(b, s)
		if !busy || attempt == 3 {
			return report
		}
	}
}

var portTaken = regexp.MustCompile(`bind\(\) to \S+ failed \(98: `)

// attempt runs a block once; busy tells that another program of the machine
// took one of its ports between the choice and the bind.
func (r *Runner) attempt(b *Block, s Settings) (report *Report, busy bool) {
	report = &Report{Block: b}
	ports := &Ports{}
	defer ports.Release()
	root, err := os.MkdirTemp("", "pt-")
	if err != nil {
		report.fail("server root", "", err.Error())
		return report, false
	}
	if r.Keep {
		report.Root = root
	} else {
		defer os.RemoveAll(root)
	}
	port, err := ports.Take()
	if err != nil {
		report.fail("port", "", err.Error())
		return report, false
	}
	x := &run{Runner: r, block: b, settings: s, report: report,
		layout: &layout{root: root, port: port, rand: map[string]int{}, ports: ports, env: s.Env}}
	x.errors = &logFile{path: x.layout.path("logs", "error.log")}
	x.access = &logFile{path: x.layout.path("logs", "access.log")}
	if report.Config, err = x.layout.prepare(b, s, r.Binary); err != nil {
		report.fail("configuration", "", err.Error())
		return report, false
	}
	x.serve()
	report.ErrorLog = x.errors.all()
	busy = !b.Has("must_die") && report.Failed() && portTaken.MatchString(report.ErrorLog)
	return report, busy
}

// serve starts the server, runs the requests and stops it.
func (x *run) serve() {
	server, err := Start(x.Binary, x.layout.root)
	x.server = server
	if server == nil {
		x.report.fail("start", "", err.Error())
		return
	}
	if x.block.Has("must_die") {
		x.mustDie(err)
		return
	}
	if err != nil {
		x.report.fail("start", "a running server", err.Error()+"\n"+server.Output())
		_ = server.Stop()
		x.checkTrouble()
		return
	}
	for i := range x.settings.RepeatEach {
		if i > 0 {
			if err := x.layout.userFiles(x.block); err != nil {
				x.report.fail("user_files", "", err.Error())
			}
		}
		x.round(i)
	}
	err = server.Stop()
	if err != nil && !(errors.Is(err, ErrSlowQuit) && x.block.Has("abort")) {
		x.report.fail("stop", "the server runs to its end and ends on QUIT", err.Error())
	}
	x.checkShutdownLog()
	x.checkTrouble()
}

// mustDie checks a server that is expected to refuse its configuration.
func (x *run) mustDie(err error) {
	defer x.checkTrouble()
	if !errors.Is(err, ErrExited) {
		x.report.fail("must_die", "the server refuses its configuration", "it runs")
		_ = x.server.Stop()
		return
	}
	code, _ := x.server.ExitCode(0)
	_ = x.server.Stop()
	want := strings.TrimSpace(x.block.Text("must_die"))
	if n, err := strconv.Atoi(want); err == nil && n != code {
		x.report.fail("must_die", want, fmt.Sprint(code))
	}
	if code == 0 {
		x.report.fail("must_die", "an exit code other than 0", "0")
	}
	x.checkErrorLog(0)
}

// round sends every request of the block once.
func (x *run) round(repeat int) {
	requests, err := x.block.requests(x.layout.expand)
	if err != nil {
		x.report.fail("request", "", err.Error())
		return
	}
	mocks, err := x.startMocks()
	defer mocks.close()
	if err != nil {
		x.report.fail("mock", "", err.Error())
		return
	}
	for i, request := range requests {
		x.request(request, i, len(requests) == 1, repeat)
	}
	mocks.check(x)
}

// request sends one request and checks its answers and what was logged.
func (x *run) request(request request, index int, single bool, repeat int) {
	sent := request.bytes()
	raw, err := x.exchange(request).run()
	x.report.Exchanges = append(x.report.Exchanges, Exchange{Sent: sent, Got: raw})
	x.checkConnection(err)
	isHead := strings.HasPrefix(strings.TrimLeft(sent, " \r\n"), "HEAD ")
	for n := range request.replies {
		at, one := index, single
		if request.replies > 1 {
			at, one = n, false
		}
		raw = x.response(raw, isHead, at, one)
	}
	if text, ok := x.text("wait"); ok {
		time.Sleep(x.seconds("wait", text))
	}
	x.checkErrorLog(repeat)
	x.checkAccessLog()
}

// exchange says how a request is sent.
func (x *run) exchange(request request) exchange {
	e := exchange{addr: fmt.Sprintf("127.0.0.1:%d", x.layout.port), packets: request.packets, timeout: x.Timeout}
	if text, ok := x.text("timeout"); ok {
		e.timeout = x.seconds("timeout", text)
	}
	if text, ok := x.text("raw_request_middle_delay"); ok {
		e.middle = x.seconds("raw_request_middle_delay", text)
	}
	text, ok := x.text("shutdown")
	if !ok {
		return e
	}
	if text == "" {
		text = "1"
	}
	how, err := strconv.Atoi(text)
	if err != nil {
		x.report.fail("shutdown", "0, 1 or 2", text)
	}
	e.shutdown = how + 1
	return e
}

// checkConnection checks how a connection ended: a block whose client aborts
// expects its timeout, one that ignores the answer any end but that.
func (x *run) checkConnection(err error) {
	timedOut := errors.Is(err, errTimeout)
	switch {
	case err == nil, timedOut && x.block.Has("abort"), !timedOut && x.block.Has("ignore_response"):
		return
	}
	x.report.fail("connection", "an answer and the end of the connection", err.Error())
}

// response checks the first answer in raw and returns what follows it.
func (x *run) response(raw string, isHead bool, index int, single bool) (rest string) {
	if x.block.Has("ignore_response") {
		return ""
	}
	if x.block.Has("http09") {
		x.checkResponse(&Response{Code: "200", Body: raw}, index, single)
		return ""
	}
	resp, err := ParseResponse(raw, isHead)
	if resp == nil {
		resp = &Response{}
	}
	if err != nil && x.wantsResponse(index, single) {
		x.report.fail("response", "a well-formed response", err.Error())
	}
	x.checkResponse(resp, index, single)
	return resp.Left
}

// wantsResponse tells whether the block expects an answer at all: an empty
// error_code says that the connection ends without one.
func (x *run) wantsResponse(index int, single bool) bool {
	v, ok := x.block.Value("error_code")
	if !ok {
		return !x.block.Has("abort")
	}
	one, ok := v.At(index, single)
	return !ok || strings.TrimSpace(one.Text) != ""
}

func (x *run) text(name string) (string, bool) {
	v, ok := x.block.Value(name)
	return strings.TrimSpace(v.Text), ok
}

func (x *run) seconds(name, text string) time.Duration {
	d, err := parseSeconds(text)
	if err != nil {
		x.report.fail(name, "a time", text)
	}
	return d
}
