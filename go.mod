module github.com/perigee-server/perigee

go 1.26.0
