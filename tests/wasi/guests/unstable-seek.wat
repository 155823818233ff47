;; fd_seek has other numbers in wasi_unstable, so there is none.
(module
  (import "wasi_unstable" "fd_seek" (func (param i32 i64 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")))
