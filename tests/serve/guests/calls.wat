;; A Terrarium guest for every other call; the second byte of the path chooses what is done:
;; /h header names, /v values of "X-Many", /s status 418, /r random and time, /d debug lines,
;; /p panic, /t status seen, /w bad status and bad header, /b body read back, /n names of the answer
(module
  (import "env" "hostcall_init_mm" (func $init_mm (param i32 i32)))
  (import "env" "hostcall_panic_hook" (func $panic_hook (param i32 i32)))
  (import "env" "hostcall_debug" (func $debug (param i32 i32)))
  (import "env" "hostcall_req_get_headers" (func $req_names (param i32 i32 i32)))
  (import "env" "hostcall_req_get_header" (func $req_values (param i32 i32 i32 i32 i32)))
  (import "env" "hostcall_req_get_path" (func $get_path (param i32 i32 i32)))
  (import "env" "hostcall_resp_get_headers" (func $resp_names (param i32 i32 i32)))
  (import "env" "hostcall_resp_get_header" (func $resp_values (param i32 i32 i32 i32 i32)))
  (import "env" "hostcall_resp_get_body" (func $resp_body (param i32 i32 i32)))
  (import "env" "hostcall_resp_get_response_code" (func $get_status (param i32) (result i32)))
  (import "env" "hostcall_resp_set_header"
    (func $set_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "hostcall_resp_set_body" (func $set_body (param i32 i32 i32) (result i32)))
  (import "env" "hostcall_resp_set_response_code" (func $set_status (param i32 i32) (result i32)))
  (import "env" "hostcall_rng_next_u64" (func $random (result i64)))
  (import "env" "hostcall_time_now" (func $time (param i32) (result i64)))
  (memory 2)
  (table 4 funcref)
  (elem (i32.const 0) $malloc $free)
  (data (i32.const 256) "X-Many")
  (data (i32.const 272) "first line\0asecond line\00")
  (data (i32.const 304) "the guest gives up")
  (data (i32.const 336) "x-out")
  (data (i32.const 352) "onetwobad\0dvalue")
  ;; slices: "one", "two"; then one whose value has a CR
  (data (i32.const 400) "\60\01\00\00\03\00\00\00\63\01\00\00\03\00\00\00")
  (data (i32.const 432) "\66\01\00\00\09\00\00\00")
  (global $top (mut i32) (i32.const 4096))
  (global $out (mut i32) (i32.const 70000))
  (func $malloc (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $top))
    (global.set $top (i32.add (local.get $at) (local.get $size)))
    (local.get $at))
  (func $free (param i32))
  ;; append bytes and a newline to the body being made at 70000
  (func $line (param $at i32) (param $length i32)
    (memory.copy (global.get $out) (local.get $at) (local.get $length))
    (i32.store8 (i32.add (global.get $out) (local.get $length)) (i32.const 10))
    (global.set $out (i32.add (i32.add (global.get $out) (local.get $length)) (i32.const 1))))
  (func $number (param $value i32)
    (local $at i32)
    (local.set $at (i32.const 60))
    (loop $digit
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (i32.store8 (local.get $at)
        (i32.add (i32.const 48) (i32.rem_u (local.get $value) (i32.const 10))))
      (local.set $value (i32.div_u (local.get $value) (i32.const 10)))
      (br_if $digit (local.get $value)))
    (call $line (local.get $at) (i32.sub (i32.const 60) (local.get $at))))
  ;; a line for each slice of the list {array, count} at 64
  (func $list
    (local $at i32) (local $left i32)
    (local.set $at (i32.load (i32.const 64)))
    (local.set $left (i32.load (i32.const 68)))
    (block $end
      (loop $next
        (br_if $end (i32.eqz (local.get $left)))
        (call $line (i32.load (local.get $at)) (i32.load offset=4 (local.get $at)))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $next))))
  (func $send
    (drop (call $set_body
      (i32.const 0) (i32.const 70000) (i32.sub (global.get $out) (i32.const 70000)))))
  (func $set_out (result i32)
    (call $set_header
      (i32.const 0) (i32.const 336) (i32.const 5) (i32.const 400) (i32.const 2)))
  (func $answer (param $what i32)
    (if (i32.eq (local.get $what) (i32.const 104)) ;; h
      (then (call $req_names (i32.const 64) (i32.const 68) (i32.const 0)) (call $list)))
    (if (i32.eq (local.get $what) (i32.const 118)) ;; v
      (then
        (call $req_values
          (i32.const 64) (i32.const 68) (i32.const 0) (i32.const 256) (i32.const 6))
        (call $list)))
    (if (i32.eq (local.get $what) (i32.const 115)) ;; s
      (then (call $number (call $set_status (i32.const 0) (i32.const 418)))))
    (if (i32.eq (local.get $what) (i32.const 114)) ;; r
      (then
        (call $number (i64.ne (call $random) (call $random)))
        (call $number
          (i64.gt_s (call $time (i32.const 64)) (i64.const 1700000000)))
        (call $number (i32.lt_u (i32.load (i32.const 64)) (i32.const 1000000000)))
        (call $number (i64.gt_s (call $time (i32.const 0)) (i64.const 1700000000)))))
    (if (i32.eq (local.get $what) (i32.const 100)) ;; d
      (then
        (call $debug (i32.const 272) (i32.const -1))
        (call $debug (i32.const 272) (i32.const 5))))
    (if (i32.eq (local.get $what) (i32.const 112)) ;; p
      (then (call $panic_hook (i32.const 304) (i32.const 18)) (unreachable)))
    (if (i32.eq (local.get $what) (i32.const 116)) ;; t
      (then (call $number (call $get_status (i32.const 0)))))
    (if (i32.eq (local.get $what) (i32.const 119)) ;; w
      (then
        (call $number (call $set_status (i32.const 0) (i32.const 99)))
        (call $number (call $set_status (i32.const 0) (i32.const 65536)))
        (call $number (call $set_out))
        (call $number (call $set_header
          (i32.const 0) (i32.const 336) (i32.const 5) (i32.const 432) (i32.const 1)))
        (call $number (call $set_header
          (i32.const 0) (i32.const 272) (i32.const 5) (i32.const 400) (i32.const 1)))
        (call $number (call $set_header
          (i32.const 0) (i32.const 277) (i32.const 1) (i32.const 400) (i32.const 1)))))
    (if (i32.eq (local.get $what) (i32.const 98)) ;; b
      (then
        (drop (call $set_body (i32.const 0) (i32.const 352) (i32.const 3)))
        (call $resp_body (i32.const 64) (i32.const 68) (i32.const 0))
        (call $line (i32.load (i32.const 64)) (i32.load (i32.const 68)))))
    (if (i32.eq (local.get $what) (i32.const 110)) ;; n
      (then
        (drop (call $set_out))
        (call $resp_names (i32.const 64) (i32.const 68) (i32.const 0))
        (call $list)
        (call $resp_values
          (i32.const 64) (i32.const 68) (i32.const 0) (i32.const 336) (i32.const 5))
        (call $list))))
  (func (export "run")
    (call $init_mm (i32.const 0) (i32.const 1))
    (call $get_path (i32.const 64) (i32.const 68) (i32.const 0))
    (call $answer (i32.load8_u offset=1 (i32.load (i32.const 64))))
    (call $send)))
