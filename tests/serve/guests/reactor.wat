;; A WASI reactor: how often it was initialised, and how often its handler was called since.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\10\00\00\00\21\00\00\00")
  (data (i32.const 16) "Content-Type: text/plain\n\n0 and 0")
  (func $count (param $at i32)
    (i32.store8 (local.get $at) (i32.add (i32.load8_u (local.get $at)) (i32.const 1))))
  (func (export "_initialize") (call $count (i32.const 42)))
  (func (export "handle")
    (call $count (i32.const 48))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
