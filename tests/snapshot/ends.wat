;; Initialisers that end in every other way than by returning.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "traps") (unreachable))
  (func (export "spins") (loop (br 0)))
  (func (export "fails") (call $exit (i32.const 7)))
  (func (export "fails_by_a_multiple") (call $exit (i32.const 256)))
  (func (export "succeeds") (i32.store (i32.const 8) (i32.const 3)) (call $exit (i32.const 0)))
  (func (export "takes") (param i32))
  (func (export "load") (result i32) (i32.load (i32.const 8))))
