(module
  (import "env" "log" (func $log (param i32 i32)))
  (memory 1)
  (data (i32.const 64) "hello from the sandbox")
  (func (export "greet") (param $n i32) (result i32)
    (call $log (i32.const 64) (i32.const 22))
    (i32.add (local.get $n) (i32.const 22)))
  (func (export "wild")
    (drop (i32.load (i32.const 0x10000)))))
