;; Constants, memory, globals, locals, calls, select, neg, abs and copysign keep the bits of a NaN,
;; a signalling one too. (WAMR #3721; x87 and FPTrunc(FPExt) in LLVM)
(module (memory 1)
  (global $f (mut f32) (f32.const nan:0x200001))
  (global $d (mut f64) (f64.const -nan:0x4000000000001))
  (func $through (param f32 f64) (result f32 f64) (local.get 0) (local.get 1))
  ;; constant = 2141192193
  (func (export "constant") (result i32) (i32.reinterpret_f32 (f32.const nan:0x200001)))
  (func $store (i32.const 8) (f32.const nan:0x200001) (f32.store))
  ;; through_memory = 2141192193 -3377699720527871
  (func (export "through_memory") (result i32 i64)
    (call $store)
    (f64.store (i32.const 16) (f64.load offset=8 (i32.const 16)))
    (i64.store (i32.const 24) (i64.const 0xfff4000000000001))
    (f64.store (i32.const 32) (f64.load (i32.const 24)))
    (f32.store (i32.const 40) (f32.load (i32.const 8)))
    (i32.load (i32.const 40)) (i64.load (i32.const 32)))
  ;; through_globals = 2141192193 -3377699720527871
  (func (export "through_globals") (result i32 i64)
    (global.set $f (global.get $f)) (global.set $d (global.get $d))
    (i32.reinterpret_f32 (global.get $f)) (i64.reinterpret_f64 (global.get $d)))
  ;; through_call = 2141192193 -3377699720527871
  (func (export "through_call") (result i32 i64) (local f32 f64)
    (call $through (global.get $f) (global.get $d))
    (local.set 1) (local.set 0)
    (i32.reinterpret_f32 (local.get 0)) (i64.reinterpret_f64 (local.get 1)))
  ;; through_select 1 = 2141192193
  (func (export "through_select") (param i32) (result i32)
    (i32.reinterpret_f32 (select (f32.const nan:0x200001) (f32.const 0) (local.get 0))))
  ;; sign_operators = -6291455 2141192193 -6291455
  (func (export "sign_operators") (result i32 i32 i32)
    (i32.reinterpret_f32 (f32.neg (global.get $f)))
    (i32.reinterpret_f32 (f32.abs (f32.neg (global.get $f))))
    (i32.reinterpret_f32 (f32.copysign (global.get $f) (f32.const -1))))
  ;; as_argument 0x7fa00001 = 2141192193
  (func (export "as_argument") (param i32) (result i32)
    (i32.reinterpret_f32 (f32.reinterpret_i32 (local.get 0)))))
