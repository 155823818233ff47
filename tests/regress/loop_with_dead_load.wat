;; A loop without an end but for the trap of a load ends with that trap, and so does one whose
;; number of rounds can be computed. (WAMR #4523, #4544: the loop ran for ever)
(module (memory 1)
  (global $g (mut i64) (i64.const 0))
  ;; forever_at_one_place ! out of bounds memory access
  (func (export "forever_at_one_place") (result i32)
    (loop $l (result i32)
      (drop (i64.load32_u offset=0x14e9791 (i32.const 0xf71d)))
      (br $l)))
  ;; forever_upwards ! out of bounds memory access
  (func (export "forever_upwards") (local i32)
    (loop $l
      (drop (i32.load8_u (local.get 0)))
      (local.set 0 (i32.add (local.get 0) (i32.const 1)))
      (br $l)))
  ;; forever_into_unused_sum ! out of bounds memory access
  (func (export "forever_into_unused_sum") (local i32 i64)
    (loop $l
      (local.set 1 (i64.add (local.get 1) (i64.load (local.get 0))))
      (local.set 0 (i32.add (local.get 0) (i32.const 64)))
      (br $l)))
  ;; last_value_unused 0 64 = 9
  ;; last_value_unused 0xffd0 64 ! out of bounds memory access
  (func (export "last_value_unused") (param i32 i32) (result i32) (local i32 i32)
    (loop $l
      (local.set 3 (i32.load (i32.add (local.get 0) (local.get 2))))
      (local.set 2 (i32.add (local.get 2) (i32.const 4)))
      (br_if $l (i32.lt_u (local.get 2) (local.get 1))))
    (if (result i32) (local.get 3) (then (i32.const 9)) (else (i32.const 9))))
  ;; sum_masked_away 0 8 = 4
  ;; sum_masked_away 0x10000 8 ! out of bounds memory access
  (func (export "sum_masked_away") (param i32 i32) (result i32) (local i32 i32)
    (loop $l
      (local.set 3 (i32.add (local.get 3) (i32.load (local.get 0))))
      (local.set 2 (i32.add (local.get 2) (i32.const 1)))
      (br_if $l (i32.lt_u (local.get 2) (local.get 1))))
    (if (i32.and (local.get 3) (i32.const 0)) (then (unreachable)))
    (i32.const 4))
  ;; trap_before_global_changes = 0
  (func (export "trap_before_global_changes") (result i64)
    (if (i32.eqz (i32.const 1)) (then
      (loop $l
        (global.set $g (i64.add (i64.load (i32.const 0x20000)) (i64.const 1)))
        (br $l))))
    (global.get $g)))
