;; Shift counts are taken modulo the width, constant ones and those that become constant too.
;; (WAMR #2619, #2627: poison in LLVM)
(module
  (func $shl (param i32 i32) (result i32) (i32.shl (local.get 0) (local.get 1)))
  ;; shl_32 5 = 5
  (func (export "shl_32") (param i32) (result i32) (i32.shl (local.get 0) (i32.const 32)))
  ;; shl_33 5 = 10
  (func (export "shl_33") (param i32) (result i32) (i32.shl (local.get 0) (i32.const 33)))
  ;; shl_minus_one 3 = -2147483648
  (func (export "shl_minus_one") (param i32) (result i32) (i32.shl (local.get 0) (i32.const -1)))
  ;; shr_s_34 -5 = -2
  (func (export "shr_s_34") (param i32) (result i32) (i32.shr_s (local.get 0) (i32.const 34)))
  ;; shr_u_63 -1 = 1
  (func (export "shr_u_63") (param i32) (result i32) (i32.shr_u (local.get 0) (i32.const 63)))
  ;; shl64_65 5 = 10
  (func (export "shl64_65") (param i64) (result i64) (i64.shl (local.get 0) (i64.const 65)))
  ;; shr64_s_minus_one -1 = -1
  (func (export "shr64_s_minus_one") (param i64) (result i64)
    (i64.shr_s (local.get 0) (i64.const -1)))
  ;; shr64_u_high_bits 256 = 16
  (func (export "shr64_u_high_bits") (param i64) (result i64)
    (i64.shr_u (local.get 0) (i64.const 0x7fffffff00000044)))
  ;; constants = 14
  (func (export "constants") (result i32)
    (i32.add (i32.shl (i32.const 3) (i32.const 66)) (i32.shr_u (i32.const 8) (i32.const -30))))
  ;; inlined = 6
  (func (export "inlined") (result i32) (call $shl (i32.const 3) (i32.const 0xffffffe1)))
  ;; twice 1 20 = 0
  ;; twice 1 36 = 256
  (func (export "twice") (param i32 i32) (result i32)
    (i32.shl (i32.shl (local.get 0) (local.get 1)) (local.get 1)))
  ;; rotl_32 0x80000001 = -2147483647
  (func (export "rotl_32") (param i32) (result i32) (i32.rotl (local.get 0) (i32.const 32)))
  ;; rotr_33 1 = -2147483648
  (func (export "rotr_33") (param i32) (result i32) (i32.rotr (local.get 0) (i32.const 33)))
  ;; rotl64_64 7 = 7
  (func (export "rotl64_64") (param i64) (result i64) (i64.rotl (local.get 0) (i64.const 64)))
  ;; rotr64_minus_one 1 = 2
  (func (export "rotr64_minus_one") (param i64) (result i64)
    (i64.rotr (local.get 0) (i64.const -1))))
