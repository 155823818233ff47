;; The trap reported is one that is due: where only one is, that one. (WasmEdge #3057, #3076: a
;; division by zero reported where others reported an access outside.) Of two in a row, loads may
;; give way to a later one, which is no difference in WebAssembly: a trap has no kind there.
(module (memory 1)
  (global $g (mut i32) (i32.const 0))
  ;; load_then_divide 0x20000 1 ! out of bounds memory access
  ;; load_then_divide 0 0 ! integer divide by zero
  (func (export "load_then_divide") (param i32 i32) (result i32)
    (i32.div_u (i32.load (local.get 0)) (local.get 1)))
  ;; divide_then_load 0x20000 0 ! integer divide by zero
  (func (export "divide_then_load") (param i32 i32) (result i32)
    (i32.add (i32.div_u (i32.const 1) (local.get 1)) (i32.load (local.get 0))))
  ;; dropped_load_then_divide 0x20000 1 ! out of bounds memory access
  (func (export "dropped_load_then_divide") (param i32 i32) (result i32)
    (drop (i32.load (local.get 0)))
    (i32.div_u (i32.const 1) (local.get 1)))
  ;; store_then_divide 0x20000 0 ! out of bounds memory access
  ;; store_then_divide 0 0 ! integer divide by zero
  (func (export "store_then_divide") (param i32 i32) (result i32)
    (i32.store (local.get 0) (i32.const 5))
    (i32.div_s (i32.const 1) (local.get 1)))
  ;; divide_into_store 0x20000 0 ! integer divide by zero
  (func (export "divide_into_store") (param i32 i32)
    (i32.store (local.get 0) (i32.rem_s (i32.const 1) (local.get 1))))
  ;; load_then_unreachable 0x20000 ! out of bounds memory access
  (func (export "load_then_unreachable") (param i32)
    (drop (i32.load (local.get 0))) (unreachable))
  ;; store_then_unreachable 0x20000 ! out of bounds memory access
  (func (export "store_then_unreachable") (param i32)
    (i32.store (local.get 0) (i32.const 1)) (unreachable))
  ;; convert_then_load 0x20000 nan ! invalid conversion to integer
  (func (export "convert_then_load") (param i32 f32) (result i32)
    (i32.sub (i32.trunc_f32_s (local.get 1)) (i32.load (local.get 0))))
  ;; loop_invariant_division 1 ! out of bounds memory access
  (func (export "loop_invariant_division") (param i32) (result i32) (local i32 i32)
    (loop $l
      (local.set 2 (i32.add (local.get 2) (i32.load (i32.add (i32.const 0x10000) (local.get 1)))))
      (local.set 2 (i32.add (local.get 2) (i32.div_u (i32.const 9) (local.get 0))))
      (local.set 1 (i32.add (local.get 1) (i32.const 4)))
      (br_if $l (i32.lt_u (local.get 1) (i32.const 400))))
    (local.get 2))
  ;; division_after_loop_of_loads 1 ! out of bounds memory access
  (func (export "division_after_loop_of_loads") (param i32) (result i32) (local i32 i32)
    (loop $l
      (local.set 2 (i32.xor (local.get 2) (i32.load (local.get 1))))
      (local.set 1 (i32.add (local.get 1) (i32.const 4)))
      (br_if $l (i32.le_u (local.get 1) (i32.const 0x10000))))
    (i32.div_u (local.get 2) (local.get 0)))
  ;; division_in_untaken_branch 0 = 1
  (func (export "division_in_untaken_branch") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.div_u (i32.const 9) (local.get 0)))
      (else (i32.const 1)))))
