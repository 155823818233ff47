;; Arithmetic that changes nothing else makes a signalling NaN quiet, also where its other operand
;; is a constant that folding knows, or a demotion follows a promotion.
;; times_one i32x4:0x7f800001,0x3f800000,0,0x7f800002 = i32x4:0x7fc00001,0x3f800000,0x00000000,0x7fc00002
;; times_splat_one i32x4:0x7f800001,0x3f800000,0,0x7f800002 = i32x4:0x7fc00001,0x3f800000,0x00000000,0x7fc00002
;; minus_zero i32x4:0x7f800001,0x3f800000,0,0x7f800002 = i32x4:0x7fc00001,0x3f800000,0x00000000,0x7fc00002
;; over_one i64x2:0x7ff0000000000001,2 = i32x4:0x00000001,0x7ff80000,0x00000002,0x00000000
;; one_lane_of_ones i32x4:0x7f800001,0x7f800003,0,0 = 2143289347
;; there_and_back i32x4:0x7f800001,0x3f800000,0,0 = i32x4:0x7fc00001,0x3f800000,0x00000000,0x00000000
;; demoted_negation 0x7f800001 = -4194303
;; demoted_choice 0x7f800001 1 = 2143289345
(module
  (func (export "times_one") (param v128) (result v128)
    (f32x4.mul (local.get 0) (v128.const f32x4 1 1 1 1)))
  (func (export "times_splat_one") (param v128) (result v128) (local f32)
    (local.set 1 (f32.const 1))
    (f32x4.mul (f32x4.splat (local.get 1)) (local.get 0)))
  (func (export "minus_zero") (param v128) (result v128)
    (f32x4.sub (local.get 0) (v128.const i64x2 0 0)))
  (func (export "over_one") (param v128) (result v128)
    (f64x2.div (local.get 0) (v128.const i32x4 0 0x3ff00000 0 0x3ff00000)))
  (func (export "one_lane_of_ones") (param v128) (result i32)
    (i32x4.extract_lane 1 (f32x4.mul (local.get 0) (v128.const f32x4 5 1 7 9))))
  (func (export "there_and_back") (param v128) (result v128)
    (f32x4.demote_f64x2_zero (f64x2.promote_low_f32x4 (local.get 0))))
  (func (export "demoted_negation") (param i32) (result i32)
    (i32.reinterpret_f32 (f32.demote_f64 (f64.neg (f64.promote_f32
      (f32.reinterpret_i32 (local.get 0)))))))
  (func (export "demoted_choice") (param i32 i32) (result i32)
    (i32.reinterpret_f32 (f32.demote_f64 (select
      (f64.promote_f32 (f32.reinterpret_i32 (local.get 0))) (f64.const 1) (local.get 1))))))
