;; Two operations on floats side by side are vectorised, their operands made canonical as a pair of
;; lanes, for which LLVM 22 selects no instruction: compiling ended with a fatal error.
;; product = nan:0x7fffff
;; sum 1 2 = 3
(module
  (func (export "product") (result f32)
    (f32.mul (f32.demote_f64 (f64.const nan:0xfffffffffffff)) (f32.reinterpret_i32 (i32.const -4))))
  (func (export "sum") (param f32 f32) (result f32)
    (f32.add (f32.mul (local.get 0) (f32.const 1)) (f32.mul (local.get 1) (f32.const 1)))))
