;; A Terrarium guest that misuses its calls; the second byte of the path chooses how. The malloc at
;; table index 0 is good, 1 returns NULL, 2 lies, 3 traps, 4 never returns, 5 has another type.
;; m: a malloc index from the third byte; o: a pointer outside; h: a wrong handle;
;; c: too many values; l: body longer than memory; f: fields without end; u: debug to the end
(module
  (import "env" "hostcall_init_mm" (func $init_mm (param i32 i32)))
  (import "env" "hostcall_debug" (func $debug (param i32 i32)))
  (import "env" "hostcall_req_get_path" (func $get_path (param i32 i32 i32)))
  (import "env" "hostcall_req_get_body" (func $get_body (param i32 i32 i32)))
  (import "env" "hostcall_resp_set_header"
    (func $set_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "hostcall_resp_set_body" (func $set_body (param i32 i32 i32) (result i32)))
  (memory 1)
  (table 8 funcref)
  (elem (i32.const 0) $malloc $null $lie $trap $spin $other)
  (data (i32.const 16) "x-loop")
  (data (i32.const 64) "\10\00\00\00\06\00\00\00")
  (func $malloc (param i32) (result i32) (i32.const 1024))
  (func $null (param i32) (result i32) (i32.const 0))
  (func $lie (param i32) (result i32) (i32.const 65535))
  (func $trap (param i32) (result i32) (i32.div_u (local.get 0) (i32.const 0)))
  (func $spin (param i32) (result i32) (loop $again (br $again)) (unreachable))
  (func $other (param i64) (result i32) (i32.const 0))
  (func $is (param $letter i32) (result i32)
    (i32.eq (i32.load8_u (i32.const 1025)) (local.get $letter)))
  (func (export "run")
    (call $init_mm (i32.const 0) (i32.const 0))
    (call $get_path (i32.const 128) (i32.const 132) (i32.const 0))
    (if (call $is (i32.const 109)) ;; m
      (then
        (call $init_mm
          (i32.sub (i32.load8_u (i32.const 1026)) (i32.const 48)) (i32.const 0))
        (call $get_path (i32.const 128) (i32.const 132) (i32.const 0))))
    (if (call $is (i32.const 111)) ;; o
      (then (call $get_path (i32.const -4) (i32.const 132) (i32.const 0))))
    (if (call $is (i32.const 104)) ;; h
      (then (call $get_path (i32.const 128) (i32.const 132) (i32.const 7))))
    (if (call $is (i32.const 99)) ;; c
      (then (drop (call $set_header
        (i32.const 0) (i32.const 16) (i32.const 6) (i32.const 64) (i32.const -1)))))
    (if (call $is (i32.const 108)) ;; l
      (then (drop (call $set_body (i32.const 0) (i32.const 0) (i32.const 65537)))))
    (if (call $is (i32.const 102)) ;; f
      (then
        (memory.fill (i32.const 2048) (i32.const 65) (i32.const 8192))
        (i64.store (i32.const 64) (i64.const 0x200000000800)) ;; 8192 bytes at 2048
        (i32.store8 (i32.const 18) (i32.const 97))
        (loop $again
          (drop (call $set_header
            (i32.const 0) (i32.const 16) (i32.const 6) (i32.const 64) (i32.const 1)))
          (i32.store8 (i32.const 18) (i32.add (i32.load8_u (i32.const 18)) (i32.const 1)))
          (br $again))))
    (if (call $is (i32.const 117)) ;; u
      (then
        (memory.fill (i32.const 2048) (i32.const 65) (i32.const 63488))
        (call $debug (i32.const 2048) (i32.const -1))))))
