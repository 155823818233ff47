;; Products of 128 bits made of four of 64: the way of __multi3 and that of xxHash. The last three have a
;; piece that makes them something else, or more parts than are looked at.
(module
  (func $in_turn (param $a i64) (param $b i64) (result i64 i64)
    (local $al i64) (local $ah i64) (local $bl i64) (local $bh i64) (local $p i64) (local $t i64) (local $u i64)
    (local.set $al (i64.and (local.get $a) (i64.const 0xffffffff)))
    (local.set $ah (i64.shr_u (local.get $a) (i64.const 32)))
    (local.set $bl (i64.and (local.get $b) (i64.const 0xffffffff)))
    (local.set $bh (i64.shr_u (local.get $b) (i64.const 32)))
    (local.set $p (i64.mul (local.get $al) (local.get $bl)))
    (local.set $t (i64.add (i64.shr_u (local.get $p) (i64.const 32)) (i64.mul (local.get $ah) (local.get $bl))))
    (local.set $u (i64.add (i64.and (local.get $t) (i64.const 0xffffffff)) (i64.mul (local.get $bh) (local.get $al))))
    (i64.or (i64.shl (local.get $u) (i64.const 32)) (i64.and (local.get $p) (i64.const 0xffffffff)))
    (i64.add (i64.add (i64.mul (local.get $ah) (local.get $bh)) (i64.shr_u (local.get $t) (i64.const 32)))
      (i64.shr_u (local.get $u) (i64.const 32))))
  ;; in_turn_low 0x123456789abcdef0 0xfedcba9876543211 = 3864615657200266736
  ;; in_turn_low -1 -1 = 1
  ;; in_turn_low 0xffffffff 0xffffffff = -8589934591
  (func (export "in_turn_low") (param i64 i64) (result i64)
    (call $in_turn (local.get 0) (local.get 1)) (drop))
  ;; in_turn_high 0x123456789abcdef0 0xfedcba9876543211 = 1305938385386173474
  ;; in_turn_high -1 -1 = -2
  ;; in_turn_high 0xffffffff00000000 0x100000001 = 4294967295
  ;; in_turn_high 3 -1 = 2
  (func (export "in_turn_high") (param i64 i64) (result i64) (local i64)
    (call $in_turn (local.get 0) (local.get 1)) (local.set 2) (drop) (local.get 2))
  ;; square -1 = -2
  ;; square 0x100000001 = 1
  ;; square 0xfedcba9876543211 = -163606678303122738
  (func (export "square") (param i64) (result i64) (local i64)
    (call $in_turn (local.get 0) (local.get 0)) (local.set 1) (drop) (local.get 1))
  (func $at_once (param $a i64) (param $b i64) (result i64 i64)
    (local $p i64) (local $q i64) (local $r i64) (local $u i64)
    (local.set $p (i64.mul (i64.and (local.get $a) (i64.const 0xffffffff)) (i64.and (local.get $b) (i64.const 0xffffffff))))
    (local.set $q (i64.mul (i64.shr_u (local.get $a) (i64.const 32)) (i64.and (local.get $b) (i64.const 0xffffffff))))
    (local.set $r (i64.mul (i64.and (local.get $a) (i64.const 0xffffffff)) (i64.shr_u (local.get $b) (i64.const 32))))
    (local.set $u (i64.add (i64.add (i64.shr_u (local.get $p) (i64.const 32)) (i64.and (local.get $q) (i64.const 0xffffffff)))
      (local.get $r)))
    (i64.or (i64.shl (local.get $u) (i64.const 32)) (i64.and (local.get $p) (i64.const 0xffffffff)))
    (i64.add (i64.add (i64.shr_u (local.get $q) (i64.const 32)) (i64.shr_u (local.get $u) (i64.const 32)))
      (i64.mul (i64.shr_u (local.get $a) (i64.const 32)) (i64.shr_u (local.get $b) (i64.const 32)))))
  ;; at_once_low 0x123456789abcdef0 0xfedcba9876543211 = 3864615657200266736
  ;; at_once_low -1 -1 = 1
  (func (export "at_once_low") (param i64 i64) (result i64)
    (call $at_once (local.get 0) (local.get 1)) (drop))
  ;; at_once_high 0x123456789abcdef0 0xfedcba9876543211 = 1305938385386173474
  ;; at_once_high -1 -1 = -2
  ;; at_once_high 0xffffffff00000000 0x100000001 = 4294967295
  (func (export "at_once_high") (param i64 i64) (result i64) (local i64)
    (call $at_once (local.get 0) (local.get 1)) (local.set 2) (drop) (local.get 2))
  ;; same_cross_twice 0x100000000 1 = 0
  ;; same_cross_twice 1 0x100000000 = 0
  ;; same_cross_twice 0x200000003 0x500000007 = 10
  (func (export "same_cross_twice") (param $a i64) (param $b i64) (result i64)
    (local $p i64) (local $q i64) (local $u i64)
    (local.set $p (i64.mul (i64.and (local.get $a) (i64.const 0xffffffff)) (i64.and (local.get $b) (i64.const 0xffffffff))))
    (local.set $q (i64.mul (i64.shr_u (local.get $a) (i64.const 32)) (i64.and (local.get $b) (i64.const 0xffffffff))))
    (local.set $u (i64.add (i64.add (i64.shr_u (local.get $p) (i64.const 32)) (i64.and (local.get $q) (i64.const 0xffffffff)))
      (local.get $q)))
    (i64.add (i64.add (i64.shr_u (local.get $q) (i64.const 32)) (i64.shr_u (local.get $u) (i64.const 32)))
      (i64.mul (i64.shr_u (local.get $a) (i64.const 32)) (i64.shr_u (local.get $b) (i64.const 32)))))
  ;; carry_from_elsewhere 0x200000003 0x500000007 = 11
  (func (export "carry_from_elsewhere") (param $a i64) (param $b i64) (result i64)
    (local $p i64) (local $q i64) (local $r i64) (local $u i64)
    (local.set $p (i64.mul (i64.and (local.get $a) (i64.const 0xffffffff)) (i64.and (local.get $b) (i64.const 0xffffffff))))
    (local.set $q (i64.mul (i64.shr_u (local.get $a) (i64.const 32)) (i64.and (local.get $b) (i64.const 0xffffffff))))
    (local.set $r (i64.mul (i64.and (local.get $a) (i64.const 0xffffffff)) (i64.shr_u (local.get $b) (i64.const 32))))
    (local.set $u (i64.add (i64.add (i64.shr_u (local.get $p) (i64.const 32)) (i64.and (local.get $q) (i64.const 0xffffffff)))
      (local.get $r)))
    (i64.add (i64.add (i64.shr_u (i64.add (local.get $p) (i64.const 0x1000000000)) (i64.const 36)) (i64.shr_u (local.get $u) (i64.const 32)))
      (i64.mul (i64.shr_u (local.get $a) (i64.const 32)) (i64.shr_u (local.get $b) (i64.const 32)))))
  ;; many_parts 0x123456789abcdef0 0xfedcba9876543211 1 = 1305938385386315018
  (func (export "many_parts") (param $a i64) (param $b i64) (param $c i64) (result i64)
    (local $p i64) (local $q i64) (local $r i64) (local $u i64)
    (local.set $p (i64.mul (i64.and (local.get $a) (i64.const 0xffffffff)) (i64.and (local.get $b) (i64.const 0xffffffff))))
    (local.set $q (i64.mul (i64.shr_u (local.get $a) (i64.const 32)) (i64.and (local.get $b) (i64.const 0xffffffff))))
    (local.set $r (i64.mul (i64.and (local.get $a) (i64.const 0xffffffff)) (i64.shr_u (local.get $b) (i64.const 32))))
    (local.set $u (i64.add (i64.add (i64.shr_u (local.get $p) (i64.const 32)) (i64.and (local.get $q) (i64.const 0xffffffff))) (local.get $r)))
    (i64.add (i64.add (i64.add (i64.add (i64.add (i64.add (i64.add (i64.add (i64.add (i64.add (i64.add (i64.popcnt (local.get $c))
      (i64.clz (local.get $c)))
      (i64.ctz (local.get $c)))
      (i64.rotl (local.get $c) (i64.const 3)))
      (i64.rotl (local.get $c) (i64.const 5)))
      (i64.rotl (local.get $c) (i64.const 7)))
      (i64.rotl (local.get $c) (i64.const 11)))
      (i64.rotl (local.get $c) (i64.const 13)))
      (i64.rotl (local.get $c) (i64.const 17)))
      (i64.mul (i64.shr_u (local.get $a) (i64.const 32)) (i64.shr_u (local.get $b) (i64.const 32))))
      (i64.shr_u (local.get $q) (i64.const 32)))
      (i64.shr_u (local.get $u) (i64.const 32)))))
