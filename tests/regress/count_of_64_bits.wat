;; Counts of i64 have 64 bits and are defined for zero. (WAMR #4238: 32 bits; ctlz of 0 is poison)
(module
  (global $zero i64 (i64.const 0))
  ;; clz 0 = 64
  ;; clz 1 = 63
  ;; clz -1 = 0
  ;; clz 0x100000000 = 31
  (func (export "clz") (param i64) (result i64) (i64.clz (local.get 0)))
  ;; ctz 0 = 64
  ;; ctz 0x8000000000000000 = 63
  ;; ctz 0x100000000 = 32
  (func (export "ctz") (param i64) (result i64) (i64.ctz (local.get 0)))
  ;; popcnt -1 = 64
  ;; popcnt 0x8000000100000001 = 3
  (func (export "popcnt") (param i64) (result i64) (i64.popcnt (local.get 0)))
  ;; constants = 64 64 0
  (func (export "constants") (result i64 i64 i64)
    (i64.clz (i64.const 0)) (i64.ctz (i64.const 0)) (i64.popcnt (i64.const 0)))
  ;; of_global = 64
  (func (export "of_global") (result i64) (i64.clz (global.get $zero)))
  ;; count_and_high_half 1 = 270582939648
  (func (export "count_and_high_half") (param i64) (result i64)
    (i64.shl (i64.clz (local.get 0)) (i64.const 32)))
  ;; count_minus_large 0 = -4294967232
  (func (export "count_minus_large") (param i64) (result i64)
    (i64.sub (i64.ctz (local.get 0)) (i64.const 0x100000000)))
  ;; narrow 0 = 32 32 0
  (func (export "narrow") (param i32) (result i32 i32 i32)
    (i32.clz (local.get 0)) (i32.ctz (local.get 0)) (i32.popcnt (local.get 0))))
