;; A Fastly Compute guest for bodies that come while it runs; the path's last byte says what it does:
;; e: sends every part back at once; c: answers with the number of bytes, 8 of them; n: answers
;; without a look at the body; f: waits for the first part and answers with that; t: answers with A
;; plus the status of asking for trailers at once, their names and the value of x-sum.
(module
  (import "fastly_abi" "init" (func $init (param i64) (result i32)))
  (import "fastly_http_req" "body_downstream_get" (func $get (param i32 i32) (result i32)))
  (import "fastly_http_req" "uri_get" (func $uri (param i32 i32 i32 i32) (result i32)))
  (import "fastly_http_body" "new" (func $body (param i32) (result i32)))
  (import "fastly_http_body" "read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "fastly_http_body" "write" (func $write (param i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_http_body" "trailer_names_get" (func $names (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_http_body" "trailer_value_get" (func $value (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_http_body" "close" (func $close (param i32) (result i32)))
  (import "fastly_http_resp" "new" (func $response (param i32) (result i32)))
  (import "fastly_http_resp" "send_downstream" (func $send (param i32 i32 i32) (result i32)))
  (memory (export "memory") 4)
  ;; 0 request, 4 its body, 8 response, 12 its body, 16 count, 24 sum, 64 URI, 65536 bytes
  (data (i32.const 40) "x-sum")
  (func $must (param i32)
    (if (local.get 0) (then unreachable)))
  (func $read_some (result i32)
    (call $must (call $read (i32.load (i32.const 4)) (i32.const 65536) (i32.const 65536) (i32.const 16)))
    (i32.load (i32.const 16)))
  (func $write_all (param $at i32) (param $left i32)
    (loop $more
      (if (local.get $left)
        (then
          (call $must (call $write (i32.load (i32.const 12)) (local.get $at) (local.get $left) (i32.const 0)
            (i32.const 16)))
          (local.set $at (i32.add (local.get $at) (i32.load (i32.const 16))))
          (local.set $left (i32.sub (local.get $left) (i32.load (i32.const 16))))
          (br $more)))))
  (func $send_now (param $is_streaming i32)
    (call $must (call $send (i32.load (i32.const 8)) (i32.load (i32.const 12)) (local.get $is_streaming))))
  ;; Their names, to 8192.
  (func $names_get (result i32)
    (call $names (i32.load (i32.const 4)) (i32.const 8192) (i32.const 4096) (i32.const 0) (i32.const 32) (i32.const 16)))
  (func $do_trailers
    (i32.store8 (i32.const 8000) (i32.add (i32.const 65) (call $names_get)))
    (loop $more
      (br_if $more (call $read_some)))
    (call $must (call $names_get))
    (i32.store (i32.const 36) (i32.load (i32.const 16)))
    (call $write_all (i32.const 8000) (i32.const 1))
    (call $write_all (i32.const 8192) (i32.load (i32.const 36)))
    (if (i32.load (i32.const 36))
      (then
        (call $must (call $value (i32.load (i32.const 4)) (i32.const 40) (i32.const 5) (i32.const 8192) (i32.const 4096)
          (i32.const 16)))
        (call $write_all (i32.const 8192) (i32.load (i32.const 16)))))
    (call $send_now (i32.const 0)))
  (func (export "_start")
    (local $what i32) (local $count i32)
    (call $must (call $init (i64.const 1)))
    (call $must (call $get (i32.const 0) (i32.const 4)))
    (call $must (call $uri (i32.load (i32.const 0)) (i32.const 64) (i32.const 4096) (i32.const 16)))
    (local.set $what (i32.load8_u (i32.add (i32.const 63) (i32.load (i32.const 16)))))
    (call $must (call $response (i32.const 8)))
    (call $must (call $body (i32.const 12)))
    (if (i32.eq (local.get $what) (i32.const 0x74)) ;; t
      (then (call $do_trailers) (return)))
    (if (i32.eq (local.get $what) (i32.const 0x6e)) ;; n
      (then (call $send_now (i32.const 0)) (return)))
    (if (i32.eq (local.get $what) (i32.const 0x66)) ;; f
      (then
        (call $write_all (i32.const 65536) (call $read_some))
        (call $send_now (i32.const 0))
        (return)))
    (if (i32.eq (local.get $what) (i32.const 0x65)) ;; e
      (then (call $send_now (i32.const 1))))
    (loop $more
      (local.set $count (call $read_some))
      (i64.store (i32.const 24) (i64.add (i64.load (i32.const 24)) (i64.extend_i32_u (local.get $count))))
      (if (i32.eq (local.get $what) (i32.const 0x65))
        (then (call $write_all (i32.const 65536) (local.get $count))))
      (br_if $more (local.get $count)))
    (if (i32.eq (local.get $what) (i32.const 0x65))
      (then (call $must (call $close (i32.load (i32.const 12)))) (return)))
    (call $write_all (i32.const 24) (i32.const 8))
    (call $send_now (i32.const 0))))
