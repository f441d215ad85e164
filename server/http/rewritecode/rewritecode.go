// Package rewritecode lets modules put code of their own between the directives
// of the rewrite module (set, rewrite, if, …), to run in the order in which all
// of them stand in the configuration. It is what ngx_devel_kit's set_var is to
// nginx.
package rewritecode

import (
	"github.com/perigee-server/perigee/server/cycle"
	"github.com/perigee-server/perigee/server/http"
)

// Places is where such directives may stand.
const Places = cycle.HTTPServer | cycle.HTTPServerIf | cycle.HTTPLocation | cycle.HTTPLocationIf

// Step is one piece of code. Declined goes on with the next one; any other
// status ends the phase with it.
type Step func(r *http.Request) http.Status

// Assign sets the variable that it was made for.
type Assign func(r *http.Request, value []byte)

// Program is what the rewrite module offers.
type Program interface {
	// Append adds a step to the code of the level that is being configured.
	Append(c *cycle.Conf, s Step)
	// Define makes a variable that may be set, or finds it; name begins with
	// "$".
	Define(c *cycle.Conf, name string) (Assign, error)
}

var program Program

// Provide is called by the rewrite module's init function.
func Provide(p Program) { program = p }

// Append adds a step behind what stands before the present directive.
func Append(c *cycle.Conf, s Step) error {
	if program == nil {
		return c.Errorf("%q directive needs the rewrite module", c.Dir.Name)
	}
	program.Append(c, s)
	return nil
}

// Value makes a value out of arguments, which are valid until the request ends.
// It returns false to answer with 500, having logged why.
type Value func(r *http.Request, args [][]byte) ([]byte, bool)

var functions = map[string]Value{}

// Name makes the function of a directive known to scripts (ndk.set_var); called
// from init functions.
func Name(directive string, f Value) { functions[directive] = f }

// Function is the function of a directive, nil without.
func Function(directive string) Value { return functions[directive] }

// Set compiles a directive that sets a variable to what f makes of texts with
// variables (ndk_set_var_multi_value).
func Set(c *cycle.Conf, name string, texts []string, f Value) error {
	if program == nil {
		return c.Errorf("%q directive needs the rewrite module", c.Dir.Name)
	}
	assign, err := program.Define(c, name)
	if err != nil {
		return err
	}
	values := make([]*http.Complex, len(texts))
	for i, t := range texts {
		if values[i], err = http.CompileComplex(c, t); err != nil {
			return err
		}
	}
	return Append(c, func(r *http.Request) http.Status {
		args := make([][]byte, len(values))
		for i, v := range values {
			args[i] = v.Eval(r)
		}
		value, ok := f(r, args)
		if !ok {
			return 500
		}
		assign(r, value)
		return http.Declined
	})
}

// Define makes a variable that may be set, or finds it; name begins with "$".
func Define(c *cycle.Conf, name string) (Assign, error) {
	if program == nil {
		return nil, c.Errorf("%q directive needs the rewrite module", c.Dir.Name)
	}
	return program.Define(c, name)
}
