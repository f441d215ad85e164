use Test::Nginx::Socket 'no_plan';
$ENV{TEST_NGINX_HTML_DIR} ||= html_dir();
run_tests();
__DATA__

=== TEST 1: a file with its length, date and tag
--- config
--- user_files
>>> a.txt 202001020304.05
hello
--- request
GET /a.txt
--- response_body
hello
--- response_headers_like
Content-Length: 6
Last-Modified: Thu, 02 Jan 2020 03:04:05 GMT
ETag: "[0-9a-f]{8}-6"
Accept-Ranges: bytes


=== TEST 2: the index of a directory
--- config
--- request
GET /
--- response_body chomp
<html><head><title>It works!</title></head><body>It works!</body></html>


=== TEST 3: the first index that exists
--- config
    location /d/ { root html; index none.html b.html a.html; }
--- user_files
>>> d/a.html
a
>>> d/b.html
b
--- request
GET /d/
--- response_body
b


=== TEST 4: an index with a path and with variables
--- config
    location /d/ { root html; index $arg_i.html /last; }
    location /last { echo last; }
--- user_files
>>> d/x.html
x
--- request eval
["GET /d/?i=x", "GET /d/?i=y"]
--- response_body eval
["x\n", "last\n"]
--- error_code eval
[200, 200]


=== TEST 5: the index is looked up in its own location
--- config
    location /d/ { root html; index x.php; }
    location ~ \.php$ { echo "php $uri"; }
--- user_files
>>> d/x.php
code
--- request
GET /d/
--- response_body
php /d/x.php


=== TEST 6: a directory without an index
--- config
    location /d/ { root html; }
--- user_files
>>> d/a.txt
a
--- request
GET /d/
--- error_code: 403
--- error_log eval
qr{directory index of "\S+html/d/" is forbidden}


=== TEST 7: a directory without its slash
--- config
--- user_files
>>> d/a.txt
a
--- request
GET /d?x=y
--- error_code: 301
--- response_headers_like
Location: http://localhost:\d+/d/\?x=y


=== TEST 8: a missing file
--- config
--- request
GET /none.txt
--- error_code: 404
--- response_body_like: 404 Not Found
--- error_log eval
qr{\[error\] \S+ \*\d+ open\(\) "\S+/html/none\.txt" failed \(2: No such file or directory\), client: 127\.0\.0\.1, server: localhost, request: "GET /none\.txt HTTP/1\.1", host: "localhost"}


=== TEST 9: log_not_found off
--- config
    log_not_found off;
--- request
GET /none.txt
--- error_code: 404
--- no_error_log
[error]


=== TEST 10: a file taken for a directory
--- config
--- request
GET /index.html/x
--- error_code: 404
--- error_log
(20: Not a directory)


=== TEST 11: alias replaces the prefix
--- config
    location /al/ { alias html/d/; }
    location = /one { alias html/d/a.txt; }
    location ~ ^/re/(.*)$ { alias html/d/$1; }
--- user_files
>>> d/a.txt
a
--- request eval
["GET /al/a.txt", "GET /one", "GET /re/a.txt"]
--- response_body eval
["a\n", "a\n", "a\n"]
--- error_code eval
[200, 200, 200]


=== TEST 12: root with a variable
--- config
    location /r/ { root html/$arg_d; }
--- user_files
>>> x/r/a.txt
in x
--- request
GET /r/a.txt?d=x
--- response_body
in x


=== TEST 13: $document_root, $request_filename and $realpath_root
--- config
    location /al/ { alias html/d/; return 200 "$document_root $request_filename"; }
    location /rt/ { root html; return 200 "$document_root $request_filename"; }
--- request eval
["GET /al/x", "GET /rt/x"]
--- error_code eval
[200, 200]
--- response_body_like eval
["^/\\S+html/d/ /\\S+html/d/x\$", "^/\\S+html /\\S+html/rt/x\$"]


=== TEST 14: only GET and HEAD
--- config
--- request eval
["POST /index.html", "PUT /index.html", "DELETE /index.html", "HEAD /index.html", "OPTIONS /index.html"]
--- error_code eval
[405, 405, 405, 200, 405]


=== TEST 15: types by extension
--- config
    types {
        text/html html htm;
        application/x-test tst;
        text/css css;
    }
    default_type application/octet-stream;
--- user_files
>>> a.tst
a
>>> b.none
b
>>> c.CSS
c
>>> noext
d
--- request eval
["GET /a.tst", "GET /b.none", "GET /c.CSS", "GET /noext", "GET /index.html"]
--- error_code eval
[200, 200, 200, 200, 200]
--- response_headers eval
["Content-Type: application/x-test", "Content-Type: application/octet-stream", "Content-Type: text/css", "Content-Type: application/octet-stream", "Content-Type: text/html"]


=== TEST 16: the default map of types
--- config
--- user_files
>>> a.jpg
j
>>> a.gif
g
--- request eval
["GET /a.jpg", "GET /a.gif", "GET /index.html"]
--- error_code eval
[200, 200, 200]
--- response_headers eval
["Content-Type: image/jpeg", "Content-Type: image/gif", "Content-Type: text/html"]


=== TEST 17: charset
--- config
    charset utf-8;
    types { text/html html; image/png png; }
--- user_files
>>> a.png
p
--- request eval
["GET /index.html", "GET /a.png"]
--- error_code eval
[200, 200]
--- response_headers eval
["Content-Type: text/html; charset=utf-8", "Content-Type: image/png"]


=== TEST 18: one range
--- config
--- user_files
>>> t
0123456789
--- more_headers
Range: bytes=2-4
--- request
GET /t
--- error_code: 206
--- response_body chomp
234
--- response_headers
Content-Range: bytes 2-4/11
Content-Length: 3


=== TEST 19: ranges at the end
--- config
--- user_files
>>> t
0123456789
--- more_headers eval
["Range: bytes=8-", "Range: bytes=-3", "Range: bytes=9-99"]
--- request eval
["GET /t", "GET /t", "GET /t"]
--- error_code eval
[206, 206, 206]
--- response_body eval
["89\n", "89\n", "9\n"]
--- response_headers eval
["Content-Range: bytes 8-10/11", "Content-Range: bytes 8-10/11", "Content-Range: bytes 9-10/11"]


=== TEST 20: a range that is not there
--- config
--- user_files
>>> t
0123456789
--- more_headers
Range: bytes=11-12
--- request
GET /t
--- error_code: 416
--- response_headers
Content-Range: bytes */11


=== TEST 21: several ranges
--- config
--- user_files
>>> t
0123456789
--- more_headers
Range: bytes=0-1,4-5
--- request
GET /t
--- error_code: 206
--- response_headers_like
Content-Type: multipart/byteranges; boundary=\d{20}
--- response_body_like: ^\r\n--\d{20}\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/11\r\n\r\n01\r\n--\d{20}\r\nContent-Type: text/plain\r\nContent-Range: bytes 4-5/11\r\n\r\n45\r\n--\d{20}--\r\n$


=== TEST 22: max_ranges
--- config
    location /t0 { root html; max_ranges 0; }
    location /t1 { root html; max_ranges 1; }
--- user_files
>>> t0
0123456789
>>> t1
0123456789
--- more_headers eval
["Range: bytes=0-1", "Range: bytes=0-1,4-5"]
--- request eval
["GET /t0", "GET /t1"]
--- error_code eval
[200, 200]


=== TEST 23: a malformed range is ignored
--- config
--- user_files
>>> t
0123456789
--- more_headers eval
["Range: bytes=5-2", "Range: lines=1-2", "Range: bytes"]
--- request eval
["GET /t", "GET /t", "GET /t"]
--- error_code eval
[416, 200, 200]


=== TEST 24: If-Range with a date
--- config
--- user_files
>>> t 202001020304.05
0123456789
--- more_headers eval
["Range: bytes=0-1\nIf-Range: Thu, 01 Jan 2015 00:00:00 GMT", "Range: bytes=0-1\nIf-Range: \"x\"", "Range: bytes=0-1\nIf-Range: Thu, 02 Jan 2020 03:04:05 GMT"]
--- request eval
["GET /t", "GET /t", "GET /t"]
--- error_code eval
[200, 200, 206]


=== TEST 25: If-Modified-Since
--- config
    location /t { root html; if_modified_since before; }
--- user_files
>>> t 202001020304.05
0123456789
--- more_headers eval
["If-Modified-Since: Fri, 01 Jan 2021 00:00:00 GMT", "If-Modified-Since: Fri, 01 Jan 2010 00:00:00 GMT", "If-Modified-Since: nonsense", "If-Modified-Since: Thu, 02 Jan 2020 03:04:05 GMT"]
--- request eval
["GET /t", "GET /t", "GET /t", "GET /t"]
--- error_code eval
[304, 200, 200, 304]


=== TEST 26: if_modified_since off and exact
--- config
    location /off { root html; if_modified_since off; }
    location /exact { root html; }
--- user_files
>>> off 202001020304.05
x
>>> exact 202001020304.05
x
--- more_headers eval
["If-Modified-Since: Thu, 02 Jan 2020 03:04:05 GMT", "If-Modified-Since: Fri, 01 Jan 2021 00:00:00 GMT", "If-Modified-Since: Thu, 02 Jan 2020 03:04:05 GMT"]
--- request eval
["GET /off", "GET /exact", "GET /exact"]
--- error_code eval
[200, 200, 304]


=== TEST 27: If-Unmodified-Since
--- config
--- user_files
>>> t 202001020304.05
x
--- more_headers eval
["If-Unmodified-Since: Fri, 01 Jan 2010 00:00:00 GMT", "If-Unmodified-Since: Fri, 01 Jan 2021 00:00:00 GMT"]
--- request eval
["GET /t", "GET /t"]
--- error_code eval
[412, 200]


=== TEST 28: If-None-Match and If-Match
--- config
--- user_files
>>> t 202001020304.05
x
--- more_headers eval
["If-None-Match: *", "If-None-Match: \"nope\"", "If-Match: \"nope\"", "If-Match: *"]
--- request eval
["GET /t", "GET /t", "GET /t", "GET /t"]
--- error_code eval
[304, 200, 412, 200]


=== TEST 29: a 304 has no body and no length
--- config
--- user_files
>>> t 202001020304.05
x
--- more_headers
If-None-Match: *
--- request
GET /t
--- error_code: 304
--- response_headers
!Content-Length
!Content-Type
--- response_headers_like
ETag: ".*"


=== TEST 30: etag off
--- config
    location /t { root html; etag off; }
--- user_files
>>> t
x
--- request
GET /t
--- response_headers
!ETag


=== TEST 31: try_files takes the first that exists
--- config
    location /f { root html; try_files $uri.none $uri.html /fallback; }
    location /fallback { echo fallback; }
--- user_files
>>> f/a.html
a
--- request eval
["GET /f/a", "GET /f/b"]
--- response_body eval
["a\n", "fallback\n"]
--- error_code eval
[200, 200]


=== TEST 32: try_files with a code
--- config
    location /f { root html; try_files $uri =410; }
--- request
GET /f/none
--- error_code: 410


=== TEST 33: try_files with directories
--- config
    location /f { root html; try_files $uri/ $uri =404; autoindex on; }
--- user_files
>>> f/dir/a.txt
a
>>> f/file
plain
--- request eval
["GET /f/file", "GET /f/dir", "GET /f/dir/"]
--- error_code eval
[200, 301, 200]
--- response_body_like eval
["plain", "301 Moved", "Index of /f/dir/"]


=== TEST 34: try_files keeps arguments only when it is told
--- config
    location /a { root html; try_files /none /t?from=$uri&$args; }
    location /b { root html; try_files /none /t; }
    location /t { echo "[$args]"; }
--- request eval
["GET /a?x=1", "GET /b?x=1"]
--- response_body eval
["[from=/a&x=1]\n", "[]\n"]
--- error_code eval
[200, 200]


=== TEST 35: a cycle of try_files ends
--- config
    location /a { try_files /none /a; }
--- request
GET /a
--- error_code: 500
--- error_log
rewrite or internal redirection cycle while internally redirecting to "/a"


=== TEST 36: a listing
--- config
    location /l/ { root html; autoindex on; }
--- user_files
>>> l/b.txt 202001020304.05
12345
>>> l/a&b.txt
1
>>> l/sub/x
x
--- request
GET /l/
--- response_headers
Content-Type: text/html
--- response_body_like eval
qr{<h1>Index of /l/</h1><hr><pre><a href="\.\./">\.\./</a>\r\n<a href="sub/">sub/</a> +\d\d-\w\w\w-\d{4} \d\d:\d\d +-\r\n<a href="a%26b\.txt">a&amp;b\.txt</a> +\d\d-\w\w\w-\d{4} \d\d:\d\d +2\r\n<a href="b\.txt">b\.txt</a> +02-Jan-2020 03:04 +6\r\n</pre><hr></body>}


=== TEST 37: a listing as JSON
--- config
    location /l/ { root html; autoindex on; autoindex_format json; }
--- user_files
>>> l/b.txt 202001020304.05
12345
--- request
GET /l/
--- response_headers
Content-Type: application/json
--- response_body_like eval
qr/\{ "name":"b\.txt", "type":"file", "mtime":"Thu, 02 Jan 2020 03:04:05 GMT", "size":6 \}/


=== TEST 38: a listing hides dot files
--- config
    location /l/ { root html; autoindex on; }
--- user_files
>>> l/.hidden
x
>>> l/seen
x
--- request
GET /l/
--- response_body_like: seen
--- response_body_unlike: hidden


=== TEST 39: sendfile, with and without
--- config
    location /s { root html; sendfile on; sendfile_max_chunk 64k; }
    location /n { root html; sendfile off; output_buffers 2 8k; }
--- user_files eval
[["s", "0123456789" x 30000], ["n", "0123456789" x 30000]]
--- request eval
["GET /s", "GET /n"]
--- error_code eval
[200, 200]
--- response_body eval
["0123456789" x 30000, "0123456789" x 30000]


=== TEST 40: an empty file
--- config
--- user_files eval
[["empty", ""]]
--- request
GET /empty
--- response_headers
Content-Length: 0
--- response_body:


=== TEST 41: names with spaces, percent signs and UTF-8
--- config
    location /n { root html; }
--- user_files eval
[["n/a b", "space"], ["n/a%20b", "percent"], ["n/\xc3\xa9", "accent"]]
--- request eval
["GET /n/a%20b", "GET /n/a%2520b", "GET /n/%C3%A9"]
--- error_code eval
[200, 200, 200]
--- response_body eval
["space", "percent", "accent"]


=== TEST 42: disable_symlinks off and a path that leaves the root
--- config
--- request
GET /../../../../etc/hostname
--- error_code: 400


=== TEST 43: open_file_cache serves the same
--- config
    open_file_cache max=10 inactive=10s;
    open_file_cache_errors on;
--- user_files
>>> t
cached
--- request eval
["GET /t", "GET /t", "GET /none", "GET /none"]
--- error_code eval
[200, 200, 404, 404]
--- response_body_like eval
["cached", "cached", "404", "404"]
