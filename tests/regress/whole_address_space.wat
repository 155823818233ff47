;; A memory of 65,536 pages is 4 GiB: its size does not fit 32 bits. (WAMR #4525: every access
;; trapped)
(module (memory 65536 65536)
  (data (i32.const 0xfffffffc) "\01\02\03\04")
  ;; size = -65536
  ;; first = 0
  ;; last = 67305985
  (func (export "size") (result i32) (i32.sub (i32.const 0) (memory.size)))
  (func (export "first") (result i32) (i32.load (i32.const 0)))
  (func (export "last") (result i32) (i32.load (i32.const 0xfffffffc)))
  ;; across_the_end ! out of bounds memory access
  (func (export "across_the_end") (result i32) (i32.load (i32.const 0xfffffffd)))
  ;; at 0xfffffff8 = 289077004400066560
  ;; at 0xfffffff9 ! out of bounds memory access
  ;; at 0x80000000 = 0
  (func (export "at") (param i32) (result i64) (i64.load (local.get 0)))
  ;; offset_to_the_end 0xfffffff0 = 4
  ;; offset_to_the_end 0xfffffff1 ! out of bounds memory access
  (func (export "offset_to_the_end") (param i32) (result i32)
    (i32.load8_u offset=15 (local.get 0)))
  ;; grow = -1
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))
  ;; fill_the_end = 43690
  (func (export "fill_the_end") (result i32)
    (memory.fill (i32.const 0xfffffffe) (i32.const 0xaa) (i32.const 2))
    (i32.load16_u (i32.const 0xfffffffe)))
  ;; fill_across_the_end ! out of bounds memory access
  (func (export "fill_across_the_end")
    (memory.fill (i32.const 0xfffffffe) (i32.const 0xaa) (i32.const 3))))
