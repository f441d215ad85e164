package http

import (
	"testing"
)

// FuzzRange reads what follows "bytes=" of a Range field: every range lies
// inside of the body.
func FuzzRange(f *testing.F) {
	for _, s := range []string{"0-0", "1-", "-1", "0-0,2-3", " 1 - 2 , 5-", "9223372036854775807-", "-9223372036854775808", "a-b", "1-0", ",,"} {
		f.Add(s, int64(10))
	}
	f.Fuzz(func(t *testing.T, s string, size int64) {
		if size < 0 {
			return
		}
		st := &rangeState{}
		if st.parse([]byte(s), size, 100) != rangeOK {
			return
		}
		if len(st.ranges) == 0 || len(st.ranges) > 100 {
			t.Fatalf("%d ranges", len(st.ranges))
		}
		for _, a := range st.ranges {
			if a.start < 0 || a.start >= a.end || a.end > size {
				t.Fatalf("range %d-%d of %d", a.start, a.end, size)
			}
		}
	})
}

// FuzzProxyProtocol reads the header of a connection behind another proxy: what
// is read never exceeds what is there, and feeding it byte by byte gives the
// same.
func FuzzProxyProtocol(f *testing.F) {
	f.Add([]byte("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET"))
	f.Add([]byte("PROXY UNKNOWN\r\n"))
	f.Add(append(append([]byte(nil), proxySignature...), 0x21, 0x11, 0, 12, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 0, 2))
	f.Fuzz(func(t *testing.T, b []byte) {
		whole := &proxyProtocol{}
		n, ok := whole.parse(b)
		if n > len(b) {
			t.Fatalf("%d of %d bytes", n, len(b))
		}
		if !ok || n == 0 {
			return
		}
		for i := 1; i <= n; i++ {
			part := &proxyProtocol{}
			k, ok := part.parse(b[:i])
			if i < n && (k != 0 || !ok) {
				t.Fatalf("%d of %d bytes give %d, %v", i, n, k, ok)
			}
			if i == n && (k != n || *part != *whole) {
				t.Fatal("the parts give another result than the whole")
			}
		}
	})
}

// FuzzCipherList reads OpenSSL cipher lists.
func FuzzCipherList(f *testing.F) {
	for _, s := range []string{"HIGH:!aNULL:!MD5", "ECDHE+AESGCM:!RSA", "DEFAULT@SECLEVEL=1", "ECDHE-RSA-AES128-GCM-SHA256"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if ids, err := cipherSuites(s); err != nil && ids != nil {
			t.Fatal("suites and an error")
		}
	})
}
