;; Lane 0 is the lowest in memory, in constants, in shuffles and in globals.
;; byte_of_constant 0 = 1
;; byte_of_constant 15 = 16
;; byte_of_constant 6 = 7
;; byte_of_global 3 = 68
;; byte_of_imported_by_expression 12 = 131
;; shuffled = i32x4:0x10200f01,0x12021103,0x1404130d,0x1606150b
;; lanes = 513 1027 67305985 578437695752307201
;; swizzled = i32x4:0x00000f10,0x00000000,0x01020304,0x00000000
(module (memory 1)
  (global $first v128 (v128.const i8x16 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16))
  (global $second (mut v128) (v128.const i32x4 0x44332211 0x88776655 -1 0x80818283))
  (func (export "byte_of_constant") (param i32) (result i32)
    (v128.store (i32.const 32) (v128.const i8x16 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16))
    (i32.load8_u offset=32 (local.get 0)))
  (func (export "byte_of_global") (param i32) (result i32)
    (v128.store (i32.const 32) (global.get $second))
    (i32.load8_u offset=32 (local.get 0)))
  (func (export "byte_of_imported_by_expression") (param i32) (result i32)
    (global.set $second (v128.or (global.get $second) (v128.const i64x2 0 0)))
    (v128.store offset=1 (i32.const 32) (global.get $second))
    (i32.load8_u offset=33 (local.get 0)))
  (func (export "shuffled") (result v128)
    (i8x16.shuffle 0 14 31 15 2 16 1 17 12 18 3 19 10 20 5 21
      (global.get $first) (i8x16.add (global.get $first) (i8x16.splat (i32.const 0x10)))))
  (func (export "lanes") (result i32 i32 i32 i64)
    (i16x8.extract_lane_u 0 (global.get $first))
    (i16x8.extract_lane_u 1 (global.get $first))
    (i32x4.extract_lane 0 (global.get $first))
    (i64x2.extract_lane 0 (global.get $first)))
  (func (export "swizzled") (result v128)
    (i8x16.swizzle (global.get $first)
      (v128.const i8x16 15 14 16 255 16 17 127 128 3 2 1 0 200 100 50 25))))
