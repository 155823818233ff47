;; Loops that look for something: results at every place near the end of the memory, and traps.
(module
  (memory 1)
  (global $sum (mut i32) (i32.const 0))
  (type $search (func (param i32 i32 i32) (result i32)))
  (table funcref (elem $strlen $memchr $memcmp $strcmp $words $words_of $halves $doubles $far
    $counted_by_64 $skip $mask $pair))

  (func $strlen (export "strlen") (param $p i32) (param $q i32) (param $n i32) (result i32)
    (loop $next
      (local.set $q (i32.load8_u (local.get $p)))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $next (local.get $q)))
    (local.get $p))

  (func $memchr (export "memchr") (param $p i32) (param $q i32) (param $n i32) (result i32)
    (block $end
      (loop $next
        (br_if $end (i32.eqz (local.get $n)))
        (br_if $end (i32.eq (i32.load8_u (local.get $p)) (i32.and (local.get $q) (i32.const 255))))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $next)))
    (i32.add (local.get $p) (i32.mul (local.get $n) (i32.const 77))))

  (func $memcmp (export "memcmp") (param $p i32) (param $q i32) (param $n i32) (result i32)
    (local $a i32) (local $b i32)
    (block $end
      (loop $next
        (br_if $end (i32.eqz (local.get $n)))
        (local.set $a (i32.load8_u (local.get $p)))
        (local.set $b (i32.load8_u (local.get $q)))
        (br_if $end (i32.ne (local.get $a) (local.get $b)))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (local.set $q (i32.add (local.get $q) (i32.const 1)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $next)))
    (i32.add (i32.mul (local.get $n) (i32.const 77)) (i32.sub (local.get $a) (local.get $b))))

  (func $strcmp (export "strcmp") (param $p i32) (param $q i32) (param $n i32) (result i32)
    (local $a i32) (local $b i32)
    (block $end
      (loop $next
        (local.set $a (i32.load8_u (local.get $p)))
        (local.set $b (i32.load8_u (local.get $q)))
        (br_if $end (i32.ne (local.get $a) (local.get $b)))
        (br_if $end (i32.eqz (local.get $a)))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (local.set $q (i32.add (local.get $q) (i32.const 1)))
        (br $next)))
    (i32.add (i32.mul (local.get $p) (i32.const 77)) (i32.sub (local.get $a) (local.get $b))))

  ;; Words without a byte that is zero, four bytes a turn.
  (func $words (export "words") (param $p i32) (param $q i32) (param $n i32) (result i32)
    (local $a i32)
    (block $end
      (loop $next
        (br_if $end (i32.lt_u (local.get $n) (i32.const 4)))
        (local.set $a (i32.xor (i32.load (local.get $p)) (i32.const 0x01010101)))
        (br_if $end (i32.ne (i32.const 0x80808080) (i32.and (i32.const 0x80808080)
          (i32.or (local.get $a) (i32.sub (i32.const 0x01010100) (local.get $a))))))
        (local.set $p (i32.add (local.get $p) (i32.const 4)))
        (local.set $n (i32.sub (local.get $n) (i32.const 4)))
        (br $next)))
    (i32.add (local.get $p) (i32.mul (local.get $n) (i32.const 77))))

  (func $words_of (export "words_of") (param $p i32) (param $q i32) (param $n i32) (result i32)
    (local $a i32)
    (loop $next
      (local.set $a (i32.load offset=12 (local.get $p)))
      (local.set $p (i32.add (local.get $p) (i32.const 4)))
      (br_if $next (i32.eq (local.get $a) (i32.load offset=4 (local.get $q)))
        (local.set $q (i32.add (local.get $q) (i32.const 4)))))
    (i32.add (local.get $p) (local.get $a)))

  (func $halves (export "halves") (param $p i32) (param $q i32) (param $n i32) (result i32)
    (local $i i32)
    (block $end
      (loop $next
        (br_if $end (i32.ge_u (local.get $i) (local.get $n)))
        (br_if $end (i32.ne (i32.load16_s (i32.add (local.get $p) (i32.shl (local.get $i) (i32.const 1))))
          (i32.const 0x101)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (local.get $i))

  (func $doubles (export "doubles") (param $p i32) (param $q i32) (param $n i32) (result i32)
    (block $end
      (loop $next
        (br_if $end (i32.eqz (local.get $n)))
        (br_if $end (i64.ne (i64.load (local.get $p)) (i64.load offset=8 (local.get $p))))
        (local.set $p (i32.add (local.get $p) (i32.const 8)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $next)))
    (i32.add (local.get $p) (i32.mul (local.get $n) (i32.const 77))))

  ;; Bytes that are not looked at may trap all the same: one of a hundred bytes on.
  (func $far (export "far") (param $p i32) (param $q i32) (param $n i32) (result i32)
    (loop $next
      (drop (i32.load16_u offset=100 (local.get $p)))
      (local.set $q (i32.load8_s (local.get $p)))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $next (i32.eq (local.get $q) (i32.const 1))))
    (i32.add (local.get $p) (local.get $q)))

  (func $counted_by_64 (export "counted_by_64") (param $p i32) (param $q i32) (param $n i32) (result i32)
    (local $i i64)
    (block $end
      (loop $next
        (br_if $end (i64.gt_s (local.get $i) (i64.extend_i32_s (local.get $n))))
        (br_if $end (i32.ne (i32.load8_u (i32.add (local.get $p) (i32.wrap_i64 (local.get $i))))
          (i32.const 1)))
        (local.set $i (i64.add (local.get $i) (i64.const 1)))
        (br $next)))
    (i32.wrap_i64 (local.get $i)))

  ;; Either of two values goes on.
  (func $skip (export "skip") (param $p i32) (param $q i32) (param $n i32) (result i32)
    (local $a i32)
    (loop $next
      (local.set $a (i32.load8_u (local.get $p)))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $next (i32.or (i32.eq (local.get $a) (i32.const 1)) (i32.eq (local.get $a) (i32.const 2)))))
    (i32.add (local.get $p) (local.get $a)))

  (func $mask (export "mask") (param $p i32) (param $q i32) (param $n i32) (result i32)
    (loop $next
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $next (i32.and (i32.shr_u (i32.const 0x26) (i32.load8_u (i32.sub (local.get $p) (i32.const 1))))
        (i32.const 1))))
    (local.get $p))

  ;; Ends by what it counts as well as by what it reads, in one condition.
  (func $pair (export "pair") (param $p i32) (param $q i32) (param $n i32) (result i32)
    (loop $next
      (local.set $q (i32.load8_u (local.get $p)))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (local.set $n (i32.sub (local.get $n) (i32.const 3)))
      (br_if $next (i32.and (i32.gt_s (local.get $n) (i32.const 5)) (i32.eq (local.get $q) (i32.const 1)))))
    (i32.add (local.get $p) (i32.mul (local.get $n) (i32.const 77))))

  ;; A memory of bytes 1, but for two of others.
  (func $prepare (param $first i32) (param $second i32)
    (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536))
    (i32.store8 (local.get $first) (i32.const 0))
    (i32.store8 (local.get $second) (i32.const 5)))

  (func $note (param $value i32)
    (global.set $sum (i32.add (i32.mul (global.get $sum) (i32.const 31)) (local.get $value))))

  ;; All searches with what they look for at distances up to 150, from two bytes to the end.
  (func (export "checksum") (result i32)
    (local $kind i32) (local $length i32) (local $end i32) (local $n i32) (local $start i32)
    (loop $ends
      (local.set $length (i32.const 0))
      (loop $lengths
        (local.set $start (i32.sub (i32.const 65400) (local.get $length)))
        (call $prepare (i32.sub (i32.const 65535) (local.get $end)) (i32.const 65420))
        (local.set $kind (i32.const 0))
        (loop $kinds
          (if (i32.ge_u (local.get $end) (i32.const 110)) (then
            (local.set $start (i32.sub (i32.const 65300) (local.get $length)))))
          (local.set $n (select (local.get $length) (i32.shr_u (local.get $length) (i32.const 1))
            (i32.and (local.get $end) (i32.const 1))))
          (call $note (call_indirect (type $search) (local.get $start)
            (select (i32.const 5) (i32.const 1000) (i32.eq (local.get $kind) (i32.const 1)))
            (local.get $n) (local.get $kind)))
          (br_if $kinds (i32.lt_u (local.tee $kind (i32.add (local.get $kind) (i32.const 1))) (i32.const 13))))
        (br_if $lengths (i32.lt_u (local.tee $length (i32.add (local.get $length) (i32.const 1)))
          (i32.const 150))))
      (br_if $ends (i32.lt_u (local.tee $end (i32.add (local.get $end) (i32.const 7))) (i32.const 130))))
    (global.get $sum))

  ;; Up to the very last byte, found or counted.
  (func (export "checksum_at_the_end") (result i32)
    (local $length i32)
    (call $prepare (i32.const 65535) (i32.const 0))
    (loop $next
      (call $note (call $strlen (i32.sub (i32.const 65535) (local.get $length)) (i32.const 0) (i32.const 0)))
      (call $note (call $memchr (i32.sub (i32.const 65535) (local.get $length)) (i32.const 9)
        (i32.add (local.get $length) (i32.const 1))))
      (call $note (call $memchr (i32.sub (i32.const 65535) (local.get $length)) (i32.const 0) (i32.const -1)))
      (call $note (call $memcmp (i32.sub (i32.const 65535) (local.get $length)) (i32.const 99)
        (i32.add (local.get $length) (i32.const 1))))
      (call $note (call $words (i32.sub (i32.const 65535) (local.get $length)) (i32.const 0)
        (i32.add (local.get $length) (i32.const 1))))
      (call $note (call $doubles (i32.sub (i32.const 65520) (local.get $length)) (i32.const 0)
        (i32.shr_u (local.get $length) (i32.const 3))))
      (br_if $next (i32.lt_u (local.tee $length (i32.add (local.get $length) (i32.const 1)))
        (i32.const 200))))
    (global.get $sum))

  (func $ones (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536)))
  (func (export "trap_strlen") (result i32)
    (call $ones) (call $strlen (i32.const 65000) (i32.const 0) (i32.const 0)))
  (func (export "trap_strlen_outside") (result i32)
    (call $ones) (call $strlen (i32.const -8) (i32.const 0) (i32.const 0)))
  (func (export "trap_memchr") (result i32)
    (call $ones) (call $memchr (i32.const 65000) (i32.const 0) (i32.const 537)))
  (func (export "trap_memchr_of_all") (result i32)
    (call $ones) (call $memchr (i32.const 1) (i32.const 0) (i32.const -1)))
  (func (export "trap_memcmp") (result i32)
    (call $ones) (call $memcmp (i32.const 10) (i32.const 65400) (i32.const 137)))
  (func (export "trap_memcmp_of_first") (result i32)
    (call $ones) (call $memcmp (i32.const 65400) (i32.const 10) (i32.const 137)))
  (func (export "trap_strcmp") (result i32)
    (call $ones) (call $strcmp (i32.const 65400) (i32.const 10) (i32.const 0)))
  (func (export "trap_words") (result i32)
    (memory.fill (i32.const 0) (i32.const 2) (i32.const 65536))
    (call $words (i32.const 65001) (i32.const 0) (i32.const 536)))
  (func (export "trap_words_of") (result i32)
    (call $ones) (call $words_of (i32.const 65001) (i32.const 0) (i32.const 0)))
  (func (export "trap_halves") (result i32)
    (call $ones) (call $halves (i32.const 65000) (i32.const 0) (i32.const 269)))
  (func (export "trap_doubles") (result i32)
    (call $ones) (call $doubles (i32.const 65000) (i32.const 0) (i32.const 67)))
  (func (export "trap_far") (result i32)
    (call $prepare (i32.const 65436) (i32.const 0))
    (call $far (i32.const 65000) (i32.const 0) (i32.const 0)))
  (func (export "trap_counted_by_64") (result i32)
    (call $ones) (call $counted_by_64 (i32.const 65000) (i32.const 0) (i32.const 536)))
  (func (export "trap_skip") (result i32)
    (call $ones) (call $skip (i32.const 65000) (i32.const 0) (i32.const 0)))
  (func (export "trap_mask") (result i32)
    (call $ones) (call $mask (i32.const 65000) (i32.const 0) (i32.const 0)))
  (func (export "trap_pair") (result i32)
    (call $ones) (call $pair (i32.const 65000) (i32.const 0) (i32.const 0x7fffffff))))
