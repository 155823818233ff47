;; The least guest: a status, one header, a body, as `return 200` of nginx gives.
(module
  (import "env" "hostcall_resp_set_header"
    (func $set_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "hostcall_resp_set_body" (func $set_body (param i32 i32 i32) (result i32)))
  (memory 1)
  (data (i32.const 16) "content-type")
  (data (i32.const 32) "text/plain")
  (data (i32.const 48) "Hello.\n")
  ;; The list of values: address and length of "text/plain".
  (data (i32.const 64) "\20\00\00\00\0a\00\00\00")
  (func (export "run")
    (drop (call $set_header
      (i32.const 0) (i32.const 16) (i32.const 12) (i32.const 64) (i32.const 1)))
    (drop (call $set_body (i32.const 0) (i32.const 48) (i32.const 7)))))
