;; Where few functions of a table that never changes are of the wanted type, each has a call of its own.
;; Entries that repeat, none, others, and what comes back in memory or by exception, are as before.
(module
  (type $number (func (param i32) (result i32)))
  (type $nothing (func (param i32)))
  (type $three (func (param i32) (result i32 i64 f64)))
  (type $many (func (param i64 i64 i64 i64 i64 i64 i64 i64 i64) (result i64)))
  (type $five (func (result i64)))
  (tag $tag (param i32))
  (memory 1)
  (global $last (mut i32) (i32.const 0))
  (func $one (type $number) (i32.add (local.get 0) (i32.const 1)))
  (func $load (type $number) (i32.load (local.get 0)))
  (func $throw (type $number) (if (i32.eq (local.get 0) (i32.const 9)) (then (throw $tag (i32.const 77))))
    (i32.const -1))
  (func $again (type $number)
    (i32.add (call_indirect (type $number) (local.get 0) (i32.const 7)) (i32.const 1)))
  (func $keep (type $nothing) (global.set $last (local.get 0)))
  (func $double (type $nothing) (global.set $last (i32.mul (i32.const 2) (local.get 0))))
  (func $a (type $three) (local.get 0) (i64.const 5) (f64.const 1.5))
  (func $b (type $three) (i32.const 6) (i64.extend_i32_u (local.get 0)) (f64.const 2.5))
  (func $first (type $many) (local.get 0))
  (func $ninth (type $many) (local.get 8))
  (func $f1 (type $five) (i64.const 1))
  (func $f2 (type $five) (i64.const 2))
  (func $f3 (type $five) (i64.const 3))
  (func $f4 (type $five) (i64.const 4))
  (func $f5 (type $five) (i64.const 5))
  (table 24 funcref)
  (elem (i32.const 1) $one $load $one $keep $throw $double $again $a $b $first $ninth)
  (elem (i32.const 13) $f1 $f2 $f3 $f4 $f5)
  (elem (i32.const 20) $one $ninth)
  ;; number 0 5 ! uninitialized element
  ;; number 1 5 = 6
  ;; number 2 16 = 0
  ;; number 2 65533 ! out of bounds memory access
  ;; number 3 6 = 7
  ;; number 4 6 ! indirect call type mismatch
  ;; number 5 6 = -1
  ;; number 5 9 = 77
  ;; number 7 1 ! call stack exhausted
  ;; number 19 6 ! uninitialized element
  ;; number 20 6 = 7
  ;; number 21 6 ! indirect call type mismatch
  ;; number 24 6 ! undefined element
  ;; number 0xffffffff 6 ! undefined element
  (func (export "number") (param i32 i32) (result i32)
    (try (result i32)
      (do
        (call_indirect (type $number) (local.get 1) (local.get 0)))
      (catch $tag)))
  ;; nothing 4 8 = 8
  ;; nothing 6 8 = 16
  ;; nothing 5 8 ! indirect call type mismatch
  ;; nothing 23 8 ! uninitialized element
  (func (export "nothing") (param i32 i32) (result i32)
    (call_indirect (type $nothing) (local.get 1) (local.get 0)) (global.get $last))
  ;; three 8 7 = 7 5 1.5
  ;; three 9 7 = 6 7 2.5
  ;; three 1 7 ! indirect call type mismatch
  (func (export "three") (param i32 i32) (result i32 i64 f64)
    (call_indirect (type $three) (local.get 1) (local.get 0)))
  ;; many 10 3 = 3
  ;; many 11 3 = 9
  ;; many 21 3 = 9
  ;; many 12 3 ! uninitialized element
  (func (export "many") (param i32 i64) (result i64)
    (call_indirect (type $many) (local.get 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5)
      (i64.const 6) (i64.const 7) (i64.const 8) (i64.const 9) (local.get 0)))
  ;; many_at_end 10 3 = 3
  ;; many_at_end 22 3 ! uninitialized element
  (func (export "many_at_end") (param i32 i64) (result i64)
    (return_call_indirect (type $many) (local.get 1) (i64.const 2) (i64.const 3) (i64.const 4)
      (i64.const 5) (i64.const 6) (i64.const 7) (i64.const 8) (i64.const 9) (local.get 0)))
  ;; five 13 = 1
  ;; five 17 = 5
  ;; five 18 ! uninitialized element
  ;; five 1 ! indirect call type mismatch
  (func (export "five") (param i32) (result i64) (call_indirect (type $five) (local.get 0)))
  ;; constant_index 5 = 6
  (func (export "constant_index") (param i32) (result i32)
    (call_indirect (type $number) (local.get 0) (i32.const 1)))
)
