package authbasic

import "testing"

// The hashes are those of openssl passwd, of htpasswd and of crypt(3).
var hashes = []struct{ password, hash string }{
	{"secret", "$1$saltsalt$9xy1btjgzLYfb7hivXtC//"},
	{"a considerably longer password than sixteen", "$1$x$oQp0A8XMLmv2/qN5jGtnP."},
	{"secret", "$apr1$ab$jiiV6N7hIIuIoJbc1hxOE/"},
	{"Hello world!", "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"},
	{"the minimum number is still observed", "$5$rounds=1000$roundstoolow$yfvwcWrQ8l/K0DAWyuPMDNHpIVlTQebY9l/gL972bIC"},
	{"a considerably longer password than thirty-two bytes", "$5$0123456789abcdef$1wprjMk./gpS3UehV4ucCjMn0tpAPt1c.BbHV.5WtH1"},
	{"Hello world!", "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v."},
	{"a very much longer text to encrypt.  This one even stretches over morethan one line.", "$6$rounds=1400$anotherlongsalts$POfYwTEok97VWcjxIiSOjiykti.o/pQs.wPvMxQ6Fm7I6IoYN3CmLs66x9t0oSwbtEW7o7UmJEiDwGqd8p4ur1"},
	{"secret", "$2y$05$OikN3TGsdzRK6mNJ7ce4OedO9RJ7C5tAWvK2pIuWKZ4.ezUnUFMRO"},
	{"secret", "{PLAIN}secret"},
	{"secret", "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="},
	{"testpass", "{SSHA}f1d/2sxDorhJu2OYDhXZcSMi1nF6enp6"},
}

func TestVerify(t *testing.T) {
	for _, h := range hashes {
		if !verify([]byte(h.password), []byte(h.hash)) {
			t.Errorf("%s does not take %q", h.hash, h.password)
		}
		if verify([]byte(h.password+"x"), []byte(h.hash)) {
			t.Errorf("%s takes another password", h.hash)
		}
	}
}

func TestVerifyUnknown(t *testing.T) {
	for _, h := range []string{"", "abNANd1rDfiNc", "$9$x$y", "$5$rounds=10$salt$x", "$6$rounds=$salt$x", "$2a$99$x", "plain"} {
		if verify([]byte("secret"), []byte(h)) {
			t.Errorf("%q takes a password", h)
		}
	}
}

func TestParse(t *testing.T) {
	all := parse([]byte("# a comment\n\nu:h\r\nv:{PLAIN}x:a comment\nu:other\nbad\nw:"))
	want := map[string]string{"u": "h", "v": "{PLAIN}x", "w": ""}
	if len(all) != len(want) {
		t.Errorf("%d users", len(all))
	}
	for name, hash := range want {
		if got, ok := all[name]; !ok || string(got) != hash {
			t.Errorf("%s: %q %v", name, got, ok)
		}
	}
}

func FuzzVerify(f *testing.F) {
	for _, h := range hashes {
		f.Add([]byte(h.password), []byte(h.hash))
	}
	f.Fuzz(func(t *testing.T, password, hash []byte) {
		if slow(hash) || len(password) > 1000 {
			return
		}
		verify(password, hash)
		if all := parse(append([]byte("u:"), hash...)); all["u"] == nil {
			t.Errorf("%q: no user", hash)
		}
	})
}
