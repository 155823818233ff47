/*
 * module.c: random modules with something of everything that a guest can leave behind.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/isolation/isolation.h"

/* Values that each frame of `deep` keeps in registers and on the stack. */
enum { LIVE = 12 };

static const uint64_t factor = UINT64_C(0x9e3779b97f4a7c15);

static uint64_t rotate(uint64_t value, unsigned by)
{
	return value << by | value >> (64 - by);
}

uint64_t module_deep(const struct shape *shape, uint32_t depth, uint64_t canary)
{
	uint64_t sum = 0;
	while (depth-- > 0) {
		uint64_t next = 0;
		for (unsigned i = 0; i < LIVE; i++) {
			uint64_t value = rotate(canary ^ shape->key, i + 1) * factor;
			next ^= value;
			sum += i < 2 ? 2 * value : value;
		}
		canary = next;
	}
	return sum + canary;
}

static void choose(struct random *random, struct shape *shape)
{
	*shape = (struct shape){.memories = random_below(random, 2) ? 1 : random_from(random, 2, 3),
			.globals = random_from(random, 1, GLOBALS_MOST),
			.table_size = random_from(random, 2, 40),
			.key = random_next(random)};
	for (uint32_t k = 0; k < shape->memories; k++) {
		/* Some are so large that all their pages are opened at once. */
		bool is_large = k == 0 && random_below(random, 6) == 0;
		shape->pages[k] =
				is_large ? random_from(random, 64, 70) : random_from(random, 1, 5);
		shape->most[k] = shape->pages[k] + random_from(random, 1, 4);
	}
}

static void put_memories(FILE *out, struct random *random, const struct shape *shape)
{
	for (uint32_t k = 0; k < shape->memories; k++) {
		fprintf(out, "(memory $m%u %u %u)\n", k, shape->pages[k], shape->most[k]);
		for (uint32_t i = random_below(random, 4); i > 0; i--)
			fprintf(out,
					"(data (memory $m%u) (i32.const %u) \"image of %016" PRIx64
					"\")\n",
					k, random_below(random, shape->pages[k] * 65536 - 64),
					random_next(random));
		fprintf(out, "(data $late%u \"late %08x\")\n", k, random_below(random, 1 << 30));
	}
}

/* i64, f64, i32, v128 in turn. */
static const char *const global_types[] = {"i64", "f64", "i32", "v128"};

static void put_globals(FILE *out, struct random *random, const struct shape *shape)
{
	fprintf(out, "(global $key (mut i64) (i64.const %" PRIu64 "))\n", shape->key);
	for (uint32_t i = 0; i < shape->globals; i++) {
		fprintf(out, "(global $g%u (export \"g%u\") (mut %s) (%s.const %s%u))\n", i, i,
				global_types[i % 4], global_types[i % 4],
				i % 4 == 3 ? "i64x2 1 " : "", random_below(random, 1000));
	}
}

/* The exports that look: a number that depends on all there is, and what comes by growing. */
static void put_readers(FILE *out, const struct shape *shape)
{
	fprintf(out, "(func (export \"hash\") (type $ll) (local $h i64) (local $a i32)\n");
	for (uint32_t k = 0; k < shape->memories; k++)
		fprintf(out,
				"(local.set $a (i32.const 0)) (loop $next\n"
				"  (local.set $h (i64.add (i64.rotl (local.get $h) (i64.const 7))\n"
				"    (i64.load $m%u (local.get $a))))\n"
				"  (local.set $a (i32.add (local.get $a) (i32.const 8)))\n"
				"  (br_if $next (i32.lt_u (local.get $a)\n"
				"    (i32.mul (memory.size $m%u) (i32.const 65536)))))\n",
				k, k);
	fprintf(out,
			"(local.set $a (i32.const 0)) (loop $next (local.set $h (i64.add\n"
			"  (i64.mul (local.get $h) (i64.const 31))\n"
			"  (i64.extend_i32_u (ref.is_null (table.get $t (local.get $a))))))\n"
			"  (local.set $a (i32.add (local.get $a) (i32.const 1)))\n"
			"  (br_if $next (i32.lt_u (local.get $a) (table.size $t))))\n"
			"(i64.add (local.get $h) (call_indirect $t (type $ll) (i64.const 1)\n"
			"  (i32.const 0))))\n");
	fprintf(out, "(func (export \"probe\") (type $ll) (local $h i64) (local $a i32)\n");
	for (uint32_t k = 0; k < shape->memories; k++)
		fprintf(out,
				"(local.set $a (i32.mul (memory.grow $m%u (i32.const 1))\n"
				"  (i32.const 65536))) (loop $next\n"
				"  (local.set $h (i64.or (local.get $h)\n"
				"    (i64.load $m%u (local.get $a))))\n"
				"  (local.set $a (i32.add (local.get $a) (i32.const 8)))\n"
				"  (br_if $next (i32.and (local.get $a) (i32.const 65535))))\n"
				"(memory.init $m%u $late%u (i32.const 16) (i32.const 0) (i32.const "
		                "8))\n"
				"(local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31))\n"
				"  (i64.load $m%u (i32.const 16))))\n",
				k, k, k, k, k);
	fprintf(out,
			"(table.init $t $late (i32.const 1) (i32.const 0) (i32.const 1))\n"
			"(drop (table.grow $t (ref.null func) (i32.const 2)))\n"
			"(i64.add (i64.extend_i32_u (ref.is_null (table.get $t\n"
			"  (i32.sub (table.size $t) (i32.const 1))))) (local.get $h)))\n");
}

/* The exports that leave the canary: in every page, through bulk operations, and grown. */
static void put_memory_writers(FILE *out, struct random *random, const struct shape *shape)
{
	fprintf(out, "(func (export \"pages\") (type $ll) (local $a i32)\n");
	for (uint32_t k = 0; k < shape->memories; k++)
		fprintf(out,
				"(local.set $a (i32.wrap_i64 (i64.and (local.get 0) (i64.const "
		                "4095))))\n"
				"(loop $next (i64.store $m%u (local.get $a) (local.get 0))\n"
				"  (local.set $a (i32.add (local.get $a) (i32.const %u)))\n"
				"  (br_if $next (i32.lt_u (local.get $a) (i32.sub\n"
				"    (i32.mul (memory.size $m%u) (i32.const 65536)) (i32.const "
		                "8)))))\n",
				k, 4096 * random_from(random, 1, 3) - 8 * random_below(random, 8),
				k);
	fprintf(out,
			"(i64.const 0))\n(func (export \"some\") (type $ll)\n"
			"  (i64.store (i32.and (i32.wrap_i64 (local.get 0)) (i32.const 65528))\n"
			"    (local.get 0)) (i64.const 0))\n");
	uint32_t last = shape->memories - 1;
	fprintf(out,
			"(func (export \"bulk\") (type $ll)\n"
			"(memory.fill $m0 (i32.and (i32.wrap_i64 (local.get 0)) (i32.const "
	                "32767))\n"
			"  (i32.wrap_i64 (local.get 0)) (i32.const 30000))\n"
			"(memory.copy $m%u $m0 (i32.const %u) (i32.const 0) (i32.const 40000))\n"
			"(memory.init $m%u $late%u (i32.const 60000) (i32.const 0) (i32.const 9))\n"
			"(data.drop $late%u) (elem.drop $late) (i64.const 0))\n",
			last, random_below(random, 20000), last, last,
			random_below(random, shape->memories));
	fprintf(out, "(func (export \"grow\") (type $ll) (local $a i32)\n");
	for (uint32_t k = 0; k < shape->memories; k++)
		fprintf(out,
				"(local.set $a (i32.mul (memory.size $m%u) (i32.const 65536)))\n"
				"(if (i32.ne (memory.grow $m%u (i32.const %u)) (i32.const -1)) "
		                "(then\n"
				"  (memory.fill $m%u (i32.sub (local.get $a) (i32.const 5000))\n"
				"    (i32.wrap_i64 (local.get 0)) (i32.const 70000))))\n",
				k, k, random_from(random, 1, 3), k);
	fprintf(out, "(i64.const 0))\n");
}

static void put_other_writers(FILE *out, const struct shape *shape)
{
	static const char *const values[] = {"(local.get 0)", "(f64.reinterpret_i64 (local.get 0))",
			"(i32.wrap_i64 (local.get 0))", "(i64x2.splat (local.get 0))"};
	fprintf(out, "(func (export \"globals\") (type $ll)\n");
	for (uint32_t i = 0; i < shape->globals; i++)
		fprintf(out, "(global.set $g%u %s)\n", i, values[i % 4]);
	fprintf(out,
			"(i64.const 0))\n(func (export \"tables\") (type $ll) (local $i i32)\n"
			"(local.set $i (i32.rem_u (i32.wrap_i64 (local.get 0)) (i32.const %u)))\n"
			"(table.set $t (local.get $i) (ref.func $other))\n"
			"(table.fill $t (i32.const 0) (ref.func $other) (local.get $i))\n"
			"(table.copy $t $t (i32.const 1) (i32.const 0) (local.get $i))\n"
			"(if (i64.lt_s (local.get 0) (i64.const 0)) (then\n"
			"  (table.fill $t (i32.const 0) (ref.null func) (i32.const 2))\n"
			"  (drop (table.grow $t (ref.func $other) (i32.const 9)))))\n"
			"(i64.const 0))\n"
			"(func (export \"host\") (type $ll) (call $write (local.get 0))\n"
			"  (i64.const 0))\n",
			shape->table_size);
}

/* Frames full of canaries, and at the lowest the end. */
static void put_deep(FILE *out, const struct shape *shape)
{
	fprintf(out,
			"(func $deep (export \"deep\") (param $c i64) (param $depth i64)\n"
			"(param $end i64) (result i64) (local $n i64) (local $s v128) (local $f "
	                "f64)\n");
	for (unsigned i = 0; i < LIVE; i++)
		fprintf(out, "(local $v%u i64)", i);
	fprintf(out,
			"(if (i64.eqz (local.get $depth)) (then\n"
			"  (return (call $end (local.get $c) (local.get $end)))))\n");
	for (unsigned i = 0; i < LIVE; i++)
		fprintf(out,
				"(local.set $v%u (i64.mul (i64.rotl (i64.xor (local.get $c)\n"
				"  (global.get $key)) (i64.const %u)) (i64.const %" PRIu64 ")))\n"
				"(local.set $n (i64.xor (local.get $n) (local.get $v%u)))\n",
				i, i + 1, factor, i);
	fprintf(out,
			"(local.set $s (i64x2.splat (local.get $v0)))\n"
			"(local.set $f (f64.reinterpret_i64 (local.get $v1)))\n"
			"(call $deep (local.get $n) (i64.sub (local.get $depth) (i64.const 1))\n"
			"  (local.get $end))\n");
	for (unsigned i = 0; i < LIVE; i++)
		fprintf(out, "(i64.add (local.get $v%u))\n", i);
	fprintf(out,
			"(i64.add (i64x2.extract_lane 1 (local.get $s)))\n"
			"(i64.add (i64.reinterpret_f64 (local.get $f))))\n");
	/* The blocks are left for the code behind them, the innermost for case 0. */
	fprintf(out,
			"(func $end (param $c i64) (param $end i64) (result i64)\n"
			"(local i64 i64 i64 i64 v128)\n"
			"(block (block (block (block (block (block (block (block (block (block "
	                "(block\n"
			"  (br_table 0 1 2 3 4 5 6 7 8 9 10 (i32.wrap_i64 (local.get $end))))\n"
			"  (return (local.get $c))) (unreachable))\n"
			"  (return (i64.div_u (local.get $c) (i64.const 0))))\n"
			"  (return (i64.load $m%u (i32.const -8))))\n"
			"  (table.set $t (i32.const 1) (ref.null func))\n"
			"  (return (call_indirect $t (type $ll) (local.get $c) (i32.const 1))))\n"
			"  (drop (table.get $t (i32.const -1))))\n"
			"  (return (call $deep (local.get $c) (i64.const -1) (i64.const 0))))\n"
			"  (return (i64.trunc_f64_s (f64.const inf))))\n"
			"  (loop $again (local.set 2 (i64.rotl (local.get $c) (i64.const 1)))\n"
			"    (local.set 3 (i64.xor (local.get 2) (local.get 4)))\n"
			"    (local.set 4 (i64.add (local.get 3) (local.get $c)))\n"
			"    (local.set 6 (i64x2.add (local.get 6) (i64x2.splat (local.get $c))))\n"
			"    (local.set $c (i64.add (local.get 4)\n"
			"      (i64x2.extract_lane 0 (local.get 6)))) (br $again)))\n"
			"  (return (call $wait (local.get $c))))\n"
			"(call $exit) (local.get $c))\n",
			shape->memories - 1);
}

char *module_text(struct random *random, struct shape *shape)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	choose(random, shape);
	fprintf(out,
			"(module (type $ll (func (param i64) (result i64)))\n"
			"(import \"host\" \"wait\" (func $wait (type $ll)))\n"
			"(import \"host\" \"write\" (func $write (param i64)))\n"
			"(import \"host\" \"exit\" (func $exit))\n");
	put_memories(out, random, shape);
	put_globals(out, random, shape);
	fprintf(out,
			"(table $t %u %u funcref) (elem (table $t) (i32.const 0) func $mark)\n"
			"(elem $late funcref (ref.func $mark) (ref.func $other))\n"
			"(func $mark (type $ll) (i64.const %u))\n"
			"(func $other (type $ll) (local.get 0))\n",
			shape->table_size, shape->table_size + 20, random_below(random, 1000));
	put_readers(out, shape);
	put_memory_writers(out, random, shape);
	put_other_writers(out, shape);
	put_deep(out, shape);
	fprintf(out, ")\n");
	fclose(out);
	return text;
}
