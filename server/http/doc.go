// Package http serves HTTP/1.0 and 1.1: connections, requests, the phases of a
// request, locations, filters and subrequests, and the directives of nginx's
// ngx_http_core_module.
//
// # Modules
//
// A module is a package with an init function that calls Register. Its
// settings are structs, one for each level it has settings on, found through
// keys: a LocationKey creates and merges the settings of a location and returns
// those that hold for a request. What it does with requests it adds in
// Module.Init, once the configuration is read: phase handlers, filters,
// variables. Each location gets flat slices of just what applies to it, so that
// a module costs nothing where it is not used.
//
// # Requests
//
// A request runs under the worker's event loop (package event): with the baton,
// from its first byte to its last as straight code. Whatever waits parks the
// task. A Request, and every slice that comes from it, is valid until the
// request has ended.
package http
