;; Constants are folded by the rules of WebAssembly: a NaN is not ordered with itself, bits of
;; floats compare as integers, and a trap stays one. (WAVM: FCmpUNO(X, X) and ICmp of a bitcast
;; misfolded, then undefined branches)
(module
  (memory 1)
  ;; nan_equals_itself = 0
  (func (export "nan_equals_itself") (result i32) (f32.eq (f32.const nan) (f32.const nan)))
  ;; nan_differs_from_itself = 1
  (func (export "nan_differs_from_itself") (result i32) (f32.ne (f32.const nan) (f32.const nan)))
  ;; differs_from_itself nan = 1
  ;; differs_from_itself 1 = 0
  (func (export "differs_from_itself") (param f64) (result i32)
    (f64.ne (local.get 0) (local.get 0)))
  ;; at_most_itself nan = 0
  ;; at_most_itself inf = 1
  (func (export "at_most_itself") (param f64) (result i32)
    (f64.le (local.get 0) (local.get 0)))
  ;; branch_on_converted_nan ! invalid conversion to integer
  (func (export "branch_on_converted_nan") (result i32)
    (block $zero (block $one (block $else
      (br_table $zero $one $else (i32.trunc_f32_s (f32.const nan))))
      (return (i32.const 100)))
      (return (i32.const 1)))
    (i32.const 0))
  ;; branch_on_saturated_nan 0 = 0
  ;; branch_on_saturated_nan 1 = 1
  ;; branch_on_saturated_nan 2 = 100
  (func (export "branch_on_saturated_nan") (param i32) (result i32)
    (block $zero (block $one (block $else
      (br_table $zero $one $else
        (i32.add (local.get 0) (i32.trunc_sat_f64_s (f64.const nan)))))
      (return (i32.const 100)))
      (return (i32.const 1)))
    (i32.const 0))
  ;; bits_above_zero = 0
  (func (export "bits_above_zero") (result i32)
    (i64.gt_u (i64.const 0) (i64.reinterpret_f64 (f64.const 0x0.00000deadbeefp-1022))))
  ;; bits_equal = 1
  (func (export "bits_equal") (result i32)
    (i32.eq (i32.const 0x3f800000) (i32.reinterpret_f32 (f32.const 1))))
  ;; bits_of_zeros_differ = 1
  (func (export "bits_of_zeros_differ") (result i32)
    (i32.ne (i32.reinterpret_f32 (f32.const 0)) (i32.reinterpret_f32 (f32.const -0))))
  ;; converted_and_rounded_once 0x0020000020000001 = 1509949441
  (func (export "converted_and_rounded_once") (param i64) (result i32)
    (i32.reinterpret_f32 (f32.convert_i64_u (local.get 0))))
  ;; largest_unsigned_to_float -1 = 1.8446744073709552e+19
  (func (export "largest_unsigned_to_float") (param i64) (result f64)
    (f64.convert_i64_u (local.get 0)))
  ;; wide_division_dropped ! integer divide by zero
  (func (export "wide_division_dropped") (drop (i64.div_u (i64.const 7) (i64.const 0))))
  ;; wide_overflow_dropped ! integer overflow
  (func (export "wide_overflow_dropped")
    (drop (i64.div_s (i64.const 0x8000000000000000) (i64.const -1))))
  ;; wide_remainder_of_overflow = 0
  (func (export "wide_remainder_of_overflow") (result i64)
    (i64.rem_s (i64.const 0x8000000000000000) (i64.const -1)))
  ;; remainder_of_overflow 0x80000000 -1 = 0
  (func (export "remainder_of_overflow") (param i32 i32) (result i32)
    (i32.rem_s (local.get 0) (local.get 1)))
  ;; truncation_at_the_edge 2147483647.9 = 2147483647
  ;; truncation_at_the_edge -2147483648.9 = -2147483648
  ;; truncation_at_the_edge 2147483648 ! integer overflow
  ;; truncation_at_the_edge -2147483649 ! integer overflow
  (func (export "truncation_at_the_edge") (param f64) (result i32)
    (i32.trunc_f64_s (local.get 0)))
  ;; unsigned_truncation_of_fraction -0.9 = 0
  ;; unsigned_truncation_of_fraction -1 ! integer overflow
  (func (export "unsigned_truncation_of_fraction") (param f32) (result i64)
    (i64.trunc_f32_u (local.get 0))))
