;; A copy whose ranges overlap has the bytes that were there before, in both directions and over
;; the steps that long copies are made in. (WasmEdge #5010)
(module
  (memory 200)
  (memory $other i64 1)
  ;; Numbers the i32 at [0, bytes).
  (func $number (param $bytes i32) (local $at i32)
    (loop
      (i32.store (local.get $at) (local.get $at))
      (br_if 0 (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4)))
        (local.get $bytes)))))
  ;; How many of the i32 at [to, to + length) are not what they were at `from`.
  (func $wrong (param $to i32) (param $from i32) (param $length i32) (result i32)
    (local $at i32) (local $count i32)
    (loop
      (local.set $count (i32.add (local.get $count) (i32.ne
        (i32.load (i32.add (local.get $to) (local.get $at)))
        (i32.add (local.get $from) (local.get $at)))))
      (br_if 0 (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4)))
        (local.get $length))))
    (local.get $count))
  ;; copy 8 0 64 = 0
  ;; copy 0 8 64 = 0
  ;; copy 4 0 10000000 = 0
  ;; copy 0 4 10000000 = 0
  ;; copy 4096 0 12000000 = 0
  ;; copy 0 4096 12000000 = 0
  ;; copy 4194304 0 4194308 = 0
  ;; copy 16 16 1024 = 0
  (func (export "copy") (param $to i32) (param $from i32) (param $length i32) (result i32)
    (call $number (i32.const 13000000))
    (memory.copy (local.get $to) (local.get $from) (local.get $length))
    (call $wrong (local.get $to) (local.get $from) (local.get $length)))
  ;; constant_length = 0
  (func (export "constant_length") (result i32)
    (call $number (i32.const 256))
    (memory.copy (i32.const 4) (i32.const 0) (i32.const 32))
    (call $wrong (i32.const 4) (i32.const 0) (i32.const 32))))
