package shm

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// The yardstick: a Go map behind a mutex, with the same copy of the value.
type lockedMap struct {
	mu sync.Mutex
	m  map[string][]byte
	n  map[string]float64
}

const benchKeys = 1000

func benchNames() []string {
	keys := make([]string, benchKeys)
	for i := range keys {
		keys[i] = fmt.Sprintf("session:%08d", i)
	}
	return keys
}

func BenchmarkGet100(b *testing.B) {
	keys, value := benchNames(), strings.Repeat("v", 100)
	b.Run("dict", func(b *testing.B) {
		d, _ := newDict(b, 4<<20)
		for _, k := range keys {
			d.Set(k, StringValue(value), 0, 0)
		}
		buf := make([]byte, 0, 128)
		i := 0
		for b.Loop() {
			d.Get(keys[i%benchKeys], buf)
			i++
		}
	})
	b.Run("peek", func(b *testing.B) {
		d, _ := newDict(b, 4<<20)
		for _, k := range keys {
			d.Set(k, StringValue(value), 0, 0)
		}
		buf := make([]byte, 0, 128)
		i := 0
		for b.Loop() {
			d.Peek(keys[i%benchKeys], buf)
			i++
		}
	})
	b.Run("map", func(b *testing.B) {
		m := lockedMap{m: map[string][]byte{}}
		for _, k := range keys {
			m.m[k] = []byte(value)
		}
		buf := make([]byte, 0, 128)
		i := 0
		for b.Loop() {
			m.mu.Lock()
			buf = append(buf[:0], m.m[keys[i%benchKeys]]...)
			m.mu.Unlock()
			i++
		}
	})
}

func BenchmarkIncr(b *testing.B) {
	keys := benchNames()
	b.Run("dict", func(b *testing.B) {
		d, _ := newDict(b, 4<<20)
		i := 0
		for b.Loop() {
			d.IncrInit(keys[i%benchKeys], 1, 0, 0)
			i++
		}
	})
	b.Run("map", func(b *testing.B) {
		m := lockedMap{n: map[string]float64{}}
		i := 0
		for b.Loop() {
			m.mu.Lock()
			m.n[keys[i%benchKeys]]++
			m.mu.Unlock()
			i++
		}
	})
}

func BenchmarkSet100(b *testing.B) {
	keys, value := benchNames(), StringValue(strings.Repeat("v", 100))
	d, _ := newDict(b, 4<<20)
	i := 0
	for b.Loop() {
		d.Set(keys[i%benchKeys], value, 0, 0)
		i++
	}
}

func BenchmarkCounter(b *testing.B) {
	c, err := newZone(b, 64<<10).Counter("n")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		c.Add(1)
	}
}
