;; Arithmetic that changes no number still makes a signalling NaN quiet. (LLVM 22 folds x*1, x-0,
;; x/1, x+-0 and FPTrunc(FPExt(x)) to x; WAVM, WAMR and wasm2c pay for constrained intrinsics)
(module
  (func $f (param i32) (result f32) (f32.reinterpret_i32 (local.get 0)))
  (func $d (param i64) (result f64) (f64.reinterpret_i64 (local.get 0)))
  ;; times_one 0x7fa00000 = 2145386496
  (func (export "times_one") (param i32) (result i32)
    (i32.reinterpret_f32 (f32.mul (call $f (local.get 0)) (f32.const 1))))
  ;; one_times 0x7fa00000 = 2145386496
  (func (export "one_times") (param i32) (result i32)
    (i32.reinterpret_f32 (f32.mul (f32.const 1) (call $f (local.get 0)))))
  ;; minus_zero 0x7ff4000000000000 = 9222246136947933184
  (func (export "minus_zero") (param i64) (result i64)
    (i64.reinterpret_f64 (f64.sub (call $d (local.get 0)) (f64.const 0))))
  ;; plus_minus_zero 0x7ff4000000000000 = 9222246136947933184
  (func (export "plus_minus_zero") (param i64) (result i64)
    (i64.reinterpret_f64 (f64.add (call $d (local.get 0)) (f64.const -0))))
  ;; over_one 0x7fa00000 = 2145386496
  (func (export "over_one") (param i32) (result i32)
    (i32.reinterpret_f32 (f32.div (call $f (local.get 0)) (f32.const 1))))
  ;; times_minus_one_twice 0x7fa00000 = 2145386496
  (func (export "times_minus_one_twice") (param i32) (result i32)
    (i32.reinterpret_f32 (f32.mul (f32.mul (call $f (local.get 0)) (f32.const -1)) (f32.const -1))))
  ;; there_and_back 0x7fa00000 = 2145386496
  (func (export "there_and_back") (param i32) (result i32)
    (i32.reinterpret_f32 (f32.demote_f64 (f64.promote_f32 (call $f (local.get 0))))))
  ;; back_and_there 0x7ff4000000000000 = 9222246136947933184
  (func (export "back_and_there") (param i64) (result i64)
    (i64.reinterpret_f64 (f64.promote_f32 (f32.demote_f64 (call $d (local.get 0))))))
  ;; floor 0x7fa00000 = 2145386496
  (func (export "floor") (param i32) (result i32)
    (i32.reinterpret_f32 (f32.floor (call $f (local.get 0)))))
  ;; root 0x7fa00000 = 2145386496
  (func (export "root") (param i32) (result i32)
    (i32.reinterpret_f32 (f32.sqrt (call $f (local.get 0)))))
  ;; minimum_with_itself 0x7fa00000 = 2145386496
  (func (export "minimum_with_itself") (param i32) (result i32)
    (i32.reinterpret_f32 (f32.min (call $f (local.get 0)) (call $f (local.get 0)))))
  ;; constant_folded = 2145386496
  (func (export "constant_folded") (result i32)
    (i32.reinterpret_f32 (f32.mul (f32.const nan:0x200000) (f32.const 1))))
  ;; constants_the_other_way = 2145386496 9222246136947933184
  (func (export "constants_the_other_way") (result i32 i64)
    (i32.reinterpret_f32 (f32.mul (f32.const 1) (f32.const nan:0x200000)))
    (i64.reinterpret_f64 (f64.sub (f64.const nan:0x4000000000000) (f64.const 0))))
  ;; precision_lost_by_demotion = 0
  (func (export "precision_lost_by_demotion") (result i32)
    (f64.eq (f64.promote_f32 (f32.demote_f64 (f64.const 0.1))) (f64.const 0.1))))
