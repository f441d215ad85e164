module github.com/perigee-server/perigee

go 1.26.0

require (
	github.com/cilium/ebpf v0.22.0
	github.com/gofrs/flock v0.13.1
	github.com/google/pprof v0.0.0-20260906184651-6331bc6350fe
	github.com/klauspost/compress v1.20.3
	github.com/yuin/gopher-lua v1.1.2
	go.elara.ws/pcre v0.0.0-20230805032557-4ce849193f64
	golang.org/x/crypto v0.53.0
	golang.org/x/sys v0.49.0
	modernc.org/libc v1.16.8
)

require (
	github.com/google/uuid v1.3.0 // indirect
	github.com/mattn/go-isatty v0.0.12 // indirect
	github.com/remyoudompheng/bigfft v0.0.0-20200410134404-eec4a21b6bb0 // indirect
	modernc.org/mathutil v1.4.1 // indirect
	modernc.org/memory v1.1.1 // indirect
)
