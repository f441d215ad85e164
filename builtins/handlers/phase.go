package handlers

import (
	"github.com/perigee-server/perigee/server/http"
)

// runEarly runs what a location wants before its rewrite directives, in the
// order of declaration.
func runEarly(r *http.Request) http.Status {
	return runList(r, locations.Of(r).vars)
}

// runLate runs what the `if` block wants that the rewrite directives have
// entered.
func runLate(r *http.Request) http.Status {
	if !r.Location().Nameless {
		return http.Declined
	}
	return runList(r, locations.Of(r).own)
}

// runList runs the entries that do not wait until they are wanted.
func runList(r *http.Request, list []*entry) http.Status {
	for _, e := range list {
		v := e.v
		switch e.strict {
		case strictEarly:
			if !r.Values()[v.index].Valid {
				v.vars.Get(r, v.index)
			}
		case strictVolatile:
			v.vars.Evaluate(r, v.index)
		case strictTask:
			if r.Values()[v.index].Assigned() {
				continue
			}
			if rc := e.await(r); rc != http.Declined {
				return rc
			}
		}
	}
	return http.Declined
}

// runLog evaluates variables declared as !$v.
func runLog(r *http.Request) http.Status {
	for _, e := range locations.Of(r).vars {
		if e.strict == strictLate && !r.Values()[e.v.index].Valid {
			e.v.vars.Get(r, e.v.index)
		}
	}
	return http.OK
}
