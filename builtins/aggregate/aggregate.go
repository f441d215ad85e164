// Package aggregate is the library "aggregate" of native handlers: what the
// workers say of themselves, in one place. `handler load aggregate;`
package aggregate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/perigee-server/perigee/server/handler"
)

func init() { handler.Library("aggregate", register) }

func register() {
	handler.Sync("aggregateReport", func(list ...string) (string, error) {
		if len(list) != 4 {
			return "", errors.New("a dictionary, a name, a time and a value are expected")
		}
		life, ok := handler.ParseDuration(list[2])
		if !ok {
			return "", fmt.Errorf("invalid time %q", list[2])
		}
		return "", report(list[0], list[1], life, []byte(list[3]))
	})
	handler.Service("aggregateRuntime", runtimeReport)
	handler.Content("aggregate", collect)
}

// prefix is what the keys of one name begin with; the worker's id follows.
func prefix(name string) string { return "aggregate:" + name + ":" }

// report stores a worker's value, JSON or text, until life is over.
func report(dict, name string, life time.Duration, value []byte) error {
	d, err := handler.SharedDict(dict)
	if err != nil {
		return err
	}
	if !json.Valid(value) {
		if value, err = json.Marshal(string(value)); err != nil {
			return err
		}
	}
	return d.Set(prefix(name)+strconv.Itoa(os.Getpid()), value, life)
}

// runtimeReport is a service that reports the state of Go's runtime every so
// often: its argument is the dictionary, the name and the period.
func runtimeReport(ctx context.Context, arg []byte, _ bool) ([]byte, error) {
	words := strings.Fields(string(arg))
	if len(words) != 3 {
		return nil, errors.New("a dictionary, a name and a period are expected")
	}
	period, ok := handler.ParseDuration(words[2])
	if !ok {
		return nil, fmt.Errorf("invalid period %q", words[2])
	}
	state := runtimeState()
	if err := report(words[0], words[1], 3*period, state); err != nil {
		return nil, err
	}
	t := time.NewTimer(max(period, time.Millisecond))
	defer t.Stop()
	select {
	case <-t.C:
		return state, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// collect is a content handler: the values of all workers as JSON, by their ids.
// Its argument is the dictionary and the name.
func collect(arg []byte) (handler.Response, error) {
	dict, name, ok := strings.Cut(string(arg), " ")
	if !ok {
		return handler.Response{}, errors.New("a dictionary and a name are expected")
	}
	d, err := handler.SharedDict(dict)
	if err != nil {
		return handler.Response{}, err
	}
	keys, err := d.Keys(prefix(name))
	if err != nil {
		return handler.Response{}, err
	}
	slices.Sort(keys)
	var b bytes.Buffer
	for _, key := range keys {
		v, err := d.Get(key)
		if err != nil {
			return handler.Response{}, err
		}
		text, ok := v.(string)
		if !ok || !json.Valid([]byte(text)) {
			continue // it has expired meanwhile, or is none of ours
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%s", key[len(prefix(name)):], text)
	}
	return handler.Response{Body: [][]byte{[]byte("{" + b.String() + "}")}, ContentType: "application/json"}, nil
}
