;; A load traps where it stands, though only one of the paths behind it uses the value. LLVM moves
;; an ordinary load to that path, and a conditional move of any load becomes a branch around it.
(module (memory 1)
  (global $g (mut i32) (i32.const 0))
  ;; return_in_branch 0x20000 0 ! out of bounds memory access
  ;; return_in_branch 0 0 = 7
  (func (export "return_in_branch") (param i32 i32) (result i32) (local i32)
    (local.set 2 (i32.load (local.get 0)))
    (if (local.get 1) (then (return (local.get 2))))
    (i32.const 7))
  ;; store_in_branch 0x20000 0 ! out of bounds memory access
  (func (export "store_in_branch") (param i32 i32) (local i32)
    (local.set 2 (i32.load (local.get 0)))
    (if (local.get 1) (then (i32.store (i32.const 0) (local.get 2)))))
  ;; calculation_in_branch 0x20000 0 ! out of bounds memory access
  (func (export "calculation_in_branch") (param i32 i32) (result i32) (local i32)
    (local.set 2 (i32.load (local.get 0)))
    (if (result i32) (local.get 1)
      (then (i32.div_u (i32.const 100) (local.get 2)))
      (else (i32.const 7))))
  ;; arm_of_select 0x20000 0 ! out of bounds memory access
  ;; arm_of_select 0x20000 1 ! out of bounds memory access
  (func (export "arm_of_select") (param i32 i32) (result i32)
    (select (i32.load (local.get 0)) (i32.const 7) (local.get 1)))
  ;; arm_of_float_select 0x20000 0 ! out of bounds memory access
  (func (export "arm_of_float_select") (param i32 i32) (result f32)
    (select (f32.load (local.get 0)) (f32.const 7) (local.get 1)))
  ;; arm_of_wide_select 0x20000 0 ! out of bounds memory access
  (func (export "arm_of_wide_select") (param i32 i32) (result f64)
    (select (f64.load (local.get 0)) (f64.const 7) (local.get 1)))
  ;; arm_of_stored_select 0x20000 0 ! out of bounds memory access
  (func (export "arm_of_stored_select") (param i32 i32)
    (i32.store (i32.const 0) (select (i32.load (local.get 0)) (i32.const 7) (local.get 1))))
  ;; times_condition 0x20000 0 ! out of bounds memory access
  (func (export "times_condition") (param i32 i32) (result i32)
    (i32.mul (i32.ne (local.get 1) (i32.const 0)) (i32.load (local.get 0))))
  ;; masked_by_condition 0x20000 0 ! out of bounds memory access
  (func (export "masked_by_condition") (param i32 i32) (result i32)
    (i32.and (i32.sub (i32.const 0) (i32.ne (local.get 1) (i32.const 0)))
      (i32.load (local.get 0))))
  ;; second_of_two_conditions 0x20000 0 ! out of bounds memory access
  (func (export "second_of_two_conditions") (param i32 i32)
    (if (i32.and (i32.ne (local.get 1) (i32.const 0)) (i32.eqz (i32.load (local.get 0))))
      (then (global.set $g (i32.const 1)))))
  ;; conditions_of_two_loads 0 0x20000 ! out of bounds memory access
  ;; conditions_of_two_loads 0x20000 0 ! out of bounds memory access
  (func (export "conditions_of_two_loads") (param i32 i32)
    (if (i32.and (i32.load (local.get 0)) (i32.eqz (i32.load (local.get 1))))
      (then (global.set $g (i32.const 1)))))
  ;; last_of_a_loop 0x20000 0x18000 ! out of bounds memory access
  (func (export "last_of_a_loop") (param i32 i32) (result i32) (local i32)
    (loop $l
      (local.set 2 (i32.load (local.get 0)))
      (local.set 0 (i32.sub (local.get 0) (i32.const 0x1000)))
      (br_if $l (i32.gt_u (local.get 1) (i32.sub (i32.const 0x20000) (local.get 0)))))
    (local.get 2))
  ;; sum_used_on_one_path 0xfff0 0 ! out of bounds memory access
  (func (export "sum_used_on_one_path") (param i32 i32) (result i32) (local i32)
    (loop $l
      (local.set 2 (i32.add (local.get 2) (i32.load (local.get 0))))
      (local.set 0 (i32.add (local.get 0) (i32.const 4)))
      (br_if $l (i32.lt_u (local.get 0) (i32.const 0x10010))))
    (if (result i32) (local.get 1) (then (local.get 2)) (else (i32.const 7))))
  ;; value_of_previous_round 0xfff0 0 ! out of bounds memory access
  (func (export "value_of_previous_round") (param i32 i32) (result i32) (local i32 i32)
    (loop $l
      (local.set 3 (i32.add (local.get 3) (local.get 2)))
      (local.set 2 (i32.load (local.get 0)))
      (local.set 0 (i32.add (local.get 0) (i32.const 4)))
      (br_if $l (i32.lt_u (local.get 0) (i32.const 0x10004))))
    (local.get 3))
  ;; switch_uses_in_one_case 0x20000 2 ! out of bounds memory access
  ;; switch_uses_in_one_case 0x20000 0 ! out of bounds memory access
  (func (export "switch_uses_in_one_case") (param i32 i32) (result i32) (local i32)
    (local.set 2 (i32.load (local.get 0)))
    (block $2 (block $1 (block $0 (br_table $0 $1 $2 (local.get 1)))
      (return (i32.add (local.get 2) (i32.const 1))))
      (return (i32.const 5)))
    (i32.const 6)))
