package counters

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"time"

	"github.com/perigee-server/perigee/conf"
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
	"github.com/perigee-server/perigee/server/log"
	"github.com/perigee-server/perigee/shm"
)

// maxStorage bounds the file that is read.
const maxStorage = 64 << 20

// storage is counters_persistent_storage.
type storage struct {
	path  string // full; "" without the directive
	every time.Duration
}

func setStorage(c *cycle.Conf) error {
	m := mains.At(c)
	if m.storage.path != "" {
		return c.Wrong("is duplicate")
	}
	if c.Arg(0) == "" {
		return c.Errorf("empty path in %q", c.Dir.Name)
	}
	m.storage.path = c.Cycle.FullName(c.Arg(0))
	if len(c.Args()) == 2 {
		ms, ok := conf.Msec(c.Arg(1))
		if !ok || ms == 0 {
			return c.Wrong("invalid value")
		}
		m.storage.every = conf.Span(ms, time.Millisecond)
	}
	return nil
}

// saved are values by sets and counters: what the file has, and $cnt_collection.
type saved map[string]map[string]int64

// parseSaved reads the text of a file.
func parseSaved(text []byte) (all saved, err error) {
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	if all == nil {
		return nil, errors.New("an object is expected")
	}
	return all, nil
}

// load takes the values of the file; counters that it does not have, and all of
// them when it is damaged, begin at zero.
func (m *mainConf) load() error {
	path := m.storage.path
	if path == "" {
		return nil
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("load counters: %w, they begin at zero", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxStorage+1))
	if err == nil && len(text) > maxStorage {
		err = errors.New("the file is too large")
	}
	if err != nil {
		return fmt.Errorf("load counters from %q: %w, they begin at zero", path, err)
	}
	all, err := parseSaved(text)
	if err != nil {
		return fmt.Errorf("load counters from %q: the file is damaged: %w, they begin at zero", path, err)
	}
	for _, s := range m.sets {
		for _, x := range s.order {
			if n, ok := all[s.id][x.name]; ok && s.survives {
				x.word.Store(n)
			}
		}
	}
	return nil
}

// text is what the file shall have.
func (m *mainConf) text() []byte {
	b := []byte{'{'}
	n := 0
	for _, s := range m.sets {
		if !s.survives {
			continue
		}
		b = append(quoted(comma(b, n), s.id), ":{"...)
		n++
		for j, x := range s.order {
			b = append(quoted(comma(b, j), x.name), ':')
			b = strconv.AppendInt(b, x.word.Load(), 10)
		}
		b = append(b, '}')
	}
	return append(b, "}\n"...)
}

// save writes the file, so that at any moment it is whole: the old one or the new
// one.
func (m *mainConf) save() error {
	if m.storage.path == "" {
		return nil
	}
	return m.storage.write(m.text())
}

func (s *storage) write(text []byte) error {
	err := shm.ReplaceFile(s.path, func(f *os.File) error {
		if err := f.Chmod(0o644); err != nil {
			return err
		}
		_, err := f.Write(text)
		return err
	})
	if err != nil {
		return fmt.Errorf("save counters: %w", err)
	}
	return nil
}

// startSaving has the first worker save the counters at intervals, when they have
// changed.
func startSaving(w *cycle.Work, main *http.Main) error {
	m := mains.In(main)
	if m.storage.every == 0 || len(m.sets) == 0 || w.Slot != 0 {
		return nil
	}
	var last []byte
	failing := false
	var tick func()
	timer := w.Loop.NewTimer(func() { tick() })
	tick = func() {
		if w.Quitting || w.Exiting {
			return
		}
		if text := m.text(); !bytes.Equal(text, last) {
			var err error
			w.Loop.Block(func(context.Context) { err = m.storage.write(text) })
			if err != nil && !failing {
				w.Cycle.Log.Print(log.Error, 0, err.Error(), "")
			}
			if failing = err != nil; !failing {
				last = text
			}
		}
		timer.Reset(m.storage.every)
	}
	timer.Reset(m.storage.every)
	return nil
}
