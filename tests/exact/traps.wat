;; Traps that an optimiser would like to lose. Each export must trap; the name says how it
;; could have been lost, the comment which trap is due.
(module (memory 1) (global $zero (mut i32) (i32.const 0))
  (func $load_and_return (result i32) (i32.load (i32.const 0x20000)))
  (func $load_and_choose (param i32) (result i32)
    (if (result i32) (i32.load (local.get 0)) (then (i32.const 1)) (else (i32.const 2))))
  (func $ignore_second (param i32 i32) (result i32) (local.get 0))
  (func $recurse (param i32) (result i32)
    (i32.add (call $recurse (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))

  ;; memory
  (func (export "load_dropped") (drop (i32.load (i32.const 0x20000))))
  (func (export "load_dropped_f64") (drop (f64.load (i32.const 0xffffffff))))
  (func (export "load_far_offset") (drop (i64.load offset=0xffffffff (i32.const -1))))
  (func (export "call_dropped_that_loads") (drop (call $load_and_return)))
  (func (export "call_dropped_that_branches_on_load") (drop (call $load_and_choose (i32.const 0x30000))))
  (func (export "load_times_zero") (drop (i32.mul (i32.load (i32.const 0x20000)) (i32.const 0))))
  (func (export "load_and_zero") (drop (i32.and (i32.load (i32.const 0x20000)) (i32.const 0))))
  (func (export "load_as_unused_argument")
    (drop (call $ignore_second (i32.const 1) (i32.load (i32.const 0x20000)))))
  (func (export "store_of_what_is_there")
    (i32.store (i32.const 0x20000) (i32.load (i32.const 0x20000))))
  (func (export "load_before_division") (result i32) (local i32)
    (local.set 0 (i32.load (i32.const 0x20000)))
    (i32.add (i32.div_u (i32.const 5) (global.get $zero)) (local.get 0)))
  (func (export "load_before_unreachable") (result i32) (local i32)
    (local.set 0 (i32.load (i32.const 0x20000)))
    (if (i32.eqz (global.get $zero)) (then (unreachable)))
    (local.get 0))
  (func (export "loop_of_dropped_loads") (local i32)
    (loop
      (drop (i32.load (local.get 0)))
      (local.set 0 (i32.add (local.get 0) (i32.const 4)))
      (br_if 0 (i32.lt_u (local.get 0) (i32.const 0x20000)))))
  (func (export "store_overwritten_at_once")
    (i32.store (i32.const 0x20000) (i32.const 1))
    (i32.store (i32.const 0x20000) (i32.const 2)))
  (func (export "copy_of_nothing_outside")
    (memory.copy (i32.const 0x20000) (i32.const 0) (i32.const 0)))

  ;; divide
  (func (export "division_dropped") (drop (i32.div_u (i32.const 1) (i32.const 0))))
  (func (export "remainder_dropped") (drop (i64.rem_s (i64.const 1) (i64.const 0))))
  ;; overflow
  (func (export "quotient_too_large") (drop (i32.div_s (i32.const 0x80000000) (i32.const -1))))
  (func (export "truncation_dropped") (drop (i32.trunc_f64_s (f64.const 1e10))))
  ;; conversion
  (func (export "truncation_of_nan_dropped") (drop (i64.trunc_f32_u (f32.const nan))))
  ;; stack
  (func $forever (export "tail_recursion_is_no_loop") (call $forever))
  (func (export "recursion_dropped") (drop (call $recurse (i32.const 0)))))
