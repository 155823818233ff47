;; A load that only said how often a loop of no effect turns, or which of two ways that do the same is
;; taken, went away with the loop or the branch, and its trap with it.
;; turns 65536 ! out of bounds memory access
;; turns 65532 = 65532
;; nested 65536 ! out of bounds memory access
;; nested 65532 = 65532
;; ways 65536 ! out of bounds memory access
;; ways 65532 = 65532
;; table 65536 ! out of bounds memory access
;; table 65532 = 65532
(module (memory 1)
  (func (export "turns") (param $at i32) (result i32) (local $i i32) (local $n i32) (local $x i32)
    (local.set $n (i32.and (i32.load8_u (local.get $at)) (i32.const 15)))
    (block (br_if 0 (i32.eqz (local.get $n)))
      (loop
        (local.set $x (i32.lt_s (local.get $x) (i32.load16_s (i32.const 98))))
        (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
          (local.get $n)))))
    (local.get $at))
  (func (export "nested") (param $at i32) (result i32) (local $i i32) (local $k i32) (local $n i32)
    (local.set $n (i32.and (i32.load8_u (local.get $at)) (i32.const 7)))
    (loop $outer
      (local.set $k (i32.const 0))
      (loop $inner
        (br_if $inner (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1)))
          (local.get $n))))
      (br_if $outer (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
        (local.get $n))))
    (local.get $at))
  (func (export "ways") (param $at i32) (result i32) (local $x i32)
    (if (i32.eqz (i32.load8_u (local.get $at)))
      (then (local.set $x (i32.add (local.get $x) (i32.const 3))))
      (else (local.set $x (i32.mul (local.get $x) (i32.const 5)))))
    (if (i32.eqz (local.get $x)) (then (local.set $x (i32.const 8))))
    (local.get $at))
  (func (export "table") (param $at i32) (result i32)
    (block (block (block
      (br_table 0 1 2 (i32.load8_u (local.get $at))))))
    (local.get $at)))
