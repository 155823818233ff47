;; Minimum and maximum order zeros by sign and pass on NaNs, as operators of either width, of
;; constants and of arguments. (WAMR #3423, #1848: f32 and f64 mixed up; x86 minss, maxss)
(module
  ;; min32 0 -0 = -0
  ;; min32 -0 0 = -0
  ;; min32 nan 1 = nan
  ;; min32 1 nan = nan
  ;; min32 -inf 1 = -inf
  ;; min32 0.1 0.2 = 0.1
  (func (export "min32") (param f32 f32) (result f32) (f32.min (local.get 0) (local.get 1)))
  ;; max32 0 -0 = 0
  ;; max32 -0 0 = 0
  ;; max32 nan 1 = nan
  ;; max32 1 nan = nan
  ;; max32 inf 1 = inf
  (func (export "max32") (param f32 f32) (result f32) (f32.max (local.get 0) (local.get 1)))
  ;; min64 0 -0 = -0
  ;; min64 -0 0 = -0
  ;; min64 nan 1 = nan
  ;; min64 1 nan = nan
  ;; min64 0.1 0.2 = 0.1
  (func (export "min64") (param f64 f64) (result f64) (f64.min (local.get 0) (local.get 1)))
  ;; max64 0 -0 = 0
  ;; max64 -0 0 = 0
  ;; max64 nan 1 = nan
  ;; max64 1 nan = nan
  ;; max64 1e300 -1e300 = 1e+300
  (func (export "max64") (param f64 f64) (result f64) (f64.max (local.get 0) (local.get 1)))
  ;; min_with_zero -0 = -0
  ;; min_with_zero 5 = 0
  ;; min_with_zero nan = nan
  (func (export "min_with_zero") (param f64) (result f64) (f64.min (local.get 0) (f64.const 0)))
  ;; max_with_minus_zero 0 = 0
  ;; max_with_minus_zero -5 = -0
  (func (export "max_with_minus_zero") (param f32) (result f32)
    (f32.max (f32.const -0) (local.get 0)))
  ;; clamp nan = nan
  ;; clamp 7 = 1
  ;; clamp -7 = -0
  (func (export "clamp") (param f64) (result f64)
    (f64.min (f64.max (local.get 0) (f64.const -0)) (f64.const 1)))
  ;; constants = -0 0 nan
  (func (export "constants") (result f32 f64 f32)
    (f32.min (f32.const 0) (f32.const -0))
    (f64.max (f64.const -0) (f64.const 0))
    (f32.max (f32.const nan) (f32.const inf)))
  ;; equal 0 -0 = 1
  ;; equal nan nan = 0
  ;; equal 1 2 = 0
  (func (export "equal") (param f32 f32) (result i32) (f32.eq (local.get 0) (local.get 1)))
  ;; not_equal nan nan = 1
  ;; not_equal 0 -0 = 0
  (func (export "not_equal") (param f64 f64) (result i32) (f64.ne (local.get 0) (local.get 1))))
