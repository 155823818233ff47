;; A Fastly Compute guest. Its answer is the method, a space and the URI; then the names of the
;; request's fields and the values of x-many; then a letter for the status of each call below:
;; 'a' for 0, 'b' for 1 and so on; then the request's body.
(module
  (import "fastly_abi" "init" (func $init (param i64) (result i32)))
  (import "fastly_http_req" "body_downstream_get" (func $get (param i32 i32) (result i32)))
  (import "fastly_http_req" "method_get" (func $method (param i32 i32 i32 i32) (result i32)))
  (import "fastly_http_req" "method_set" (func $set_method (param i32 i32 i32) (result i32)))
  (import "fastly_http_req" "uri_get" (func $uri (param i32 i32 i32 i32) (result i32)))
  (import "fastly_http_req" "close" (func $close (param i32) (result i32)))
  (import "fastly_http_req" "header_names_get"
    (func $names (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_http_req" "header_value_get"
    (func $value (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_http_req" "header_values_get"
    (func $values (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_http_req" "header_append"
    (func $add (param i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_http_req" "header_remove" (func $remove (param i32 i32 i32) (result i32)))
  (import "fastly_http_body" "new" (func $body (param i32) (result i32)))
  (import "fastly_http_body" "write" (func $write (param i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_http_body" "append" (func $append (param i32 i32) (result i32)))
  (import "fastly_http_body" "close" (func $close_body (param i32) (result i32)))
  (import "fastly_http_body" "known_length" (func $length (param i32 i32) (result i32)))
  (import "fastly_http_resp" "new" (func $response (param i32) (result i32)))
  (import "fastly_http_resp" "status_set" (func $status (param i32 i32) (result i32)))
  (import "fastly_http_resp" "header_insert"
    (func $insert (param i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_http_resp" "header_values_set"
    (func $set (param i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_http_resp" "send_downstream" (func $send (param i32 i32 i32) (result i32)))
  (import "fastly_log" "endpoint_get" (func $endpoint (param i32 i32 i32) (result i32)))
  (import "fastly_log" "write" (func $log (param i32 i32 i32 i32) (result i32)))
  (import "fastly_http_req" "redirect_to_grip_proxy_v2" (func $missing (param i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 512) "x-many\00x-set\00one\00two\00bad name\00endpoint\00a line")
  ;; 0: request, 4: its body, 8: response, 12: its body, 16: bytes written, 24: next cursor
  (global $next (mut i32) (i32.const 8192)) ;; where letters go

  (func $say (param i32)
    (i32.store8 (global.get $next) (i32.add (i32.const 97) (local.get 0)))
    (global.set $next (i32.add (global.get $next) (i32.const 1))))

  (func $put (param $at i32) (param $length i32)
    (drop (call $write (i32.load (i32.const 12)) (local.get $at) (local.get $length)
      (i32.const 0) (i32.const 32))))

  (func $put_written (call $put (i32.const 1024) (i32.load (i32.const 16))))

  ;; all names, through a buffer that holds a few
  (func $put_names (local $cursor i64)
    (loop $more
      (call $say (call $names (i32.load (i32.const 0)) (i32.const 1024) (i32.const 32)
        (i32.wrap_i64 (local.get $cursor)) (i32.const 24) (i32.const 16)))
      (call $put_written)
      (local.set $cursor (i64.load (i32.const 24)))
      (br_if $more (i64.ge_s (local.get $cursor) (i64.const 0)))))

  (func $wrong_uses (param $request i32)
    ;; no such handle; a buffer of two bytes; what it would have needed
    (call $say (call $method (i32.const 77) (i32.const 1024) (i32.const 99) (i32.const 16)))
    (call $say (call $method (local.get $request) (i32.const 1024) (i32.const 2) (i32.const 16)))
    (call $say (i32.load (i32.const 16)))
    ;; a field that is not there; a place that is not in memory
    (call $say (call $value (local.get $request) (i32.const 519) (i32.const 5) (i32.const 1024)
      (i32.const 99) (i32.const 16)))
    (call $say (call $uri (local.get $request) (i32.const -8) (i32.const 4096) (i32.const 16)))
    (call $say (call $remove (local.get $request) (i32.const 519) (i32.const 5)))
    ;; a name that is no token; statuses that are none; a method with a space
    (call $say (call $insert (i32.load (i32.const 8)) (i32.const 533) (i32.const 8)
      (i32.const 525) (i32.const 3)))
    (call $say (call $status (i32.load (i32.const 8)) (i32.const 99)))
    (call $say (call $set_method (local.get $request) (i32.const 533) (i32.const 8)))
    ;; what is not there; another version of the interface
    (call $say (call $missing (i32.const 512) (i32.const 6) (i32.const 16)))
    (call $say (call $missing (i32.const 512) (i32.const 6) (i32.const 16)))
    (call $say (call $init (i64.const 2)))
    ;; itself appended to itself; a body that was closed
    (call $say (call $append (i32.load (i32.const 12)) (i32.load (i32.const 12))))
    (call $say (call $body (i32.const 36)))
    (call $say (call $close_body (i32.load (i32.const 36))))
    (call $say (call $close_body (i32.load (i32.const 36))))
    ;; more fields than fit
    (call $say (call $flood (local.get $request))))

  (func $flood (param $request i32) (result i32) (local $left i32) (local $status i32)
    (memory.fill (i32.const 16384) (i32.const 121) (i32.const 4000))
    (local.set $left (i32.const 100))
    (loop $more
      (local.set $status (call $add (local.get $request) (i32.const 519) (i32.const 5)
        (i32.const 16384) (i32.const 4000)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $more (select (local.get $left) (i32.const 0) (i32.eqz (local.get $status)))))
    (local.get $status))

  ;; as many bodies as there may be, and one more
  (func $exhaust (param $left i32) (result i32) (local $status i32)
    (loop $more
      (local.set $status (call $body (i32.const 36)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $more (select (local.get $left) (i32.const 0) (i32.eqz (local.get $status)))))
    (local.get $status))

  (func (export "_start") (local $request i32) (local $letters i32)
    (call $say (call $init (i64.const 1)))
    (call $say (call $get (i32.const 0) (i32.const 4)))
    (local.set $request (i32.load (i32.const 0)))
    (call $say (call $response (i32.const 8)))
    (call $say (call $body (i32.const 12)))
    (call $say (call $method (local.get $request) (i32.const 1024) (i32.const 99) (i32.const 16)))
    (call $put_written)
    (call $say (call $uri (local.get $request) (i32.const 1024) (i32.const 4096) (i32.const 16)))
    (call $put_written)
    (call $put_names)
    (call $say (call $values (local.get $request) (i32.const 512) (i32.const 6) (i32.const 1024)
      (i32.const 4096) (i32.const 0) (i32.const 24) (i32.const 16)))
    (call $put_written)
    (call $wrong_uses (local.get $request))
    (call $say (call $status (i32.load (i32.const 8)) (i32.const 201)))
    (call $say (call $set (i32.load (i32.const 8)) (i32.const 519) (i32.const 5) (i32.const 525)
      (i32.const 8)))
    (call $say (call $endpoint (i32.const 542) (i32.const 8) (i32.const 40)))
    (call $say (call $log (i32.load (i32.const 40)) (i32.const 551) (i32.const 6) (i32.const 16)))
    (call $say (call $close (local.get $request)))
    (call $say (call $close (local.get $request)))
    (call $say (call $exhaust (i32.const 300)))
    (local.set $letters (i32.sub (global.get $next) (i32.const 8192)))
    (call $put (i32.const 8192) (local.get $letters))
    (drop (call $append (i32.load (i32.const 12)) (i32.load (i32.const 4))))
    (drop (call $send (i32.load (i32.const 8)) (i32.load (i32.const 12)) (i32.const 0)))
    ;; a second time, and a write behind it, fail: then the guest does
    (if (i32.ne (call $send (i32.load (i32.const 8)) (i32.load (i32.const 12)) (i32.const 0))
          (i32.const 3)) (then (return)))
    (if (i32.eqz (call $write (i32.load (i32.const 12)) (i32.const 512) (i32.const 6)
          (i32.const 0) (i32.const 32))) (then (return)))
    ;; so does the same body with early hints
    (drop (call $response (i32.const 8)))
    (drop (call $status (i32.load (i32.const 8)) (i32.const 103)))
    (if (i32.ne (call $send (i32.load (i32.const 8)) (i32.load (i32.const 12)) (i32.const 0))
          (i32.const 3)) (then (return)))
    unreachable))
