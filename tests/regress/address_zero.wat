;; Address 0 is one like any other, constant or not, at every level. (LLVM makes a load of null
;; undefined; a dead load through a segment register was lost at -O0)
(module
  (memory 1)
  (memory $none 0)
  (data (i32.const 0) "\2a\00\00\00")
  ;; constant = 42
  (func (export "constant") (result i32) (i32.load (i32.const 0)))
  ;; given 0 = 42
  (func (export "given") (param i32) (result i32) (i32.load (local.get 0)))
  ;; wrapped 0xfffffff0 = 42
  (func (export "wrapped") (param i32) (result i32)
    (i32.load (i32.add (local.get 0) (i32.const 16))))
  ;; offset_is_not_wrapped 0xfffffff0 ! out of bounds memory access
  (func (export "offset_is_not_wrapped") (param i32) (result i32)
    (i32.load offset=16 (local.get 0)))
  ;; store_then_load = 7
  (func (export "store_then_load") (result i32)
    (i32.store (i32.const 0) (i32.const 7))
    (i32.load (i32.const 0)))
  ;; dropped_beyond ! out of bounds memory access
  (func (export "dropped_beyond") (drop (f64.load (i32.const 0xfff9))))
  ;; nothing_there ! out of bounds memory access
  (func (export "nothing_there") (drop (i32.load8_u $none (i32.const 0)))))
