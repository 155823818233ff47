;; A WASI command for bodies that come while it runs; its query says what it does:
;; e: sends every part back at once; c: answers with the number of bytes, 8 of them; n: answers
;; without a look; f: waits for the first part and answers with that; w: begins its answer and sleeps
;; for a minute; p: polls for input and 200 ms, sends back what comes and a "." when nothing does;
;; s: waits for the first part, in vain for 100 ms, then sleeps for 300 ms; k: does not block, and
;; logs the number of the error with which that ends; v: reads into two buffers, of 3 and 5 bytes.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_set_flags" (func $flags (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 4)
  (data (i32.const 64) "Content-Type: text/plain\n\n")
  (data (i32.const 192) "QUERY_STRING=")
  (data (i32.const 208) ".")
  ;; 0 a buffer, 8 another, 16 count, 24 sum, 256 two subscriptions, 384 events, 65536 bytes
  (func $must (param i32)
    (if (local.get 0) (then unreachable)))
  (func $say_to (param $fd i32) (param $at i32) (param $length i32)
    (loop $more
      (if (local.get $length)
        (then
          (i32.store (i32.const 0) (local.get $at))
          (i32.store (i32.const 4) (local.get $length))
          (call $must (call $write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 16)))
          (local.set $at (i32.add (local.get $at) (i32.load (i32.const 16))))
          (local.set $length (i32.sub (local.get $length) (i32.load (i32.const 16))))
          (br $more)))))
  (func $say (param $at i32) (param $length i32)
    (call $say_to (i32.const 1) (local.get $at) (local.get $length)))
  (func $head
    (call $say (i32.const 64) (i32.const 26)))
  ;; The error, with the bytes and their count in place.
  (func $try_read (result i32)
    (i32.store (i32.const 0) (i32.const 65536))
    (i32.store (i32.const 4) (i32.const 65536))
    (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)))
  (func $read_some (result i32)
    (call $must (call $try_read))
    (i32.load (i32.const 16)))

  ;; Waits for so many milliseconds, and for input if that is wanted; whether there is some.
  (func $wait (param $milliseconds i32) (param $reads i32) (result i32)
    (local $i i32) (local $found i32)
    (memory.fill (i32.const 256) (i32.const 0) (i32.const 96))
    (i32.store (i32.const 272) (i32.const 1))
    (i64.store (i32.const 280) (i64.mul (i64.extend_i32_u (local.get $milliseconds)) (i64.const 1000000)))
    (i64.store (i32.const 304) (i64.const 7))
    (i32.store8 (i32.const 312) (i32.const 1))
    (call $must (call $poll (i32.const 256) (i32.const 384) (i32.add (i32.const 1) (local.get $reads)) (i32.const 16)))
    (loop $next
      (if (i64.eq (i64.load (i32.add (i32.const 384) (i32.shl (local.get $i) (i32.const 5)))) (i64.const 7))
        (then (local.set $found (i32.const 1))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (i32.load (i32.const 16)))))
    (local.get $found))

  (func $starts (param $text i32) (result i32)
    (local $i i32)
    (loop $next
      (if (i32.ne (i32.load8_u (i32.add (local.get $text) (local.get $i)))
          (i32.load8_u (i32.add (i32.const 192) (local.get $i))))
        (then (return (i32.const 0))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 13))))
    (i32.const 1))
  ;; The query's first byte; variables are at 4096, their texts behind.
  (func $query (result i32)
    (local $at i32)
    (drop (call $environ_get (i32.const 4096) (i32.const 8192)))
    (local.set $at (i32.const 4096))
    (loop $next
      (if (call $starts (i32.load (local.get $at)))
        (then (return (i32.load8_u (i32.add (i32.load (local.get $at)) (i32.const 13))))))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br $next))
    (unreachable))

  (func $do_echo
    (local $count i32)
    (call $head)
    (loop $more
      (local.set $count (call $read_some))
      (call $say (i32.const 65536) (local.get $count))
      (br_if $more (local.get $count))))
  (func $do_count
    (local $count i32)
    (loop $more
      (local.set $count (call $read_some))
      (i64.store (i32.const 24) (i64.add (i64.load (i32.const 24)) (i64.extend_i32_u (local.get $count))))
      (br_if $more (local.get $count)))
    (call $head)
    (call $say (i32.const 24) (i32.const 8)))
  (func $do_first
    (local $count i32)
    (local.set $count (call $read_some))
    (call $head)
    (call $say (i32.const 65536) (local.get $count)))
  (func $do_poll
    (local $count i32)
    (call $head)
    (loop $more
      (if (i32.eqz (call $wait (i32.const 200) (i32.const 1)))
        (then (call $say (i32.const 208) (i32.const 1)) (br $more)))
      (local.set $count (call $read_some))
      (call $say (i32.const 65536) (local.get $count))
      (br_if $more (local.get $count))))
  (func $do_sleep
    (drop (call $wait (i32.const 100) (i32.const 1)))
    (drop (call $wait (i32.const 300) (i32.const 0)))
    (call $head))
  (func $do_not_block
    (local $error i32)
    (call $must (call $flags (i32.const 0) (i32.const 4)))
    (loop $more
      (local.set $error (call $try_read))
      (br_if $more (i32.or
        (i32.eq (local.get $error) (i32.const 6))
        (i32.and (i32.eqz (local.get $error)) (i32.ne (i32.load (i32.const 16)) (i32.const 0))))))
    (i32.store8 (i32.const 208) (i32.add (i32.const 48) (i32.div_u (local.get $error) (i32.const 10))))
    (i32.store8 (i32.const 209) (i32.add (i32.const 48) (i32.rem_u (local.get $error) (i32.const 10))))
    (i32.store8 (i32.const 210) (i32.const 10))
    (call $say_to (i32.const 2) (i32.const 208) (i32.const 3))
    (call $head))
  (func $do_two_buffers
    (i32.store (i32.const 0) (i32.const 65536))
    (i32.store (i32.const 4) (i32.const 3))
    (i32.store (i32.const 8) (i32.const 65539))
    (i32.store (i32.const 12) (i32.const 5))
    (call $must (call $read (i32.const 0) (i32.const 0) (i32.const 2) (i32.const 20)))
    (call $head)
    (call $say (i32.const 65536) (i32.load (i32.const 20))))

  (func (export "_start")
    (local $what i32)
    (local.set $what (call $query))
    (if (i32.eq (local.get $what) (i32.const 0x65)) (then (call $do_echo) (return)))
    (if (i32.eq (local.get $what) (i32.const 0x63)) (then (call $do_count) (return)))
    (if (i32.eq (local.get $what) (i32.const 0x66)) (then (call $do_first) (return)))
    (if (i32.eq (local.get $what) (i32.const 0x70)) (then (call $do_poll) (return)))
    (if (i32.eq (local.get $what) (i32.const 0x73)) (then (call $do_sleep) (return)))
    (if (i32.eq (local.get $what) (i32.const 0x6b)) (then (call $do_not_block) (return)))
    (if (i32.eq (local.get $what) (i32.const 0x76)) (then (call $do_two_buffers) (return)))
    (call $head)
    (if (i32.eq (local.get $what) (i32.const 0x77))
      (then (drop (call $wait (i32.const 60000) (i32.const 0)))))))
