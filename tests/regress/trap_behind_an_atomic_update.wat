;; An update that x86 has no instruction for, if its old value is needed, is a loop, which takes its
;; block apart; the trap at the block's end is in another block then.
;; and_then 5 ! unreachable
;; or_then 5 ! unreachable
;; kept = 4
(module
  (memory 1 1 shared)
  (global $old (mut i32) (i32.const 0))
  (func (export "and_then") (param i32)
    (global.set $old (i32.atomic.rmw.and (i32.const 8) (local.get 0)))
    unreachable)
  (func (export "or_then") (param i32)
    (global.set $old (i32.atomic.rmw8.or_u (i32.const 16) (local.get 0)))
    unreachable)
  (func (export "kept") (result i32)
    (drop (i32.atomic.rmw.or (i32.const 8) (i32.const 6)))
    (i32.and (i32.atomic.rmw.and (i32.const 8) (i32.const 4)) (i32.const 4))))
