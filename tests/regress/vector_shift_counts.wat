;; Shift counts of vectors are taken modulo the width of a lane: constants, large and negative.
;; shl_8_by_9 = i32x4:0x02020202,0x02020202,0x02020202,0x02020202
;; shr_16_by_minus_1 = i32x4:0xffffffff,0xffffffff,0xffffffff,0xffffffff
;; shr_u_32_by_36 = i32x4:0x08000000,0x08000000,0x08000000,0x08000000
;; shl_64_by_64 = i32x4:0x00000005,0x00000000,0x00000007,0x00000000
;; shl 8 = i32x4:0x01010101,0x01010101,0x01010101,0x01010101
;; shl -1 = i32x4:0x80808080,0x80808080,0x80808080,0x80808080
;; used_as_an_index 33 = 4
(module
  (table 8 funcref)
  (func (export "shl_8_by_9") (result v128)
    (i8x16.shl (i8x16.splat (i32.const 1)) (i32.const 9)))
  (func (export "shr_16_by_minus_1") (result v128)
    (i16x8.shr_s (i16x8.splat (i32.const 0x8000)) (i32.const -1)))
  (func (export "shr_u_32_by_36") (result v128)
    (i32x4.shr_u (i32x4.splat (i32.const 0x80000000)) (i32.const 36)))
  (func (export "shl_64_by_64") (result v128)
    (i64x2.shl (v128.const i64x2 5 7) (i32.const 64)))
  (func (export "shl") (param i32) (result v128)
    (i8x16.shl (i8x16.splat (i32.const 1)) (local.get 0)))
  (func (export "used_as_an_index") (param i32) (result i32)
    (i32x4.extract_lane 0 (i32x4.shl (i32x4.splat (i32.const 2)) (local.get 0)))))
