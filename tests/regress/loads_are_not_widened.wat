;; Loads that end at the last byte of memory, used by operators whose instructions have
;; wider operands in memory: read as 16 bytes they would trap.
;; f64_splat 65528 = i32x4:0x00000000,0x3ff80000,0x00000000,0x3ff80000
;; f64_splat 65529 ! out of bounds memory access
;; f64_copysign 65528 = 1.5
;; f64_negated 65528 = -1.5
;; f64_absolute 65528 = 1.5
;; f64_added 65528 = i32x4:0x00000000,0x40080000,0x00000000,0x3ff80000
;; f64_minimum 65528 = 1.5
;; f64_rounded 65528 = 2
;; f32_splat 65532 = i32x4:0x3ff80000,0x3ff80000,0x3ff80000,0x3ff80000
;; f32_copysign 65532 = -1.9375
;; f32_promoted 65532 = 1.9375
;; i64_splat 65528 = i32x4:0x00000000,0x3ff80000,0x00000000,0x3ff80000
;; byte_splat 65535 = i32x4:0x3f3f3f3f,0x3f3f3f3f,0x3f3f3f3f,0x3f3f3f3f
;; half_splat 65534 = i32x4:0x3ff83ff8,0x3ff83ff8,0x3ff83ff8,0x3ff83ff8
;; zero_64 65528 = i32x4:0x00000000,0x3ff80000,0x00000000,0x00000000
;; zero_32 65532 = i32x4:0x3ff80000,0x00000000,0x00000000,0x00000000
;; widened 65528 = i32x4:0x00000000,0x00000000,0x00000000,0x003ffff8
;; widened_floats 65528 = i32x4:0x00000000,0x00000000,0x00000000,0x3fff0000
;; lane 65532 = i32x4:0x00000001,0x3ff80000,0x00000003,0x00000004
;; lane_stored 65535 = 4
;; lane_stored 65536 ! out of bounds memory access
(module (memory 1) (data (i32.const 65528) "\00\00\00\00\00\00\f8\3f")
  (func (export "f64_splat") (param i32) (result v128) (f64x2.splat (f64.load (local.get 0))))
  (func (export "f64_copysign") (param i32) (result f64)
    (f64.copysign (f64.load (local.get 0)) (f64.load (local.get 0))))
  (func (export "f64_negated") (param i32) (result f64) (f64.neg (f64.load (local.get 0))))
  (func (export "f64_absolute") (param i32) (result f64) (f64.abs (f64.load (local.get 0))))
  (func (export "f64_added") (param i32) (result v128)
    (f64x2.add (v128.const f64x2 1.5 0) (f64x2.splat (f64.load (local.get 0)))))
  (func (export "f64_minimum") (param i32) (result f64)
    (f64.min (f64.load (local.get 0)) (f64.const 2)))
  (func (export "f64_rounded") (param i32) (result f64) (f64.nearest (f64.load (local.get 0))))
  (func (export "f32_splat") (param i32) (result v128) (f32x4.splat (f32.load (local.get 0))))
  (func (export "f32_copysign") (param i32) (result f32)
    (f32.copysign (f32.load (local.get 0)) (f32.const -1)))
  (func (export "f32_promoted") (param i32) (result f64) (f64.promote_f32 (f32.load (local.get 0))))
  (func (export "i64_splat") (param i32) (result v128) (i64x2.splat (i64.load (local.get 0))))
  (func (export "byte_splat") (param i32) (result v128) (v128.load8_splat (local.get 0)))
  (func (export "half_splat") (param i32) (result v128) (v128.load16_splat (local.get 0)))
  (func (export "zero_64") (param i32) (result v128) (v128.load64_zero (local.get 0)))
  (func (export "zero_32") (param i32) (result v128) (v128.load32_zero (local.get 0)))
  (func (export "widened") (param i32) (result v128) (v128.load8x8_s (local.get 0)))
  (func (export "widened_floats") (param i32) (result v128)
    (f64x2.promote_low_f32x4 (v128.load64_zero (local.get 0))))
  (func (export "lane") (param i32) (result v128)
    (v128.load32_lane 1 (local.get 0) (v128.const i32x4 1 2 3 4)))
  (func (export "lane_stored") (param i32) (result i32)
    (v128.store8_lane 3 (local.get 0) (v128.const i8x16 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16))
    (i32.load8_u (local.get 0))))
