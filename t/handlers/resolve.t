use Test::Nginx::Socket 'no_plan';
run_tests();

__DATA__

=== TEST 1: without a resolver
--- http_config
upstream up { zone z 64k; server app.test resolve; }
--- config
location /t { proxy_pass http://up; }
--- must_die
--- error_log
no resolver defined to resolve names at run time in upstream "up" in
--- skip_nginx_reference: resolve came with nginx 1.27.3

=== TEST 2: a service without resolve
--- http_config
upstream up { server app.test service=http; }
--- config
location /t { proxy_pass http://up; }
--- must_die
--- error_log
service upstream server "app.test" requires "resolve" parameter in
--- skip_nginx_reference: resolve came with nginx 1.27.3

=== TEST 3: a service with a port
--- http_config
upstream up { resolver 127.0.0.1:1; server app.test:80 service=http resolve; }
--- config
location /t { proxy_pass http://up; }
--- must_die
--- error_log
service upstream server "app.test:80" may not have port in
--- skip_nginx_reference: resolve came with nginx 1.27.3

=== TEST 4: an address needs no resolver
--- http_config
upstream up { server 127.0.0.1:$TEST_NGINX_SERVER_PORT resolve; }
--- config
location /here { return 200 here; }
location /t { proxy_pass http://up/here; }
--- request
GET /t
--- response_body chomp
here
--- skip_nginx_reference: resolve came with nginx 1.27.3

=== TEST 5: a name server that does not answer costs the request resolver_timeout
--- http_config
upstream up { resolver 127.0.0.1:1; resolver_timeout 200ms; server app.test resolve; }
--- config
location /t { proxy_pass http://up; }
--- request
GET /t
--- error_code: 502
--- error_log
app.test could not be resolved (110: Operation timed out), upstream "up" goes on with the 0 addresses that are known
no live upstreams while connecting to upstream
--- no_error_log
no answer from the name server
--- skip_nginx_reference: resolve came with nginx 1.27.3

=== TEST 6: a client that goes while the first answer is awaited
--- http_config
upstream up { resolver 127.0.0.1:1; resolver_timeout 600ms; server app.test resolve; }
--- config
location /t { proxy_pass http://up; }
--- request
GET /t
--- timeout: 100ms
--- abort
--- ignore_response
--- wait: 0.3
--- access_log
"GET /t HTTP/1.1" 499
--- no_error_log
no live upstreams
--- skip_nginx_reference: resolve came with nginx 1.27.3
