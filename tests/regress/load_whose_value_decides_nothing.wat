;; A load traps even if range analysis, an identity or equal branches make its value irrelevant.
;; (WasmEdge #3346, #3018; WAMR #2773, #4527; loads that are dropped outright: tests/exact)
(module (memory 1)
  (global $g (mut i32) (i32.const 0))
  (func $ignore (param i32) (result i32) (i32.const 1))
  ;; never_equal 0x20000 ! out of bounds memory access
  ;; never_equal 0 = 0
  (func (export "never_equal") (param i32) (result i32)
    (i64.eq (i64.load8_s (local.get 0)) (i64.const 0xcafebabe)))
  ;; always_less 0x20000 ! out of bounds memory access
  (func (export "always_less") (param i32) (result i32)
    (i32.lt_u (i32.load8_u (local.get 0)) (i32.const 256)))
  ;; shifted_out 0x20000 ! out of bounds memory access
  (func (export "shifted_out") (param i32) (result i32)
    (i32.shr_u (i32.load8_u (local.get 0)) (i32.const 8)))
  ;; minus_itself 0x20000 ! out of bounds memory access
  (func (export "minus_itself") (param i32) (result i32) (local i32)
    (i32.sub (local.tee 1 (i32.load (local.get 0))) (local.get 1)))
  ;; modulo_one 0x20000 ! out of bounds memory access
  (func (export "modulo_one") (param i32) (result i32)
    (i32.rem_u (i32.load (local.get 0)) (i32.const 1)))
  ;; below_zero 0x20000 ! out of bounds memory access
  (func (export "below_zero") (param i32) (result i32)
    (f64.lt (f64.abs (f64.load (local.get 0))) (f64.const 0)))
  ;; select_of_one 0x20000 5 ! out of bounds memory access
  (func (export "select_of_one") (param i32 i32) (result i32)
    (select (local.get 1) (local.get 1) (i32.load (local.get 0))))
  ;; equal_arms 0x20000 5 ! out of bounds memory access
  ;; equal_arms 0xfffc 5 = 10
  (func (export "equal_arms") (param i32 i32) (result i32)
    (if (result i32) (i32.load (local.get 0))
      (then (i32.add (local.get 1) (local.get 1)))
      (else (i32.shl (local.get 1) (i32.const 1)))))
  ;; branch_to_next 0x20000 5 ! out of bounds memory access
  (func (export "branch_to_next") (param i32 i32) (result i32)
    (block $b (br_if $b (i32.load (local.get 0)))) (local.get 1))
  ;; table_of_one_target 0x20000 5 ! out of bounds memory access
  (func (export "table_of_one_target") (param i32 i32) (result i32)
    (block $b (br_table $b $b $b (i32.load (local.get 0)))) (local.get 1))
  ;; compared_with_known_larger 0x20000 400 ! out of bounds memory access
  (func (export "compared_with_known_larger") (param i32 i32) (result i32) (local i32)
    (local.set 2 (i32.load8_u (local.get 0)))
    (if (result i32) (i32.gt_u (local.get 1) (i32.const 300))
      (then (i32.lt_u (local.get 2) (local.get 1)))
      (else (i32.const 7))))
  ;; overwritten_on_both_paths 0x20000 1 ! out of bounds memory access
  (func (export "overwritten_on_both_paths") (param i32 i32) (result i32) (local i32)
    (local.set 2 (i32.load (local.get 0)))
    (if (local.get 1) (then (local.set 2 (i32.const 5))) (else (local.set 2 (i32.const 5))))
    (local.get 2))
  ;; global_overwritten 0x20000 ! out of bounds memory access
  (func (export "global_overwritten") (param i32) (result i32)
    (global.set $g (i32.load (local.get 0)))
    (global.set $g (i32.const 1))
    (global.get $g))
  ;; stored_and_overwritten 0x20000 ! out of bounds memory access
  (func (export "stored_and_overwritten") (param i32) (result i32)
    (i32.store (i32.const 0) (i32.load (local.get 0)))
    (i32.store (i32.const 0) (i32.const 3))
    (i32.load (i32.const 0)))
  ;; argument_ignored 0x20000 ! out of bounds memory access
  (func (export "argument_ignored") (param i32) (result i32)
    (call $ignore (i32.load (local.get 0)))))
