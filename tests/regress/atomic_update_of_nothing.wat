;; An atomic update that leaves memory as it is became an atomic load, and nothing when nobody used it.
;; xor_0 65536 ! out of bounds memory access
;; or_0 65536 ! out of bounds memory access
;; add_0 65536 ! out of bounds memory access
;; and_all 65536 ! out of bounds memory access
;; xor_0 65528 =
(module (memory 1)
  (func (export "xor_0") (param i32) (drop (i64.atomic.rmw.xor (local.get 0) (i64.const 0))))
  (func (export "or_0") (param i32) (drop (i32.atomic.rmw8.or_u (local.get 0) (i32.const 0))))
  (func (export "add_0") (param i32) (drop (i32.atomic.rmw.add (local.get 0) (i32.const 0))))
  (func (export "and_all") (param i32) (drop (i32.atomic.rmw.and (local.get 0) (i32.const -1)))))
