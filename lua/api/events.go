package api

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http/native"
	"github.com/perigee-server/perigee/shm"
)

func init() {
	family(func(e *Engine) {
		e.module("ngx.worker.events", func(L *lua.LState) *lua.LTable {
			t := L.NewTable()
			e.set(t, anyPhase&^PhaseInit, map[string]function{"publish": publish, "subscribe": subscribe})
			return t
		})
	})
}

// channel is the event channel of scripts, nil where none is configured.
func (e *Engine) channel() *cycle.Channel { return e.Work.Channel(native.EventsZone) }

const noChannel = "directive \"lua_worker_events\" is not set"

// publish is events.publish(topic, data [, to]): to all workers of all
// generations, to the "newest" generation, or to the worker of a number. It gives
// the message's number.
func publish(e *Engine, c *Ctx, L *lua.LState) int {
	topic, data := checkString(L, 1), []byte(checkString(L, 2))
	ch := e.channel()
	if ch == nil {
		return fail(L, noChannel)
	}
	var number uint64
	var err error
	switch to := L.Get(3).(type) {
	case lua.LNumber:
		number, err = ch.PublishOne(int(to), topic, data)
	case lua.LString:
		switch to {
		case "all":
			number, err = ch.PublishAll(topic, data)
		case "newest":
			number, err = ch.PublishNewest(topic, data)
		default:
			L.ArgError(3, "\"all\", \"newest\" or the id of a worker expected")
		}
	default:
		if to != lua.LNil {
			L.ArgError(3, "\"all\", \"newest\" or the id of a worker expected")
		}
		number, err = ch.PublishAll(topic, data)
	}
	if err != nil {
		return fail(L, err.Error())
	}
	L.Push(lua.LNumber(number))
	return 1
}

// starts are where a subscription may begin.
var starts = map[string]shm.Start{"now": shm.FromNow, "newest": shm.FromNewest, "oldest": shm.FromOldest}

// subscribe is events.subscribe(topic, function(data, topic, number) … end
// [, from]): the function runs in this worker for each message of the topic, all
// topics when it is empty, in a light thread of its own, as a timer does.
func subscribe(e *Engine, c *Ctx, L *lua.LState) int {
	topic, fn := checkString(L, 1), L.CheckFunction(2)
	from, ok := starts[L.OptString(3, "now")]
	if !ok {
		L.ArgError(3, "\"now\", \"newest\" or \"oldest\" expected")
	}
	ch := e.channel()
	if ch == nil {
		return fail(L, noChannel)
	}
	err := ch.Subscribe(topic, from, func(m shm.Message) {
		data, topic, number := lua.LString(m.Data), lua.LString(m.Topic), lua.LNumber(m.Seq)
		e.Work.Enter()
		e.Loop.Go(func() {
			defer e.Work.Leave()
			c := &Ctx{E: e}
			if _, err := c.execute(PhaseTimer, fn, data, topic, number); err != nil {
				c.Phase = PhaseTimer
				c.report("lua event callback aborted: runtime error: ", err)
			}
			c.end()
		})
	})
	if err != nil {
		return fail(L, err.Error())
	}
	L.Push(lua.LTrue)
	return 1
}
