(module (memory 1)
  (func (export "sum") (param $at i32) (param $n i32) (result i32) (local $sum i32)
    (if (local.get $n) (then
      (loop $next
        (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))
    (local.get $sum)))
