package vm

import (
	"math"
	"testing"
)

func TestFormatNumber(t *testing.T) {
	for _, c := range []struct {
		value float64
		want  string
	}{
		{0, "0"}, {math.Copysign(0, -1), "-0"}, {1e14, "1e+14"}, {99999999999999, "99999999999999"},
		{1.0 / 3, "0.33333333333333"}, {1e15, "1e+15"}, {123456789012345, "1.2345678901235e+14"},
		{1e100, "1e+100"}, {-1e-7, "-1e-07"}, {0.1, "0.1"}, {-123456789012345, "-1.2345678901235e+14"}, {math.Inf(-1), "-inf"}, {math.NaN(), "nan"},
		{0.0001, "0.0001"}, {3.14159265358979, "3.1415926535898"}, {1 << 53, "9.007199254741e+15"},
	} {
		if got := FormatNumber(c.value); got != c.want {
			t.Errorf("%g: got %s; want %s", c.value, got, c.want)
		}
	}
}

func TestParseNumber(t *testing.T) {
	for _, c := range []struct {
		text string
		want float64
		ok   bool
	}{
		{"0x1p4", 16, true}, {"0b11", 3, true}, {" 10 \n", 10, true}, {"-0x10", -16, true}, {"5.", 5, true},
		{".5", .5, true}, {"1e400", math.Inf(1), true}, {"0x", 0, false}, {"1e", 0, false}, {"- 1", 0, false},
		{"1_0", 0, false}, {"", 0, false}, {".", 0, false}, {"0x.", 0, false}, {"010", 10, true}, {"inf", math.Inf(1), true},
	} {
		got, ok := ParseNumber(c.text)
		if ok != c.ok || ok && got != c.want {
			t.Errorf("%q: got %g, %v; want %g, %v", c.text, got, ok, c.want, c.ok)
		}
	}
}
