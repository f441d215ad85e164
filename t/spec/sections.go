package spec

// known holds every section that a block may have; t/README.md says what each
// means. SkipReference, Master and Workers are ours, the Perl library ignores
// them.
var known = set(
	"main_config", "post_main_config", "http_config", "config", "server_name", "user_files",
	"request", "raw_request", "pipelined_requests", "more_headers", "raw_request_middle_delay", "shutdown", "http09",
	"error_code", "error_code_like",
	"response_headers", "response_headers_like", "raw_response_headers_like", "raw_response_headers_unlike",
	"response_body", "response_body_like", "response_body_unlike", "response_body_filters",
	"error_log", "no_error_log", "grep_error_log", "grep_error_log_out", "access_log", "no_access_log",
	"shutdown_error_log", "no_shutdown_error_log",
	"log_level", "timeout", "wait", "abort", "ignore_response", "must_die", "suppress_stderr",
	"tcp_listen", "tcp_reply", "tcp_reply_delay", "tcp_query", "tcp_query_len", "tcp_no_close", "tcp_shutdown",
	"tcp_shutdown_delay", "tcp_query_auto_timeout",
	"udp_listen", "udp_reply", "udp_reply_delay", "udp_query",
	"ONLY", "SKIP", "LAST", "skip_nginx", "no_check_leak",
	SkipReference, "master", "workers",
)

// SkipReference names the section that tags a block which a real nginx does
// not pass; its value is the reason.
const SkipReference = "skip_nginx_reference"

const (
	needsSystemTap = "it needs SystemTap"
	needsPerl      = "it runs Perl code"
	needsCurl      = "it needs the curl program"
)

// refused holds sections of Test::Nginx that this runner will not run, with
// the reason that a reader is told.
var refused = map[string]string{
	"stap": needsSystemTap, "stap_out": needsSystemTap, "stap_out_like": needsSystemTap, "stap_out_unlike": needsSystemTap,
	"stap2": needsSystemTap, "stap3": needsSystemTap, "stap4": needsSystemTap, "stap5": needsSystemTap,
	"init": needsPerl, "post_setup_server_root": needsPerl, "skip_eval": needsPerl,
	"request_eval":       "use the eval filter: --- request eval",
	"response_body_eval": "use the eval filter: --- response_body eval",
	"curl":               needsCurl, "curl_options": needsCurl, "curl_protocol": needsCurl, "curl_error": needsCurl,
	"http2": needsCurl, "http3": needsCurl, "quic_max_idle_timeout": needsCurl,
	"no_mockeagain": "mockeagain is not supported",
	"reload_fails":  "reload mode is not supported; reloads are tested in server/process",
}

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, name := range names {
		m[name] = true
	}
	return m
}
