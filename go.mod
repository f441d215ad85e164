module github.com/perigee-server/perigee

go 1.26.0

require (
	go.elara.ws/pcre v0.0.0-20230805032557-4ce849193f64
	golang.org/x/sys v0.49.0
	modernc.org/libc v1.16.8
)
