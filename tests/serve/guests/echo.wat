;; A Terrarium guest with a malloc of its own, reached through a table that is not exported.
;; Answers with the request's body; x-method and x-target show the rest of the request.
(module
  (import "env" "hostcall_init_mm" (func $init_mm (param i32 i32)))
  (import "env" "hostcall_req_get_method" (func $get_method (param i32 i32 i32)))
  (import "env" "hostcall_req_get_path" (func $get_path (param i32 i32 i32)))
  (import "env" "hostcall_req_get_body" (func $get_body (param i32 i32 i32)))
  (import "env" "hostcall_resp_set_header"
    (func $set_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "hostcall_resp_set_body" (func $set_body (param i32 i32 i32) (result i32)))
  (memory 2)
  (table 4 funcref)
  (elem (i32.const 2) $malloc $free)
  (data (i32.const 16) "x-method")
  (data (i32.const 32) "x-target")
  (global $top (mut i32) (i32.const 1024))
  (func $malloc (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $top))
    (global.set $top
      (i32.and (i32.add (i32.add (local.get $at) (local.get $size)) (i32.const 15))
        (i32.const -16)))
    (block $fits
      (br_if $fits (i32.le_u (global.get $top) (i32.shl (memory.size) (i32.const 16))))
      (if (i32.eq (i32.const -1)
          (memory.grow (i32.add (i32.shr_u (local.get $size) (i32.const 16)) (i32.const 1))))
        (then (return (i32.const 0)))))
    (local.get $at))
  (func $free (param i32))
  (func (export "run")
    (call $init_mm (i32.const 2) (i32.const 3))
    (call $get_method (i32.const 64) (i32.const 68) (i32.const 0))
    (drop (call $set_header
      (i32.const 0) (i32.const 16) (i32.const 8) (i32.const 64) (i32.const 1)))
    (call $get_path (i32.const 64) (i32.const 68) (i32.const 0))
    (drop (call $set_header
      (i32.const 0) (i32.const 32) (i32.const 8) (i32.const 64) (i32.const 1)))
    (call $get_body (i32.const 64) (i32.const 68) (i32.const 0))
    (drop (call $set_body
      (i32.const 0) (i32.load (i32.const 64)) (i32.load (i32.const 68))))))
