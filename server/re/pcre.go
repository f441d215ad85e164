package re

import (
	"encoding/binary"
	"strings"
	"sync"
	"sync/atomic"

	"go.elara.ws/pcre/lib"
	"modernc.org/libc"
)

// PCRE2 translated to Go keeps everything in memory outside Go's heap and
// addresses it by uintptr. libc.GoBytes gives windows on that memory, so that
// no unsafe code is needed here.

// code is a compiled pattern outside Go's heap. It is never written after
// compiling, so that any number of matchers may run it at once.
type code struct {
	ptr    uintptr
	groups int
	names  []Name
	dfa    bool
	limit  uint32
}

// live counts the compiled patterns that are not freed yet.
var live atomic.Int64

const (
	wordSize     = 8        // size_t, and room for any result of pattern_info
	pcreLimit    = 10000000 // PCRE's default match limit
	heapLimitKiB = 64 << 10 // a match may not take more
	dfaWorkspace = 10000    // ints
	maxIdle      = 8        // matchers kept for later use
	keepSubject  = 1 << 20  // bytes of subject memory kept by an idle matcher
	noMatch      = lib.DPCRE2_ERROR_NOMATCH
	keepPairs    = 64 // offset pairs that every matcher has room for
)

func pcreOptions(o Options) uint32 {
	var bits uint32
	for _, b := range []struct {
		on  bool
		bit uint32
	}{
		{o.Caseless, lib.DPCRE2_CASELESS}, {o.Multiline, lib.DPCRE2_MULTILINE}, {o.DotAll, lib.DPCRE2_DOTALL},
		{o.Extended, lib.DPCRE2_EXTENDED}, {o.Anchored, lib.DPCRE2_ANCHORED}, {o.UTF, lib.DPCRE2_UTF},
		{o.UTF && o.NoUTFCheck, lib.DPCRE2_NO_UTF_CHECK}, {o.DollarEndonly, lib.DPCRE2_DOLLAR_ENDONLY}, {o.DupNames, lib.DPCRE2_DUPNAMES},
		{o.JavascriptCompat, lib.DPCRE2_ALT_BSUX | lib.DPCRE2_ALLOW_EMPTY_CLASS | lib.DPCRE2_MATCH_UNSET_BACKREF},
	} {
		if b.on {
			bits |= b.bit
		}
	}
	return bits
}

func compilePCRE(pattern string, o Options) (*code, error) {
	tls := libc.NewTLS()
	defer tls.Close()

	text := allocate(tls, len(pattern)+2*wordSize)
	defer libc.Xfree(tls, text)
	results := text + uintptr((len(pattern)+wordSize-1)/wordSize*wordSize)
	copy(libc.GoBytes(text, len(pattern)), pattern)

	ptr := lib.Xpcre2_compile_8(tls, text, lib.Tsize_t(len(pattern)), pcreOptions(o), results, results+wordSize, 0)
	if ptr == 0 {
		errcode := int32(binary.NativeEndian.Uint32(libc.GoBytes(results, 4)))
		offset := readWord(results + wordSize)
		return nil, &CompileError{Msg: message(tls, errcode), Pattern: pattern, Offset: int(offset)}
	}

	live.Add(1)
	c := &code{ptr: ptr, dfa: o.DFA, limit: o.MatchLimit}
	if c.limit == 0 {
		c.limit = pcreLimit
	}
	c.groups = c.info(tls, lib.DPCRE2_INFO_CAPTURECOUNT, results)
	c.readNames(tls, results)
	return c, nil
}

// allocate is malloc; running out of memory there is as final as in Go.
func allocate(tls *libc.TLS, n int) uintptr {
	p := libc.Xmalloc(tls, lib.Tsize_t(n))
	if p == 0 {
		panic("re: out of memory")
	}
	return p
}

func readWord(at uintptr) uint64 { return binary.NativeEndian.Uint64(libc.GoBytes(at, wordSize)) }

// info asks for a 32-bit property of the pattern; scratch has room for it.
func (c *code) info(tls *libc.TLS, what uint32, scratch uintptr) int {
	lib.Xpcre2_pattern_info_8(tls, c.ptr, what, scratch)
	return int(binary.NativeEndian.Uint32(libc.GoBytes(scratch, 4)))
}

// readNames reads PCRE's table: per entry the number in two bytes, big endian,
// then the name and NULs.
func (c *code) readNames(tls *libc.TLS, scratch uintptr) {
	count := c.info(tls, lib.DPCRE2_INFO_NAMECOUNT, scratch)
	if count == 0 {
		return
	}
	size := c.info(tls, lib.DPCRE2_INFO_NAMEENTRYSIZE, scratch)
	lib.Xpcre2_pattern_info_8(tls, c.ptr, lib.DPCRE2_INFO_NAMETABLE, scratch)
	table := libc.GoBytes(uintptr(readWord(scratch)), count*size)
	for entry := range count {
		row := table[entry*size : (entry+1)*size]
		name, _, _ := strings.Cut(string(row[2:]), "\x00")
		c.names = append(c.names, Name{Name: name, Group: int(binary.BigEndian.Uint16(row))})
	}
}

func (c *code) free() {
	tls := libc.NewTLS()
	lib.Xpcre2_code_free_8(tls, c.ptr)
	live.Add(-1)
	tls.Close()
}

// message returns PCRE's text for an error code.
func message(tls *libc.TLS, errcode int32) string {
	const size = 256
	buf := allocate(tls, size)
	defer libc.Xfree(tls, buf)
	n := lib.Xpcre2_get_error_message_8(tls, errcode, buf, size)
	if n < 0 {
		return "unknown error"
	}
	return string(libc.GoBytes(buf, int(n)))
}

// matcher is the memory that one running match needs outside Go's heap.
type matcher struct {
	tls       *libc.TLS
	context   uintptr
	data      uintptr // match data
	pairs     int     // room in data
	subject   uintptr
	capacity  int     // of subject
	workspace uintptr // for DFA matching, else 0
}

// idle holds matchers between matches. They own foreign memory, which a
// sync.Pool would lose.
var idle struct {
	sync.Mutex
	list [maxIdle]*matcher
	n    int
}

func takeMatcher() *matcher {
	idle.Lock()
	if idle.n > 0 {
		idle.n--
		m := idle.list[idle.n]
		idle.Unlock()
		return m
	}
	idle.Unlock()

	m := &matcher{tls: libc.NewTLS()}
	m.context = lib.Xpcre2_match_context_create_8(m.tls, 0)
	if m.context == 0 {
		panic("re: out of memory")
	}
	lib.Xpcre2_set_heap_limit_8(m.tls, m.context, heapLimitKiB)
	return m
}

func (m *matcher) release() {
	if m.capacity > keepSubject {
		libc.Xfree(m.tls, m.subject)
		m.subject, m.capacity = 0, 0
	}
	idle.Lock()
	if idle.n < maxIdle {
		idle.list[idle.n] = m
		idle.n++
		idle.Unlock()
		return
	}
	idle.Unlock()
	m.free()
}

func (m *matcher) free() {
	if m.data != 0 {
		lib.Xpcre2_match_data_free_8(m.tls, m.data)
	}
	if m.subject != 0 {
		libc.Xfree(m.tls, m.subject)
	}
	if m.workspace != 0 {
		libc.Xfree(m.tls, m.workspace)
	}
	lib.Xpcre2_match_context_free_8(m.tls, m.context)
	m.tls.Close()
}

// fit makes room for pairs offsets and a subject of n bytes.
func (m *matcher) fit(pairs, n int) {
	if m.pairs < pairs {
		if m.data != 0 {
			lib.Xpcre2_match_data_free_8(m.tls, m.data)
		}
		m.pairs = max(pairs, keepPairs)
		m.data = lib.Xpcre2_match_data_create_8(m.tls, uint32(m.pairs), 0)
		if m.data == 0 {
			panic("re: out of memory")
		}
	}
	if m.capacity < n || m.subject == 0 {
		if m.subject != 0 {
			libc.Xfree(m.tls, m.subject)
		}
		m.capacity = max(2*n, 4096)
		m.subject = allocate(m.tls, m.capacity)
	}
}

func matchPCRE[S []byte | string](c *code, subject S, from int, ov []int) (bool, error) {
	m := takeMatcher()
	defer m.release()
	m.fit(len(ov)/2, len(subject))
	copy(libc.GoBytes(m.subject, len(subject)), subject)
	lib.Xpcre2_set_match_limit_8(m.tls, m.context, c.limit)

	var rc int32
	if c.dfa {
		if m.workspace == 0 {
			m.workspace = allocate(m.tls, dfaWorkspace*4)
		}
		rc = lib.Xpcre2_dfa_match_8(m.tls, c.ptr, m.subject, lib.Tsize_t(len(subject)), lib.Tsize_t(from), 0, m.data, m.context, m.workspace, dfaWorkspace)
	} else {
		rc = lib.Xpcre2_match_8(m.tls, c.ptr, m.subject, lib.Tsize_t(len(subject)), lib.Tsize_t(from), 0, m.data, m.context)
	}
	if rc == noMatch {
		return false, nil
	}
	if rc < 0 {
		return false, &MatchError{Code: int(rc), Msg: message(m.tls, rc)}
	}

	// A DFA match lists shorter matches behind the longest; they are no groups.
	set := int(rc)
	if c.dfa {
		set = 1
	}
	offsets := libc.GoBytes(lib.Xpcre2_get_ovector_pointer_8(m.tls, m.data), len(ov)*wordSize)
	for i := range ov {
		ov[i] = -1
		if i < 2*set {
			ov[i] = int(binary.NativeEndian.Uint64(offsets[i*wordSize:])) // PCRE2_UNSET becomes -1
		}
	}
	return true, nil
}
