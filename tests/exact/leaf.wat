;; Functions that cannot throw. The line of semicolons is where a test puts exceptions into the module.
(module
  (memory 1)
  (global $count (mut i32) (i32.const 0))
  (func $leaf (export "leaf") (param i32 i32) (result i32) (local i32)
    (loop $next
      (local.set 2 (i32.add (local.get 2) (i32.load offset=8 (local.get 0))))
      (local.set 0 (i32.add (local.get 0) (i32.const 4)))
      (br_if $next (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
    (i32.div_s (local.get 2) (local.get 0)))
  (func $caller (export "caller") (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (i32.xor
      (i32.mul (call $caller (i32.sub (local.get 0) (i32.const 1))) (i32.const 3))
      (call $leaf (local.get 0) (i32.const 9))))
  ;;;;
)
