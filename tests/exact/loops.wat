;; Loops whose accesses may run out of bounds and whose stores are seen then; all can be vectorised.
(module (memory 1) (global $g (export "g") (mut i32) (i32.const 0))
  (func (export "add_i32") (param $a i32) (param $b i32) (param $n i32)
    (if (local.get $n) (then (loop $next
    (i32.store (local.get $b) (i32.add (i32.load (local.get $a)) (i32.const 7)))
    (local.set $a (i32.add (local.get $a) (i32.const 4)))
    (local.set $b (i32.add (local.get $b) (i32.const 4)))
    (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))))
  (func (export "add_f32") (param $a i32) (param $b i32) (param $n i32)
    (if (local.get $n) (then (loop $next
    (f32.store (local.get $b) (f32.add (f32.load (local.get $a)) (f32.const 7)))
    (local.set $a (i32.add (local.get $a) (i32.const 4)))
    (local.set $b (i32.add (local.get $b) (i32.const 4)))
    (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))))
  (func (export "add_i8") (param $a i32) (param $b i32) (param $n i32)
    (if (local.get $n) (then (loop $next
    (i32.store8 (local.get $b) (i32.add (i32.load8_u (local.get $a)) (i32.const 7)))
    (local.set $a (i32.add (local.get $a) (i32.const 1)))
    (local.set $b (i32.add (local.get $b) (i32.const 1)))
    (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))))
  (func (export "add_down") (param $a i32) (param $b i32) (param $n i32)
    (if (local.get $n) (then (loop $next
    (i32.store (local.get $b) (i32.add (i32.load (local.get $a)) (i32.const 7)))
    (local.set $a (i32.add (local.get $a) (i32.const -4)))
    (local.set $b (i32.add (local.get $b) (i32.const -4)))
    (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))))
  (func (export "add_two") (param $a i32) (param $b i32) (param $n i32)
    (if (local.get $n) (then (loop $next
    (i32.store (local.get $b) (i32.add (i32.load (local.get $a)) (i32.load offset=64 (local.get $a))))
    (local.set $a (i32.add (local.get $a) (i32.const 4)))
    (local.set $b (i32.add (local.get $b) (i32.const 4)))
    (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))))
  (func (export "neighbours") (param $a i32) (param $b i32) (param $n i32)
    (local.set $n (i32.const -4080))
    (if (local.get $n) (then (loop $next
    (f64.store (i32.add (local.get $b) (local.get $n)) (f64.add (f64.add
      (f64.load (i32.add (i32.add (local.get $a) (local.get $n)) (i32.const -8)))
      (f64.load (i32.add (i32.add (local.get $a) (local.get $n)) (i32.const 8))))
      (f64.load (i32.add (i32.add (local.get $a) (local.get $n)) (i32.const -0x1000)))))
    (br_if $next (local.tee $n (i32.add (local.get $n) (i32.const 8))))))))
  (func (export "in_place") (param $a i32) (param $b i32) (param $n i32)
    (if (local.get $n) (then (loop $next
    (i32.store (local.get $a) (i32.add (i32.load (local.get $a)) (i32.const 7)))
    (local.set $a (i32.add (local.get $a) (i32.const 4)))
    (local.set $b (i32.add (local.get $b) (i32.const 4)))
    (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))))
  (func (export "count") (param $a i32) (param $b i32) (param $n i32)
    (if (local.get $n) (then (loop $next
    (global.set $g (i32.add (global.get $g) (i32.const 1)))
    (i32.store (local.get $b) (i32.add (i32.load (local.get $a)) (i32.const 7)))
    (local.set $a (i32.add (local.get $a) (i32.const 4)))
    (local.set $b (i32.add (local.get $b) (i32.const 4)))
    (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))))
  (func (export "sum_global") (param $a i32) (param $b i32) (param $n i32)
    (if (local.get $n) (then (loop $next
    (global.set $g (i32.add (global.get $g) (i32.load (local.get $a))))
    (local.set $a (i32.add (local.get $a) (i32.const 4)))
    (local.set $b (i32.add (local.get $b) (i32.const 4)))
    (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))))
