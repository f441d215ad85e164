package http

// Status is what handlers return: an HTTP status, or one of the values below,
// which have the names they have in nginx.
type Status int

// What handlers return besides HTTP statuses.
const (
	// OK: the handler has done its work.
	OK Status = 0
	// Error: the response can not go on; the connection is closed.
	Error Status = -1
	// Declined: the next handler shall look.
	Declined Status = -5
	// Done: the request was finalized by the handler.
	Done Status = -4
	// Sent: the whole response was sent from a phase before content.
	Sent Status = -101
	// Incomplete: the response has ended before its announced end; the
	// connection is closed once what there is was sent.
	Incomplete Status = -102
	// Redirected: InternalRedirect or NamedLocation has been called; the phases
	// run again.
	Redirected Status = -100
)

// Statuses that the server itself answers with.
const (
	statusOK                    Status = 200
	statusCreated               Status = 201
	statusNoContent             Status = 204
	statusPartialContent        Status = 206
	statusMovedPermanently      Status = 301
	statusMovedTemporarily      Status = 302
	statusSeeOther              Status = 303
	statusNotModified           Status = 304
	statusTemporaryRedirect     Status = 307
	statusPermanentRedirect     Status = 308
	statusBadRequest            Status = 400
	statusUnauthorized          Status = 401
	statusForbidden             Status = 403
	statusNotFound              Status = 404
	statusNotAllowed            Status = 405
	statusRequestTimeout        Status = 408
	statusPreconditionFailed    Status = 412
	statusEntityTooLarge        Status = 413
	statusURITooLarge           Status = 414
	statusRangeNotSatisfiable   Status = 416
	statusClose                 Status = 444
	statusRequestHeaderTooLarge Status = 494
	statusToHTTPS               Status = 497
	statusClientClosed          Status = 499
	statusInternalServerError   Status = 500
	statusNotImplemented        Status = 501
	statusBadGateway            Status = 502
	statusServiceUnavailable    Status = 503
	statusGatewayTimeout        Status = 504
	statusVersionNotSupported   Status = 505
	statusInsufficientStorage   Status = 507
)

// reasons are the reason phrases of status lines, as nginx has them.
var reasons = map[int]string{
	200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 206: "Partial Content",
	301: "Moved Permanently", 302: "Moved Temporarily", 303: "See Other", 304: "Not Modified", 307: "Temporary Redirect", 308: "Permanent Redirect",
	400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found", 405: "Not Allowed", 406: "Not Acceptable",
	408: "Request Time-out", 409: "Conflict", 410: "Gone", 411: "Length Required", 412: "Precondition Failed", 413: "Request Entity Too Large",
	414: "Request-URI Too Large", 415: "Unsupported Media Type", 416: "Requested Range Not Satisfiable", 421: "Misdirected Request", 429: "Too Many Requests",
	500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Temporarily Unavailable", 504: "Gateway Time-out",
	505: "HTTP Version Not Supported", 507: "Insufficient Storage",
}

// pages are the headings of error pages.
var pages = map[Status]string{
	301: "301 Moved Permanently", 302: "302 Found", 303: "303 See Other", 307: "307 Temporary Redirect", 308: "308 Permanent Redirect",
	400: "400 Bad Request", 401: "401 Authorization Required", 402: "402 Payment Required", 403: "403 Forbidden", 404: "404 Not Found",
	405: "405 Not Allowed", 406: "406 Not Acceptable", 408: "408 Request Time-out", 409: "409 Conflict", 410: "410 Gone",
	411: "411 Length Required", 412: "412 Precondition Failed", 413: "413 Request Entity Too Large", 414: "414 Request-URI Too Large",
	415: "415 Unsupported Media Type", 416: "416 Requested Range Not Satisfiable", 421: "421 Misdirected Request", 429: "429 Too Many Requests",
	494: "400 Request Header Or Cookie Too Large", 495: "400 The SSL certificate error", 496: "400 No required SSL certificate was sent",
	497: "400 The plain HTTP request was sent to HTTPS port",
	500: "500 Internal Server Error", 501: "501 Not Implemented", 502: "502 Bad Gateway", 503: "503 Service Temporarily Unavailable",
	504: "504 Gateway Time-out", 505: "505 HTTP Version Not Supported", 507: "507 Insufficient Storage",
}

// details are the lines below the heading of the pages for 494 to 497.
var details = map[Status]string{
	494: "Request Header Or Cookie Too Large",
	495: "The SSL certificate error",
	496: "No required SSL certificate was sent",
	497: "The plain HTTP request was sent to HTTPS port",
}
