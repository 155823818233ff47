;; Vectors beside numbers among several results, and more vector arguments than registers.
;; mixed i64x2:1,2 = 7 8 i32x4:0x00000001,0x00000000,0x00000002,0x00000000
;; passed_on i64x2:1,2 = i32x4:0x00000001,0x00000000,0x00000002,0x00000000 15
;; indirect i64x2:3,4 = i32x4:0x00000003,0x00000000,0x00000004,0x00000000 15
;; many i32x4:1,2,3,4 = 1 i32x4:0x00000001,0x00000002,0x00000003,0x00000004 2 i32x4:0x00000002,0x00000004,0x00000006,0x00000008 1.5 i32x4:0x00000003,0x00000006,0x00000009,0x0000000c
;; blocks i32x4:1,2,3,4 1 = i32x4:0x00000001,0x00000002,0x00000003,0x00000004 5
;; blocks i32x4:1,2,3,4 0 = i32x4:0xfffffffe,0xfffffffd,0xfffffffc,0xfffffffb 6
;; twelve i32x4:1,2,3,4 = i32x4:0x0000004e,0x0000009c,0x000000ea,0x00000138
;; around_calls i32x4:1,2,3,4 = i32x4:0x0000001a,0x00000034,0x0000004e,0x00000068
(module
  (type $mixed (func (param v128) (result i32 i32 v128)))
  (table funcref (elem $mixed))
  (func $mixed (export "mixed") (type $mixed) (i32.const 7) (i32.const 8) (local.get 0))
  (func (export "passed_on") (param v128) (result v128 i32) (local v128 i32)
    (call $mixed (local.get 0))
    (local.set 1)
    (local.set 2 (i32.add))
    (local.get 1) (local.get 2))
  (func (export "indirect") (param v128) (result v128 i32) (local v128 i32)
    (call_indirect (type $mixed) (local.get 0) (i32.const 0))
    (local.set 1)
    (local.set 2 (i32.add))
    (local.get 1) (local.get 2))
  (func $many (export "many") (param v128) (result i32 v128 i64 v128 f64 v128)
    (i32.const 1) (local.get 0) (i64.const 2) (i32x4.add (local.get 0) (local.get 0))
    (f64.const 1.5) (i32x4.mul (local.get 0) (i32x4.splat (i32.const 3))))
  (func (export "blocks") (param v128 i32) (result v128 i32)
    (local.get 0) (i32.const 5)
    (block (param v128 i32) (result v128 i32)
      (br_if 0 (local.get 1))
      (drop)
      (v128.not)
      (i32.const 6)))
  (func $sum (param v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128) (result v128)
    (i32x4.add (i32x4.add (i32x4.add (local.get 0) (local.get 1)) (i32x4.add (local.get 2) (local.get 3)))
      (i32x4.add (i32x4.add (i32x4.add (local.get 4) (local.get 5)) (i32x4.add (local.get 6) (local.get 7)))
        (i32x4.add (i32x4.add (local.get 8) (local.get 9)) (i32x4.add (local.get 10) (local.get 11))))))
  (func $times (param v128 i32) (result v128)
    (i32x4.mul (local.get 0) (i32x4.splat (local.get 1))))
  (func (export "twelve") (param v128) (result v128)
    (call $sum
      (local.get 0) (call $times (local.get 0) (i32.const 2)) (call $times (local.get 0) (i32.const 3))
      (call $times (local.get 0) (i32.const 4)) (call $times (local.get 0) (i32.const 5))
      (call $times (local.get 0) (i32.const 6)) (call $times (local.get 0) (i32.const 7))
      (call $times (local.get 0) (i32.const 8)) (call $times (local.get 0) (i32.const 9))
      (call $times (local.get 0) (i32.const 10)) (call $times (local.get 0) (i32.const 11))
      (call $times (local.get 0) (i32.const 12))))
  (func $recurse (param v128 i32) (result v128)
    (if (result v128) (local.get 1)
      (then (i32x4.add (call $recurse (local.get 0) (i32.sub (local.get 1) (i32.const 1))) (local.get 0)))
      (else (local.get 0))))
  (func (export "around_calls") (param v128) (result v128)
    (call $recurse (local.get 0) (i32.const 25))))
