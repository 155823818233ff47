;; A table that only the module's own segments write is known when it is compiled; a call through it
;; must still find an empty entry, another type, a function of another module, and the
;; entry of the segment that came last.
(module
  (type $number (func (param i32) (result i32)))
  (type $pair (func (param i32 i32) (result i32)))
  (type $lone (func (param f32) (result f32)))
  (type $absent (func (param f64) (result f64)))
  (import "wasi_snapshot_preview1" "fd_close" (func $import (type $number)))
  (func $one (type $number) (i32.add (local.get 0) (i32.const 1)))
  (func $two (type $number) (i32.add (local.get 0) (i32.const 2)))
  (func $sum (type $pair) (i32.add (local.get 0) (local.get 1)))
  (func $deep (param i64) (result i64) (local.get 0))
  (func $half (type $lone) (f32.mul (local.get 0) (f32.const 0.5)))
  (table $t 12 funcref)
  (elem (i32.const 1) $one $one $sum $deep $deep $import $half)
  (elem (i32.const 2) $two)
  (table $other 3 3 funcref)
  (elem (table $other) (i32.const 0) func $two)
  ;; number 0 5 ! uninitialized element
  ;; number 1 5 = 6
  ;; number 2 5 = 7
  ;; number 3 5 ! indirect call type mismatch
  ;; number 6 99 = 8
  ;; number 8 5 ! uninitialized element
  ;; number 11 5 ! uninitialized element
  ;; number 12 5 ! undefined element
  ;; number 0xffffffff 5 ! undefined element
  ;; number 0x10000001 5 ! undefined element
  (func (export "number") (param i32 i32) (result i32)
    (call_indirect $t (type $number) (local.get 1) (local.get 0)))
  ;; pair 3 5 6 = 11
  ;; pair 1 5 6 ! indirect call type mismatch
  ;; pair 6 5 6 ! indirect call type mismatch
  ;; pair 9 5 6 ! uninitialized element
  ;; pair 12 5 6 ! undefined element
  ;; pair 0x80000003 5 6 ! undefined element
  (func (export "pair") (param i32 i32 i32) (result i32)
    (call_indirect $t (type $pair) (local.get 1) (local.get 2) (local.get 0)))
  ;; pair_at_end 3 5 6 = 11
  ;; pair_at_end 4 5 6 ! indirect call type mismatch
  (func (export "pair_at_end") (param i32 i32 i32) (result i32)
    (return_call_indirect $t (type $pair) (local.get 1) (local.get 2) (local.get 0)))
  ;; lone 7 5 = 2.5
  ;; lone 1 5 ! indirect call type mismatch
  ;; lone 0 5 ! uninitialized element
  ;; lone 99 5 ! undefined element
  (func (export "lone") (param i32 f32) (result f32)
    (call_indirect $t (type $lone) (local.get 1) (local.get 0)))
  ;; absent 7 5 ! indirect call type mismatch
  ;; absent 0 5 ! uninitialized element
  ;; absent 12 5 ! undefined element
  (func (export "absent") (param i32 f64) (result f64)
    (call_indirect $t (type $absent) (local.get 1) (local.get 0)))
  ;; from_other 0 5 = 7
  ;; from_other 1 5 ! uninitialized element
  ;; from_other 3 5 ! undefined element
  (func (export "from_other") (param i32 i32) (result i32)
    (call_indirect $other (type $number) (local.get 1) (local.get 0)))
  ;; constant_index 5 = 6
  (func (export "constant_index") (param i32) (result i32)
    (call_indirect $t (type $number) (local.get 0) (i32.const 1)))
)
