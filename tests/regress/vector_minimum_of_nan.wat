;; min and max give NaN if either operand is NaN, and tell the zeros apart; pmin and pmax give
;; the first operand unless the second one is less (greater), with its bits as they are.
;; min f32x4:nan,1,-0,2 f32x4:1,nan,0,-3 = i32x4:0x7fc00000,0x7fc00000,0x80000000,0xc0400000
;; min f32x4:0,-0,inf,1 f32x4:-0,0,nan,1 = i32x4:0x80000000,0x80000000,0x7fc00000,0x3f800000
;; max f32x4:nan,1,-0,2 f32x4:1,nan,0,-3 = i32x4:0x7fc00000,0x7fc00000,0x00000000,0x40000000
;; max f32x4:0,-0,-inf,1 f32x4:-0,-0,nan,1 = i32x4:0x00000000,0x80000000,0x7fc00000,0x3f800000
;; pmin i32x4:0x7f800001,0x3f800000,0,0x80000000 i32x4:0x3f800000,0x7f800001,0x80000000,0 = i32x4:0x7f800001,0x3f800000,0x00000000,0x80000000
;; pmax i32x4:0x7f800001,0x3f800000,0,0x80000000 i32x4:0x3f800000,0x7f800001,0x80000000,0 = i32x4:0x7f800001,0x3f800000,0x00000000,0x80000000
;; pmin64 f64x2:2,1 f64x2:1,2 = i32x4:0x00000000,0x3ff00000,0x00000000,0x3ff00000
;; pmax64 f64x2:2,nan f64x2:1,2 = i32x4:0x00000000,0x40000000,0x00000000,0x7ff80000
;; min64 f64x2:nan,-0 f64x2:2,0 = i32x4:0x00000000,0x7ff80000,0x00000000,0x80000000
(module
  (func (export "min") (param v128 v128) (result v128) (f32x4.min (local.get 0) (local.get 1)))
  (func (export "max") (param v128 v128) (result v128) (f32x4.max (local.get 0) (local.get 1)))
  (func (export "pmin") (param v128 v128) (result v128) (f32x4.pmin (local.get 0) (local.get 1)))
  (func (export "pmax") (param v128 v128) (result v128) (f32x4.pmax (local.get 0) (local.get 1)))
  (func (export "min64") (param v128 v128) (result v128) (f64x2.min (local.get 0) (local.get 1)))
  (func (export "pmin64") (param v128 v128) (result v128) (f64x2.pmin (local.get 0) (local.get 1)))
  (func (export "pmax64") (param v128 v128) (result v128) (f64x2.pmax (local.get 0) (local.get 1))))
