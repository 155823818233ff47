;; Relaxed operators where their results may differ: the choices that x86-64 with FMA does fastest,
;; each of them one that the specification allows.
;; swizzle i8x16:1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16 i8x16:0,15,16,31,127,128,255,1,2,3,4,5,6,7,8,9 = i32x4:0x10011001,0x02000010,0x06050403,0x0a090807
;; trunc_s f32x4:nan,3e9,-3e9,-1.9 = i32x4:0x80000000,0x80000000,0x80000000,0xffffffff
;; trunc_u f32x4:nan,3e9,-3e9,5e9 = i32x4:0x00000000,0xb2d05e00,0x00000000,0xffffffff
;; trunc_s_zero f64x2:nan,3e9 = i32x4:0x80000000,0x80000000,0x00000000,0x00000000
;; madd f32x4:0x1.000004p0,3.4028234663852886e38,2,1 f32x4:0x1.0002p0,2,3,1 f32x4:-0x1.000204p0,-3.4028234663852886e38,1,1 = i32x4:0x2d000000,0x7f7fffff,0x40e00000,0x40000000
;; nmadd f32x4:-0x1.000004p0,2,2,1 f32x4:0x1.0002p0,2,3,1 f32x4:-0x1.000204p0,1,1,1 = i32x4:0x2d000000,0xc0400000,0xc0a00000,0x00000000
;; select_8 i32x4:-1,-1,-1,-1 i32x4:0,0,0,0 i32x4:0x80017fff,0,-1,0x40404040 = i32x4:0xff0000ff,0x00000000,0xffffffff,0x00000000
;; select_16 i32x4:-1,-1,-1,-1 i32x4:0,0,0,0 i32x4:0x80017fff,0,-1,0x40404040 = i32x4:0xffff0000,0x00000000,0xffffffff,0x00000000
;; select_64 i32x4:-1,-1,-1,-1 i32x4:0,0,0,0 i32x4:0x80017fff,0,-1,0xc0404040 = i32x4:0x00000000,0x00000000,0xffffffff,0xffffffff
;; min f32x4:nan,1,0,-0 f32x4:1,nan,-0,0 = i32x4:0x3f800000,0x7fc00000,0x80000000,0x00000000
;; max f32x4:nan,1,0,-0 f32x4:1,nan,-0,0 = i32x4:0x3f800000,0x7fc00000,0x80000000,0x00000000
;; q15 i16x8:-32768,-32768,32767,1,0,0,0,0 i16x8:-32768,32767,32767,16384,0,0,0,0 = i32x4:0x80018000,0x00017ffe,0x00000000,0x00000000
;; dot i8x16:-128,-128,127,127,1,2,0,0,0,0,0,0,0,0,0,0 i8x16:-128,-128,-1,-1,3,4,0,0,0,0,0,0,0,0,0,0 = i32x4:0x7fff8000,0x0000000b,0x00000000,0x00000000
;; dot_add i8x16:-128,-128,-128,-128,1,2,3,4,0,0,0,0,0,0,0,0 i8x16:-128,-128,-128,-128,5,6,7,-8,0,0,0,0,0,0,0,0 i32x4:1,2,3,4 = i32x4:0xffff0001,0x00000408,0x00000003,0x00000004
;; madd_of_constants i32x4:0x7f800001,0x7f800002,1,2 = i32x4:0x7fc00001,0x7fc00002,0x00000001,0x00000002
(module
  (func (export "madd_of_constants") (param v128) (result v128)
    (f32x4.relaxed_madd (local.get 0) (v128.const f32x4 1 1 1 1) (v128.const f32x4 -0 -0 -0 -0)))
  (func (export "swizzle") (param v128 v128) (result v128)
    (i8x16.relaxed_swizzle (local.get 0) (local.get 1)))
  (func (export "trunc_s") (param v128) (result v128) (i32x4.relaxed_trunc_f32x4_s (local.get 0)))
  (func (export "trunc_u") (param v128) (result v128) (i32x4.relaxed_trunc_f32x4_u (local.get 0)))
  (func (export "trunc_s_zero") (param v128) (result v128)
    (i32x4.relaxed_trunc_f64x2_s_zero (local.get 0)))
  (func (export "trunc_u_zero") (param v128) (result v128)
    (i32x4.relaxed_trunc_f64x2_u_zero (local.get 0)))
  (func (export "madd") (param v128 v128 v128) (result v128)
    (f32x4.relaxed_madd (local.get 0) (local.get 1) (local.get 2)))
  (func (export "nmadd") (param v128 v128 v128) (result v128)
    (f32x4.relaxed_nmadd (local.get 0) (local.get 1) (local.get 2)))
  (func (export "madd64") (param v128 v128 v128) (result v128)
    (f64x2.relaxed_madd (local.get 0) (local.get 1) (local.get 2)))
  (func (export "select_8") (param v128 v128 v128) (result v128)
    (i8x16.relaxed_laneselect (local.get 0) (local.get 1) (local.get 2)))
  (func (export "select_16") (param v128 v128 v128) (result v128)
    (i16x8.relaxed_laneselect (local.get 0) (local.get 1) (local.get 2)))
  (func (export "select_64") (param v128 v128 v128) (result v128)
    (i64x2.relaxed_laneselect (local.get 0) (local.get 1) (local.get 2)))
  (func (export "min") (param v128 v128) (result v128)
    (f32x4.relaxed_min (local.get 0) (local.get 1)))
  (func (export "max") (param v128 v128) (result v128)
    (f32x4.relaxed_max (local.get 0) (local.get 1)))
  (func (export "min64") (param v128 v128) (result v128)
    (f64x2.relaxed_min (local.get 0) (local.get 1)))
  (func (export "q15") (param v128 v128) (result v128)
    (i16x8.relaxed_q15mulr_s (local.get 0) (local.get 1)))
  (func (export "dot") (param v128 v128) (result v128)
    (i16x8.dot_i8x16_i7x16_s (local.get 0) (local.get 1)))
  (func (export "dot_add") (param v128 v128 v128) (result v128)
    (i32x4.dot_i8x16_i7x16_add_s (local.get 0) (local.get 1) (local.get 2))))
