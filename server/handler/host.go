package handler

// Host is what a server offers of a request. A Request wraps it; handlers do not
// see it. The slices it returns are valid until the next call.
type Host interface {
	Method() string
	URI() []byte
	Args() []byte
	RemoteAddr() []byte
	// Fields are the request's header fields.
	Fields() []Field
	SetField(name, value string)
	RemoveField(name string)
	// OutFields are the custom header fields of the response.
	OutFields() []Field
	SetOutField(name, value string)
	AddOutField(name, value string)
	// Var returns a variable's value; ok is false when there is none.
	Var(name string) (value []byte, ok bool)
	// SetVar assigns a variable that the configuration defines.
	SetVar(name string, value []byte) error
	// Ctx holds values that live as long as the request, shared with Lua.
	Ctx(key string) any
	SetCtx(key string, value any)
	// Body is the request's body, nil unless it has been read.
	Body() *Body
	Log(level Level, text string)
}

// Level is a level of the error log.
type Level int

// The levels of messages, as nginx names them.
const (
	Emerg Level = iota + 1
	Alert
	Crit
	Error
	Warn
	Notice
	Info
	Debug
)
