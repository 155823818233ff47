;; Operators whose operands are one and the same vector.
;; swizzle i8x16:15,14,13,12,11,10,9,8,7,6,5,4,3,2,1,0 = i32x4:0x03020100,0x07060504,0x0b0a0908,0x0f0e0d0c
;; swizzle i8x16:16,15,14,255,1,0,3,2,1,7,6,5,4,3,2,1 = i32x4:0x00020100,0x0eff100f,0x0003020f,0x0f0eff01
;; shuffle i32x4:1,2,3,4 = i32x4:0x00000004,0x00000001,0x00000004,0x00000002
;; select i32x4:1,2,3,4 0 = i32x4:0x00000001,0x00000002,0x00000003,0x00000004
;; select_other i32x4:1,2,3,4 i32x4:5,6,7,8 0 = i32x4:0x00000005,0x00000006,0x00000007,0x00000008
;; select_other i32x4:1,2,3,4 i32x4:5,6,7,8 256 = i32x4:0x00000001,0x00000002,0x00000003,0x00000004
;; bitselect i32x4:1,2,3,4 = i32x4:0x00000001,0x00000002,0x00000003,0x00000004
;; bitselect_by_itself i32x4:1,2,3,4 = i32x4:0x00000001,0x00000002,0x00000003,0x00000004
(module
  (func (export "swizzle") (param v128) (result v128) (i8x16.swizzle (local.get 0) (local.get 0)))
  (func (export "shuffle") (param v128) (result v128)
    (i8x16.shuffle 12 13 14 15 16 17 18 19 28 29 30 31 4 5 6 7 (local.get 0) (local.get 0)))
  (func (export "select") (param v128 i32) (result v128)
    (select (local.get 0) (local.get 0) (local.get 1)))
  (func (export "select_other") (param v128 v128 i32) (result v128)
    (select (result v128) (local.get 0) (local.get 1) (local.get 2)))
  (func (export "bitselect") (param v128) (result v128)
    (v128.bitselect (local.get 0) (local.get 0) (v128.const i64x2 0x0f0f0f0f0f0f0f0f -1)))
  (func (export "bitselect_by_itself") (param v128) (result v128)
    (v128.bitselect (local.get 0) (v128.const i64x2 0 0) (local.get 0))))
