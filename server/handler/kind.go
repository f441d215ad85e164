package handler

// Kind is what a handler can be used for.
type Kind uint8

// The kinds of handlers, one for each function that registers some.
const (
	KindSync Kind = iota + 1
	KindAsync
	KindAsyncOnBody
	KindContent
	KindAsyncContent
	KindAsyncContentOnBody
	KindService
	KindHook
)

var kindNames = [...]string{
	KindSync: "synchronous", KindAsync: "asynchronous", KindAsyncOnBody: "asynchronous on request body",
	KindContent: "content", KindAsyncContent: "asynchronous content",
	KindAsyncContentOnBody: "asynchronous content on request body",
	KindService:            "service", KindHook: "service hook",
}

// String is the kind in words, as messages have it.
func (k Kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return "unknown"
}
