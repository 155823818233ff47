;; A WASI command whose query says what it does behind the head and a line: "n": writes a piece of 64
;; KiB and again, "s": sleeps 100 ms, "t": traps, "l": says that the line is all and writes more.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get"
    (func $environ_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff"
    (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 4)
  (data (i32.const 64) "Content-Type: text/plain\n\nfirst\n")
  (data (i32.const 128) "Content-Type: text/plain\nContent-Length: 6\n\nfirst\n")
  (data (i32.const 192) "QUERY_STRING=")
  (data (i32.const 224) "last\n")

  ;; All of it, however little is taken at a time.
  (func $say (param $at i32) (param $length i32)
    (loop $more
      (i32.store (i32.const 0) (local.get $at))
      (i32.store (i32.const 4) (local.get $length))
      (if (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)) (then (return)))
      (local.set $at (i32.add (local.get $at) (i32.load (i32.const 8))))
      (local.set $length (i32.sub (local.get $length) (i32.load (i32.const 8))))
      (br_if $more (local.get $length))))

  ;; 100 ms of the monotonic clock.
  (func $sleep
    (memory.fill (i32.const 256) (i32.const 0) (i32.const 48))
    (i32.store (i32.const 272) (i32.const 1))
    (i64.store (i32.const 280) (i64.const 100000000))
    (drop (call $poll (i32.const 256) (i32.const 320) (i32.const 1) (i32.const 8))))

  (func $starts (param $text i32) (result i32)
    (local $i i32)
    (loop $next
      (if (i32.ne (i32.load8_u (i32.add (local.get $text) (local.get $i)))
          (i32.load8_u (i32.add (i32.const 192) (local.get $i))))
        (then (return (i32.const 0))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 13))))
    (i32.const 1))

  ;; The query; variables are at 4096, their texts behind.
  (func $query (result i32)
    (local $at i32)
    (drop (call $environ_get (i32.const 4096) (i32.const 8192)))
    (local.set $at (i32.const 4096))
    (loop $next
      (if (call $starts (i32.load (local.get $at)))
        (then (return (i32.add (i32.load (local.get $at)) (i32.const 13)))))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br $next))
    (unreachable))

  (func (export "_start")
    (local $at i32) (local $c i32)
    (local.set $at (call $query))
    (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 108))
      (then (call $say (i32.const 128) (i32.const 50)))
      (else (call $say (i32.const 64) (i32.const 32))))
    (loop $next
      (local.set $c (i32.load8_u (local.get $at)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (if (i32.eq (local.get $c) (i32.const 110)) (then (call $say (i32.const 65536) (i32.const 65536))))
      (if (i32.eq (local.get $c) (i32.const 115)) (then (call $sleep)))
      (if (i32.eq (local.get $c) (i32.const 116)) (then (unreachable)))
      (br_if $next (local.get $c)))
    (call $say (i32.const 224) (i32.const 5))))
