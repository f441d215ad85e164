package spec

import (
	"fmt"
	"strconv"
	"time"
)

// mocks are the peers of one round.
type mocks struct{ byKind map[string]*mock }

func (m *mocks) close() {
	for _, one := range m.byKind {
		one.close()
	}
}

func (x *run) startMocks() (*mocks, error) {
	all := &mocks{byKind: map[string]*mock{}}
	for _, kind := range []string{"tcp", "udp"} {
		target, ok := x.text(kind + "_listen")
		if !ok {
			continue
		}
		plan, err := x.mockPlan(kind, target)
		if err != nil {
			return all, err
		}
		one, err := plan.start()
		if err != nil {
			return all, err
		}
		all.byKind[kind] = one
	}
	return all, nil
}

func (x *run) mockPlan(kind, target string) (*mockPlan, error) {
	target, err := x.layout.expand(target)
	if err != nil {
		return nil, err
	}
	p := &mockPlan{noClose: x.block.Has(kind + "_no_close")}
	if p.network, p.address, err = mockAddress(kind, target); err != nil {
		return nil, err
	}
	reply, ok := x.block.Value(kind + "_reply")
	if !ok && !x.block.Has("tcp_shutdown") {
		return nil, fmt.Errorf("%s_listen without %s_reply", kind, kind)
	}
	if ok {
		p.reply = reply.list()
	}
	p.queryLen = len(x.block.Text(kind + "_query"))
	if text, ok := x.text(kind + "_query_len"); ok {
		if p.queryLen, err = strconv.Atoi(text); err != nil {
			return nil, err
		}
	}
	if text, ok := x.text("tcp_shutdown"); ok {
		how, err := strconv.Atoi(text)
		if err != nil {
			return nil, err
		}
		p.shutdown = how + 1
	}
	for name, d := range map[string]*time.Duration{
		kind + "_reply_delay":        &p.replyDelay,
		"tcp_shutdown_delay":         &p.shutdownDelay,
		kind + "_query_auto_timeout": &p.silence,
	} {
		text, ok := x.text(name)
		if !ok {
			continue
		}
		if text == "" {
			text = "0.1"
		}
		if *d, err = parseSeconds(text); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// check compares what the mocks have received.
func (m *mocks) check(x *run) {
	for _, kind := range []string{"tcp", "udp"} {
		one := m.byKind[kind]
		if one == nil {
			continue
		}
		if v, ok := x.block.Value(kind + "_query"); ok {
			waitFor(func() bool { return len(one.received()) >= len(v.Text) })
			x.report.equal(kind+"_query", v.Text, one.received())
		}
		if want, ok := x.text(kind + "_query_len"); ok {
			waitFor(func() bool { return fmt.Sprint(len(one.received())) == want })
			x.report.equal(kind+"_query_len", want, fmt.Sprint(len(one.received())))
		}
	}
}

// logPatience is how long an expected line or query may take to appear.
var logPatience = 2 * time.Second

// waitFor polls until the condition holds or logPatience is over.
func waitFor(holds func() bool) {
	for end := time.Now().Add(logPatience); !holds() && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
}
