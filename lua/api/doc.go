// Package api is what scripts see as ngx: the functions and tables of
// lua-nginx-module, bound to requests, timers and worker phases.
//
// An Engine is one VM of a worker. Each run of a script has a Ctx, which says
// for what it runs and in which phase; functions find it through the thread
// they are called on. Files are named after the part of ngx that they hold.
package api
