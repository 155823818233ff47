;; The smallest Terrarium guest: no memory manager, nothing exported but `run`.
;; Sets one header; status and body stay as they are without a word: 200, empty.
(module
  (import "env" "hostcall_resp_set_header"
    (func $set_header (param i32 i32 i32 i32 i32) (result i32)))
  (memory 1)
  (data (i32.const 16) "x-guest")
  (data (i32.const 32) "header.wat")
  (data (i32.const 64) "\20\00\00\00\0a\00\00\00") ;; slice {32, 10}
  (func (export "run")
    (if (call $set_header (i32.const 0) (i32.const 16) (i32.const 7) (i32.const 64) (i32.const 1))
      (then unreachable))))
