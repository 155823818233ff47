;; The arithmetic shift of 64-bit lanes, which x86 has no instruction for before AVX-512.
;; by_1 = i32x4:0x00000000,0xc0000000,0xffffffff,0x3fffffff
;; by_32 = i32x4:0x80000000,0xffffffff,0x7fffffff,0x00000000
;; by_63 = i32x4:0xffffffff,0xffffffff,0x00000000,0x00000000
;; by 4 = i32x4:0x00000000,0xf8000000,0xffffffff,0x07ffffff
;; by 64 = i32x4:0x00000000,0x80000000,0xffffffff,0x7fffffff
(module
  (global $value (mut v128) (v128.const i64x2 0x8000000000000000 0x7fffffffffffffff))
  (func (export "by_1") (result v128) (i64x2.shr_s (global.get $value) (i32.const 1)))
  (func (export "by_32") (result v128) (i64x2.shr_s (global.get $value) (i32.const 32)))
  (func (export "by_63") (result v128) (i64x2.shr_s (global.get $value) (i32.const 63)))
  (func (export "by") (param i32) (result v128) (i64x2.shr_s (global.get $value) (local.get 0))))
