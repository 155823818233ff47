;; Whole functions that look for a byte: results at all places, and traps at the end of the memory.
(module
  (memory 1 2)
  (global $sum (mut i32) (i32.const 0))
  (global $calls (mut i32) (i32.const 0))
  (type $scan (func (param i32 i32) (result i32)))
  (table funcref (elem $strlen $strlen_64 $end $strchrnul $strcspn_1 $bytes $late $counted
    $three_of_four $from_second $not_positive $whole_wanted $strnlen))

  (func $strlen (export "strlen") (param $s i32) (param $c i32) (result i32)
    (local $p i32) (local $w i32)
    (local.set $p (local.get $s))
    (block $found
      (block $words
        (loop $align
          (br_if $words (i32.eqz (i32.and (local.get $p) (i32.const 3))))
          (br_if $found (i32.eqz (i32.load8_u (local.get $p))))
          (local.set $p (i32.add (local.get $p) (i32.const 1)))
          (br $align)))
      (loop $word
        (local.set $w (i32.load (local.get $p)))
        (if (i32.eqz (i32.and (i32.const 0x80808080)
          (i32.and (i32.xor (local.get $w) (i32.const -1)) (i32.add (local.get $w) (i32.const -0x01010101)))))
          (then
            (local.set $p (i32.add (local.get $p) (i32.const 4)))
            (br $word))))
      (loop $byte
        (br_if $found (i32.eqz (i32.load8_u (local.get $p))))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (br $byte)))
    (i32.sub (local.get $p) (local.get $s)))

  (func $strlen_64 (export "strlen_64") (param $s i32) (param $c i32) (result i32)
    (local $p i32) (local $w i64)
    (local.set $p (local.get $s))
    (block $found
      (block $words
        (loop $align
          (br_if $words (i32.eqz (i32.and (local.get $p) (i32.const 7))))
          (br_if $found (i32.eqz (i32.load8_u (local.get $p))))
          (local.set $p (i32.add (local.get $p) (i32.const 1)))
          (br $align)))
      (loop $word
        (local.set $w (i64.load (local.get $p)))
        (if (i64.eq (i64.const 0x8080808080808080) (i64.and (i64.const 0x8080808080808080)
          (i64.or (i64.sub (i64.const 0x0101010101010100) (local.get $w)) (local.get $w))))
          (then
            (local.set $p (i32.add (local.get $p) (i32.const 8)))
            (br $word))))
      (loop $byte
        (br_if $found (i32.eqz (i32.load8_u (local.get $p))))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (br $byte)))
    (i32.sub (local.get $p) (local.get $s)))

  (func $end (export "end") (param $s i32) (param $c i32) (result i32)
    (local $p i32) (local $w i32)
    (local.set $p (local.get $s))
    (block $found
      (block $words
        (loop $align
          (br_if $words (i32.eqz (i32.and (local.get $p) (i32.const 3))))
          (br_if $found (i32.eqz (i32.load8_u (local.get $p))))
          (local.set $p (i32.add (local.get $p) (i32.const 1)))
          (br $align)))
      (loop $word
        (local.set $w (i32.load (local.get $p)))
        (if (i32.eqz (i32.and (i32.const 0x80808080)
          (i32.and (i32.xor (local.get $w) (i32.const -1)) (i32.add (local.get $w) (i32.const -0x01010101)))))
          (then
            (local.set $p (i32.add (local.get $p) (i32.const 4)))
            (br $word))))
      (loop $byte
        (br_if $found (i32.eqz (i32.load8_u (local.get $p))))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (br $byte)))
    (local.get $p))

  (func $strchrnul (export "strchrnul") (param $s i32) (param $c i32) (result i32)
    (local $p i32) (local $w i32)
    (if (i32.eqz (i32.and (local.get $c) (i32.const 255)))
      (then (return (i32.add (local.get $s) (call $strlen (local.get $s) (i32.const 0))))))
    (local.set $p (local.get $s))
    (block $found
      (block $words
        (loop $align
          (br_if $words (i32.eqz (i32.and (local.get $p) (i32.const 3))))
          (br_if $found (i32.or (i32.eqz (i32.load8_u (local.get $p)))
            (i32.eq (i32.load8_u (local.get $p)) (i32.and (local.get $c) (i32.const 255)))))
          (local.set $p (i32.add (local.get $p) (i32.const 1)))
          (br $align)))
      (loop $word
        (local.set $w (i32.load (local.get $p)))
        (if (i32.eqz (i32.and (i32.const 0x80808080)
          (i32.and (i32.xor (local.get $w) (i32.const -1)) (i32.add (local.get $w) (i32.const -0x01010101)))))
          (then
            (local.set $w (i32.xor (local.get $w)
              (i32.mul (i32.and (local.get $c) (i32.const 255)) (i32.const 0x01010101))))
            (if (i32.eqz (i32.and (i32.const 0x80808080)
              (i32.and (i32.xor (local.get $w) (i32.const -1)) (i32.add (local.get $w) (i32.const -0x01010101)))))
              (then
                (local.set $p (i32.add (local.get $p) (i32.const 4)))
                (br $word))))))
      (loop $byte
        (br_if $found (i32.or (i32.eqz (i32.load8_u (local.get $p)))
            (i32.eq (i32.load8_u (local.get $p)) (i32.and (local.get $c) (i32.const 255)))))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (br $byte)))
    (local.get $p))

  (func $strcspn_1 (export "strcspn_1") (param $s i32) (param $c i32) (result i32)
    (local $p i32) (local $w i32)
    (if (i32.eqz (i32.and (local.get $c) (i32.const 255)))
      (then (return (call $strlen (local.get $s) (i32.const 0)))))
    (local.set $p (local.get $s))
    (block $found
      (block $words
        (loop $align
          (br_if $words (i32.eqz (i32.and (local.get $p) (i32.const 3))))
          (br_if $found (i32.or (i32.eqz (i32.load8_u (local.get $p)))
            (i32.eq (i32.load8_u (local.get $p)) (i32.and (local.get $c) (i32.const 255)))))
          (local.set $p (i32.add (local.get $p) (i32.const 1)))
          (br $align)))
      (loop $word
        (local.set $w (i32.load (local.get $p)))
        (if (i32.eqz (i32.and (i32.const 0x80808080)
          (i32.and (i32.xor (local.get $w) (i32.const -1)) (i32.add (local.get $w) (i32.const -0x01010101)))))
          (then
            (local.set $w (i32.xor (local.get $w)
              (i32.mul (i32.and (local.get $c) (i32.const 255)) (i32.const 0x01010101))))
            (if (i32.eqz (i32.and (i32.const 0x80808080)
              (i32.and (i32.xor (local.get $w) (i32.const -1)) (i32.add (local.get $w) (i32.const -0x01010101)))))
              (then
                (local.set $p (i32.add (local.get $p) (i32.const 4)))
                (br $word))))))
      (loop $byte
        (br_if $found (i32.or (i32.eqz (i32.load8_u (local.get $p)))
            (i32.eq (i32.load8_u (local.get $p)) (i32.and (local.get $c) (i32.const 255)))))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (br $byte)))
    (i32.sub (local.get $p) (local.get $s)))

  (func $bytes (export "bytes") (param $s i32) (param $c i32) (result i32)
    (local $n i32)
    (loop $next
      (if (i32.load8_u (i32.add (local.get $s) (local.get $n)))
        (then
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br $next))))
    (local.get $n))

  ;; What is nearly one of these, and must stay what it is.
  ;; The last place of a chunk only.
  (func $late (export "late") (param $s i32) (param $c i32) (result i32)
    (local $p i32) (local $w i32)
    (local.set $p (local.get $s))
    (block $found
      (block $words
        (loop $align
          (br_if $words (i32.eqz (i32.and (local.get $p) (i32.const 3))))
          (br_if $found (i32.eqz (i32.load8_u (local.get $p))))
          (local.set $p (i32.add (local.get $p) (i32.const 1)))
          (br $align)))
      (loop $word
        (local.set $w (i32.load (local.get $p)))
        (if (i32.eqz (i32.and (i32.const 0x80808080)
          (i32.and (i32.xor (local.get $w) (i32.const -1)) (i32.add (local.get $w) (i32.const -0x01010101)))))
          (then
            (local.set $p (i32.add (local.get $p) (i32.const 4)))
            (br $word))))
      (loop $byte
        (br_if $found (i32.eqz (i32.load8_u (local.get $p))))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (br $byte)))
    (select (i32.const 99) (local.get $c) (i32.eq (local.tee $c (i32.sub (local.get $p) (local.get $s)))
      (i32.const 31))))

  ;; Somebody sees that it was called.
  (func $counted (export "counted") (param $s i32) (param $c i32) (result i32)
    (local $p i32) (local $w i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (local.set $p (local.get $s))
    (block $found
      (block $words
        (loop $align
          (br_if $words (i32.eqz (i32.and (local.get $p) (i32.const 3))))
          (br_if $found (i32.eqz (i32.load8_u (local.get $p))))
          (local.set $p (i32.add (local.get $p) (i32.const 1)))
          (br $align)))
      (loop $word
        (local.set $w (i32.load (local.get $p)))
        (if (i32.eqz (i32.and (i32.const 0x80808080)
          (i32.and (i32.xor (local.get $w) (i32.const -1)) (i32.add (local.get $w) (i32.const -0x01010101)))))
          (then
            (local.set $p (i32.add (local.get $p) (i32.const 4)))
            (br $word))))
      (loop $byte
        (br_if $found (i32.eqz (i32.load8_u (local.get $p))))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (br $byte)))
    (i32.sub (local.get $p) (local.get $s)))

  ;; A zero in the upper byte of a word is passed over.
  (func $three_of_four (export "three_of_four") (param $s i32) (param $c i32) (result i32)
    (local $p i32) (local $w i32)
    (local.set $p (local.get $s))
    (block $found
      (block $words
        (loop $align
          (br_if $words (i32.eqz (i32.and (local.get $p) (i32.const 3))))
          (br_if $found (i32.eqz (i32.load8_u (local.get $p))))
          (local.set $p (i32.add (local.get $p) (i32.const 1)))
          (br $align)))
      (loop $word
        (local.set $w (i32.load (local.get $p)))
        (if (i32.eqz (i32.and (i32.const 0x00808080)
          (i32.and (i32.xor (local.get $w) (i32.const -1)) (i32.add (local.get $w) (i32.const -0x01010101)))))
          (then
            (local.set $p (i32.add (local.get $p) (i32.const 4)))
            (br $word))))
      (loop $byte
        (br_if $found (i32.eqz (i32.load8_u (local.get $p))))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (br $byte)))
    (i32.sub (local.get $p) (local.get $s)))

  (func $from_second (export "from_second") (param $s i32) (param $c i32) (result i32)
    (local $p i32) (local $w i32)
    (local.set $p (i32.add (local.get $s) (i32.const 1)))
    (block $found
      (block $words
        (loop $align
          (br_if $words (i32.eqz (i32.and (local.get $p) (i32.const 3))))
          (br_if $found (i32.eqz (i32.load8_u (local.get $p))))
          (local.set $p (i32.add (local.get $p) (i32.const 1)))
          (br $align)))
      (loop $word
        (local.set $w (i32.load (local.get $p)))
        (if (i32.eqz (i32.and (i32.const 0x80808080)
          (i32.and (i32.xor (local.get $w) (i32.const -1)) (i32.add (local.get $w) (i32.const -0x01010101)))))
          (then
            (local.set $p (i32.add (local.get $p) (i32.const 4)))
            (br $word))))
      (loop $byte
        (br_if $found (i32.eqz (i32.load8_u (local.get $p))))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (br $byte)))
    (i32.sub (local.get $p) (local.get $s)))

  ;; Bytes from 128 on end it, too.
  (func $not_positive (export "not_positive") (param $s i32) (param $c i32) (result i32)
    (local $p i32) (local $w i32)
    (local.set $p (local.get $s))
    (block $found
      (block $words
        (loop $align
          (br_if $words (i32.eqz (i32.and (local.get $p) (i32.const 3))))
          (br_if $found (i32.le_s (i32.load8_s (local.get $p)) (i32.const 0)))
          (local.set $p (i32.add (local.get $p) (i32.const 1)))
          (br $align)))
      (loop $word
        (local.set $w (i32.load (local.get $p)))
        (if (i32.eqz (i32.and (i32.const 0x80808080)
          (i32.and (i32.xor (local.get $w) (i32.const -1)) (i32.add (local.get $w) (i32.const -0x01010101)))))
          (then
            (local.set $p (i32.add (local.get $p) (i32.const 4)))
            (br $word))))
      (loop $byte
        (br_if $found (i32.le_s (i32.load8_s (local.get $p)) (i32.const 0)))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (br $byte)))
    (i32.sub (local.get $p) (local.get $s)))

  ;; A second argument above 255 is never found.
  (func $whole_wanted (export "whole_wanted") (param $s i32) (param $c i32) (result i32)
    (local $p i32) (local $w i32)
    (if (i32.eqz (i32.and (local.get $c) (i32.const 255)))
      (then (return (i32.add (local.get $s) (call $strlen (local.get $s) (i32.const 0))))))
    (local.set $p (local.get $s))
    (block $found
      (block $words
        (loop $align
          (br_if $words (i32.eqz (i32.and (local.get $p) (i32.const 3))))
          (br_if $found (i32.or (i32.eqz (i32.load8_u (local.get $p)))
            (i32.eq (i32.load8_u (local.get $p)) (local.get $c))))
          (local.set $p (i32.add (local.get $p) (i32.const 1)))
          (br $align)))
      (loop $word
        (local.set $w (i32.load (local.get $p)))
        (if (i32.eqz (i32.and (i32.const 0x80808080)
          (i32.and (i32.xor (local.get $w) (i32.const -1)) (i32.add (local.get $w) (i32.const -0x01010101)))))
          (then
            (local.set $w (i32.xor (local.get $w)
              (i32.mul (i32.and (local.get $c) (i32.const 255)) (i32.const 0x01010101))))
            (if (i32.eqz (i32.and (i32.const 0x80808080)
              (i32.and (i32.xor (local.get $w) (i32.const -1)) (i32.add (local.get $w) (i32.const -0x01010101)))))
              (then
                (local.set $p (i32.add (local.get $p) (i32.const 4)))
                (br $word))))))
      (loop $byte
        (br_if $found (i32.or (i32.eqz (i32.load8_u (local.get $p)))
            (i32.eq (i32.load8_u (local.get $p)) (local.get $c))))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (br $byte)))
    (local.get $p))

  ;; Ends after ten bytes.
  (func $strnlen (export "strnlen") (param $s i32) (param $c i32) (result i32)
    (local $n i32)
    (block $end
      (loop $next
        (br_if $end (i32.eq (local.get $n) (i32.const 10)))
        (br_if $end (i32.eqz (i32.load8_u (i32.add (local.get $s) (local.get $n)))))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br $next)))
    (local.get $n))

  ;; Reads what is behind all that is known to be in bounds.
  (func $ahead (export "ahead") (param $s i32) (param $c i32) (result i32)
    (local $p i32) (local $w i32)
    (drop (i32.load8_u offset=64 (local.get $s)))
    (local.set $p (local.get $s))
    (block $found
      (block $words
        (loop $align
          (br_if $words (i32.eqz (i32.and (local.get $p) (i32.const 3))))
          (br_if $found (i32.eqz (i32.load8_u (local.get $p))))
          (local.set $p (i32.add (local.get $p) (i32.const 1)))
          (br $align)))
      (loop $word
        (local.set $w (i32.load (local.get $p)))
        (if (i32.eqz (i32.and (i32.const 0x80808080)
          (i32.and (i32.xor (local.get $w) (i32.const -1)) (i32.add (local.get $w) (i32.const -0x01010101)))))
          (then
            (local.set $p (i32.add (local.get $p) (i32.const 4)))
            (br $word))))
      (loop $byte
        (br_if $found (i32.eqz (i32.load8_u (local.get $p))))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (br $byte)))
    (i32.sub (local.get $p) (local.get $s)))

  (func $before (export "before") (param $s i32) (param $c i32) (result i32)
    (local $p i32) (local $w i32)
    (drop (i32.load8_u (i32.sub (local.get $s) (i32.const 1))))
    (local.set $p (local.get $s))
    (block $found
      (block $words
        (loop $align
          (br_if $words (i32.eqz (i32.and (local.get $p) (i32.const 3))))
          (br_if $found (i32.eqz (i32.load8_u (local.get $p))))
          (local.set $p (i32.add (local.get $p) (i32.const 1)))
          (br $align)))
      (loop $word
        (local.set $w (i32.load (local.get $p)))
        (if (i32.eqz (i32.and (i32.const 0x80808080)
          (i32.and (i32.xor (local.get $w) (i32.const -1)) (i32.add (local.get $w) (i32.const -0x01010101)))))
          (then
            (local.set $p (i32.add (local.get $p) (i32.const 4)))
            (br $word))))
      (loop $byte
        (br_if $found (i32.eqz (i32.load8_u (local.get $p))))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (br $byte)))
    (i32.sub (local.get $p) (local.get $s)))

  (func $note (param $value i32)
    (global.set $sum (i32.add (i32.rotl (global.get $sum) (i32.const 5)) (local.get $value))))

  ;; All functions, for the byte 9 at one place and zero at another behind the start.
  (func $all (param $start i32) (param $nine i32) (param $zero i32)
    (local $f i32)
    (i32.store8 (i32.add (local.get $start) (local.get $nine)) (i32.const 9))
    (i32.store8 (i32.add (local.get $start) (local.get $zero)) (i32.const 0))
    (loop $next
      (call $note (call_indirect (type $scan) (local.get $start) (i32.const 9) (local.get $f)))
      (call $note (call_indirect (type $scan) (local.get $start) (i32.const 0x109) (local.get $f)))
      (call $note (call_indirect (type $scan) (local.get $start) (i32.const 0x100) (local.get $f)))
      (br_if $next (i32.lt_u (local.tee $f (i32.add (local.get $f) (i32.const 1)))
        (i32.const 13))))
    (i32.store8 (i32.add (local.get $start) (local.get $nine)) (i32.const 0x81))
    (i32.store8 (i32.add (local.get $start) (local.get $zero)) (i32.const 0x81)))

  ;; Zeros behind what is looked for, so that functions that miss it end, too.
  (func $prepare (param $first i32) (param $end i32)
    (memory.fill (i32.const 0) (i32.const 0) (local.get $end))
    (memory.fill (local.get $first) (i32.const 0x81)
      (i32.sub (i32.sub (local.get $end) (i32.const 8)) (local.get $first))))

  (func $everywhere (param $first i32) (param $end i32)
    (local $start i32) (local $nine i32) (local $zero i32)
    (call $prepare (local.get $first) (local.get $end))
    (local.set $start (local.get $first))
    (loop $next_start
      (local.set $nine (i32.const 0))
      (loop $next_nine
        (local.set $zero (i32.const 0))
        (loop $next_zero
          (call $all (local.get $start) (local.get $nine) (local.get $zero))
          (br_if $next_zero (i32.lt_u (local.tee $zero (i32.add (local.get $zero) (i32.const 3)))
            (i32.const 48))))
        (br_if $next_nine (i32.lt_u (local.tee $nine (i32.add (local.get $nine) (i32.const 1)))
          (i32.const 48))))
      (br_if $next_start (i32.lt_u (local.tee $start (i32.add (local.get $start) (i32.const 1)))
        (i32.add (local.get $first) (i32.const 9)))))
    (call $note (global.get $calls)))

  (func (export "checksum_inside") (result i32)
    (call $everywhere (i32.const 1024) (i32.const 1152))
    (global.get $sum))

  (func (export "checksum_at_the_end") (result i32)
    (call $everywhere (i32.const 65467) (i32.const 65536))
    (global.get $sum))

  (func (export "checksum_at_the_new_end") (result i32)
    (drop (memory.grow (i32.const 1)))
    (call $everywhere (i32.const 65510) (i32.const 65700))
    (call $everywhere (i32.const 131003) (i32.const 131072))
    (global.get $sum))

  ;; What is read of the last bytes of a memory, until one is zero, and what traps.
  (func (export "checksum_of_last_bytes") (result i32)
    (local $length i32)
    (memory.fill (i32.const 0) (i32.const 5) (i32.const 65536))
    (i32.store8 (i32.const 65535) (i32.const 0))
    (loop $next
      (call $note (call $strlen (i32.sub (i32.const 65535) (local.get $length)) (i32.const 0)))
      (call $note (call $strlen_64 (i32.sub (i32.const 65535) (local.get $length)) (i32.const 0)))
      (call $note (call $strchrnul (i32.sub (i32.const 65535) (local.get $length)) (i32.const 1)))
      (br_if $next (i32.lt_u (local.tee $length (i32.add (local.get $length) (i32.const 1)))
        (i32.const 200))))
    (global.get $sum))

  (func $ones (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536)))
  (func (export "trap_strlen_1") (result i32)
    (call $ones) (call $strlen (i32.const 65535) (i32.const 2)))
  (func (export "trap_strlen_39") (result i32)
    (call $ones) (call $strlen (i32.const 65497) (i32.const 2)))
  (func (export "trap_strlen_40") (result i32)
    (call $ones) (call $strlen (i32.const 65496) (i32.const 2)))
  (func (export "trap_strlen_41") (result i32)
    (call $ones) (call $strlen (i32.const 65495) (i32.const 2)))
  (func (export "trap_strlen_200") (result i32)
    (call $ones) (call $strlen (i32.const 65336) (i32.const 2)))
  (func (export "trap_strlen_outside") (result i32)
    (call $strlen (i32.const -24) (i32.const 2)))
  (func (export "trap_strlen_64_1") (result i32)
    (call $ones) (call $strlen_64 (i32.const 65535) (i32.const 2)))
  (func (export "trap_strlen_64_39") (result i32)
    (call $ones) (call $strlen_64 (i32.const 65497) (i32.const 2)))
  (func (export "trap_strlen_64_40") (result i32)
    (call $ones) (call $strlen_64 (i32.const 65496) (i32.const 2)))
  (func (export "trap_strlen_64_41") (result i32)
    (call $ones) (call $strlen_64 (i32.const 65495) (i32.const 2)))
  (func (export "trap_strlen_64_200") (result i32)
    (call $ones) (call $strlen_64 (i32.const 65336) (i32.const 2)))
  (func (export "trap_strlen_64_outside") (result i32)
    (call $strlen_64 (i32.const -24) (i32.const 2)))
  (func (export "trap_strchrnul_1") (result i32)
    (call $ones) (call $strchrnul (i32.const 65535) (i32.const 2)))
  (func (export "trap_strchrnul_39") (result i32)
    (call $ones) (call $strchrnul (i32.const 65497) (i32.const 2)))
  (func (export "trap_strchrnul_40") (result i32)
    (call $ones) (call $strchrnul (i32.const 65496) (i32.const 2)))
  (func (export "trap_strchrnul_41") (result i32)
    (call $ones) (call $strchrnul (i32.const 65495) (i32.const 2)))
  (func (export "trap_strchrnul_200") (result i32)
    (call $ones) (call $strchrnul (i32.const 65336) (i32.const 2)))
  (func (export "trap_strchrnul_outside") (result i32)
    (call $strchrnul (i32.const -24) (i32.const 2)))
  (func (export "trap_bytes_1") (result i32)
    (call $ones) (call $bytes (i32.const 65535) (i32.const 2)))
  (func (export "trap_bytes_39") (result i32)
    (call $ones) (call $bytes (i32.const 65497) (i32.const 2)))
  (func (export "trap_bytes_40") (result i32)
    (call $ones) (call $bytes (i32.const 65496) (i32.const 2)))
  (func (export "trap_bytes_41") (result i32)
    (call $ones) (call $bytes (i32.const 65495) (i32.const 2)))
  (func (export "trap_bytes_200") (result i32)
    (call $ones) (call $bytes (i32.const 65336) (i32.const 2)))
  (func (export "trap_bytes_outside") (result i32)
    (call $bytes (i32.const -24) (i32.const 2)))
  (func (export "trap_ahead") (result i32) (call $ahead (i32.const 65480) (i32.const 0)))
  (func (export "trap_before") (result i32) (call $before (i32.const 0) (i32.const 0))))
