use Test::Nginx::Socket 'no_plan';
no_long_string();
run_tests();
__DATA__

=== TEST 1: counters of all sets, each metric in one place, with its text, its kind and its factor
--- http_config
    prometheus_help cnt_all "All \"requests\"\nand more\\";
    prometheus_gauge $cnt_now;
    prometheus_scale cnt_millis 0.001;
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1; server_name o"ther; counter $cnt_all set 7; counter $cnt_own; location / { return 200; } }
--- config
    counter $cnt_all;
    counter $cnt_millis;
    counter $cnt_now;
    location /t { counter $cnt_all inc 3; counter $cnt_millis inc 1500; counter $cnt_now set -2; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location /m { prometheus_metrics; }
--- request eval
["GET /t", "GET /m"]
--- response_headers eval
["!X", "Content-Type: text/plain; version=0.0.4; charset=utf-8"]
--- response_body_like eval
["^\$", "^# HELP cnt_all All \"requests\".nand more..
# TYPE cnt_all counter
cnt_all.set=\"o.\"ther\". 7
cnt_all.set=\"localhost\". 3
# TYPE cnt_own counter
cnt_own.set=\"o.\"ther\". 0
# TYPE cnt_millis counter
cnt_millis.set=\"localhost\". 1.5
# TYPE cnt_now gauge
cnt_now.set=\"localhost\". -2
# HELP nginx_connections_accepted Accepted client connections
# TYPE nginx_connections_accepted counter
nginx_connections_accepted 3\n"]


=== TEST 2: histograms with bounds are cumulative and have a sum; those without have bins
--- http_config
    map_to_range_index $arg_v $bin 0.5 1;
    prometheus_help hst "Sizes";
    prometheus_scale hst_sum 0.5;
--- config
    location /t {
        histogram $hst 3 $bin;
        histogram $kind 2 $arg_k;
        counter $hst_sum inc 3;
        return 200;
    }
    location /m { prometheus_metrics localhost; }
    location /none { prometheus_metrics nobody; }
--- pipelined_requests eval
["GET /t?v=0.1&k=1", "GET /t?v=0.7&k=1", "GET /t?v=0.8&k=0", "GET /t?v=3", "GET /t?v=x", "GET /m", "GET /none"]
--- response_body_like eval
["", "", "", "", "", "^# HELP hst Sizes
# TYPE hst histogram
hst_bucket.set=\"localhost\",le=\"0.5\". 1
hst_bucket.set=\"localhost\",le=\"1\". 3
hst_bucket.set=\"localhost\",le=\".Inf\". 4
hst_sum.set=\"localhost\". 7.5
hst_count.set=\"localhost\". 4
# TYPE hst_err counter
hst_err.set=\"localhost\". 1
# TYPE kind_bin counter
kind_bin.set=\"localhost\",bin=\"0\". 1
kind_bin.set=\"localhost\",bin=\"1\". 2
# TYPE kind_err counter
kind_err.set=\"localhost\". 2
# HELP nginx_", "^# HELP nginx_connections_accepted "]


=== TEST 3: a factor that is none
--- config
    location /m { prometheus_metrics; prometheus_scale x 1s; }
--- must_die
--- error_log
invalid factor "1s"


=== TEST 4: only GET and HEAD; nothing is counted yet
--- config
    location /m { prometheus_metrics; }
--- request eval
["POST /m\nx", "HEAD /m", "GET /m"]
--- error_code eval
[405, 200, 200]
--- response_body_like eval
["405 Not Allowed", "^\$", "nginx_uptime_seconds [0-9]\n"]
