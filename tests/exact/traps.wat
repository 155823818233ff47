;; Traps that an optimiser would like to lose. Each export must trap; the name says how it
;; could have been lost, the comment which trap is due.
(module (memory 1) (global $zero (mut i32) (i32.const 0))
  (global $end (mut i32) (i32.const 0xffff))
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

  ;; Loops whose first turn needs no load once its counter is known to be 0 there. Later ones are in
  ;; bounds.
  (func (export "counter_masks_load") (result i32) (local $p i32) (local $i i32) (local $sum i32)
    (local.set $p (global.get $end))
    (loop $next
      (if (i32.and (i32.load (local.get $p)) (local.get $i))
        (then (return (i32.const 1))))
      (local.set $p (i32.sub (local.get $p) (i32.const 4)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 4))))
    (local.get $sum))
  (func (export "nothing_is_below_counter") (result i32) (local $p i32) (local $i i32) (local $sum i32)
    (local.set $p (global.get $end))
    (loop $next
      (if (i32.lt_u (i32.load (local.get $p)) (local.get $i))
        (then (return (i32.const 1))))
      (local.set $p (i32.sub (local.get $p) (i32.const 4)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 4))))
    (local.get $sum))
  (func (export "nothing_narrow_equals_counter") (result i32) (local $p i32) (local $i i32) (local $sum i32)
    (local.set $p (global.get $end))
    (loop $next
      (if (i32.eq (i32.load16_u (local.get $p)) (i32.sub (local.get $i) (i32.const 1)))
        (then (return (i32.const 1))))
      (local.set $p (i32.sub (local.get $p) (i32.const 4)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 4))))
    (local.get $sum))
  (func (export "counter_times_load") (result i32) (local $p i32) (local $i i32) (local $sum i32)
    (local.set $p (global.get $end))
    (loop $next
      (local.set $sum (i32.add (local.get $sum)
        (i32.mul (i32.load (local.get $p)) (local.get $i))))
      (local.set $p (i32.sub (local.get $p) (i32.const 4)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 4))))
    (local.get $sum))
  ;; A number that no loaded byte has, in the first turn, or in all.
  (func (export "search_of_what_is_too_large") (result i32) (local $p i32) (local $q i32)
    (local.set $p (global.get $end))
    (local.set $q (i32.const 65500))
    (block $found
      (loop $next
        (local.set $q (i32.add (local.get $q) (i32.const 2)))
        (br_if $found (i32.ne (local.get $q) (i32.load16_s (local.get $p))))
        (local.set $p (i32.add (local.get $p) (i32.const 2)))
        (br $next)))
    (local.get $q))
  (func $other_bits (param $p i32) (param $n i32) (result i32)
    (block $found
      (loop $next
        (br_if $found (i32.ne (i32.load8_s (i32.const 0))
          (i32.or (local.get $n) (i32.load8_u (local.get $p)))))
        (local.set $p (i32.add (local.get $p) (i32.const 4)))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br $next)))
    (local.get $n))
  (func (export "comparison_decided_by_other_bits") (result i32)
    (call $other_bits (i32.const 0x20000) (i32.const 1000)))
  ;; Once the loads from $p are one, both ways of the first branch come to the same.
  (func $same (param $p i32) (param $q i32) (result i32)
    (block $end
      (br_if $end (i32.ne (i32.load8_s (local.get $p)) (i32.load8_u (local.get $q))))
      (br_if $end (i32.ne (i32.load8_s (local.get $p)) (i32.const -1)))
      (return (i32.const 9)))
    (i32.const 5))
  (func (export "branch_of_the_same") (result i32) (call $same (i32.const 0) (i32.const 0x20000)))

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
