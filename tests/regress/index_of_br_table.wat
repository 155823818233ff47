;; The index of a br_table is compared without sign and before it chooses: all that is not below
;; the number of labels takes the default. (WAMR #4065)
(module
  ;; choose 0 = 10
  ;; choose 1 = 11
  ;; choose 2 = 12
  ;; choose 3 = 99
  ;; choose 4 = 99
  ;; choose 0x7fffffff = 99
  ;; choose 0x80000000 = 99
  ;; choose 0x80000001 = 99
  ;; choose 0xffffffff = 99
  (func (export "choose") (param i32) (result i32)
    (block $default (block $2 (block $1 (block $0
      (br_table $0 $1 $2 $default (local.get 0)))
      (return (i32.const 10))) (return (i32.const 11))) (return (i32.const 12)))
    (i32.const 99))
  ;; one 0 = 5
  ;; one 1 = 6
  ;; one 0xffffffff = 6
  (func (export "one") (param i32) (result i32)
    (block $default (block $0 (br_table $0 $default (local.get 0))) (return (i32.const 5)))
    (i32.const 6))
  ;; none 0 = 3
  ;; none 0xffffffff = 3
  (func (export "none") (param i32) (result i32)
    (block $default (result i32) (br_table $default (i32.const 3) (local.get 0))))
  ;; with_value 0 = 107
  ;; with_value 1 = 7
  ;; with_value 0x80000000 = 7
  (func (export "with_value") (param i32) (result i32)
    (block $default (result i32)
      (i32.add (i32.const 100) (block $0 (result i32)
        (br_table $0 $default (i32.const 7) (local.get 0)))))))
