;; What stands in the way of a deadline: a loop, a loop of host calls, a long helper; and a short guest.
(module
  (import "host" "work" (func $work (param i32) (result i32)))
  (memory 64)
  (func (export "loop") (loop (br 0)))
  (func (export "calls") (loop (drop (call $work (i32.const 40))) (br 0)))
  (func (export "mixed") (local i32)
    (loop
      (loop (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 500))))
      (local.set 0 (call $work (i32.const 300)))
      (br 0)))
  (func (export "fills")
    (loop (memory.fill (i32.const 0) (i32.const 7) (i32.const 0x400000)) (br 0)))
  (func (export "short") (local i32)
    (loop (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 2000))))))
