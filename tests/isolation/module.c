/*
 * module.c: random modules with something of everything that a guest can leave behind.
 */
#include <inttypes.h>
#include <stdarg.h>
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

static void choose(uint32_t number, struct random *random, struct shape *shape)
{
	*shape = (struct shape){.memories = random_below(random, 2) ? 1 : random_from(random, 2, 3),
			.globals = random_from(random, 1, GLOBALS_MOST),
			.table_size = random_from(random, 2, 40),
			.has_objects = number % 3 == 0,
			.key = random_next(random)};
	for (uint32_t k = 0; k < shape->memories; k++) {
		/* Some are so large that all their pages are opened at once. */
		bool is_large = k == 0 && random_below(random, 6) == 0;
		shape->pages[k] =
				is_large ? random_from(random, 64, 70) : random_from(random, 1, 5);
		shape->most[k] = shape->pages[k] + random_from(random, 1, 4);
		shape->is_64[k] = (number + k) % 2;
		shape->is_shared[k] = k == 0 ? number % 8 == 2 || number % 8 == 5
					     : random_below(random, 5) == 0;
	}
}

/* ---- text about memories ---- */

/* Where text goes, and the memory that it is about. */
struct writer {
	FILE *out;
	const struct shape *shape;
	uint32_t k;
};

/* Locals that count addresses: $i32 and $i64. */
#define COUNTERS "(local $i32 i32) (local $i64 i64)\n"

/*
 * Of what @LETTER stands for: m: the memory's number, t: the type of its addresses, a: the local
 * that counts them, z: its size in bytes, c: the canary as such a number, h: the shorter of the
 * types of its addresses and the first one's.
 */
static void put_place(const struct writer *w, char letter)
{
	const char *type = w->shape->is_64[w->k] ? "i64" : "i32";
	switch (letter) {
	case 'm':
		fprintf(w->out, "$m%u", w->k);
		return;
	case 't':
		fprintf(w->out, "%s", type);
		return;
	case 'a':
		fprintf(w->out, "(local.get $%s)", type);
		return;
	case 'z':
		fprintf(w->out, "(%s.mul (memory.size $m%u) (%s.const 65536))", type, w->k, type);
		return;
	case 'c':
		fprintf(w->out,
				w->shape->is_64[w->k] ? "(local.get 0)"
						      : "(i32.wrap_i64 (local.get 0))");
		return;
	default:
		fprintf(w->out, "%s", w->shape->is_64[w->k] && w->shape->is_64[0] ? "i64" : "i32");
	}
}

__attribute__((format(printf, 2, 3))) static void put(const struct writer *w, const char *format,
		...)
{
	char text[2048];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	for (const char *at = text; *at; at++) {
		if (*at == '@')
			put_place(w, *++at);
		else
			fputc(*at, w->out);
	}
}

/* `body` with the counter of `type` from a number on, in steps, as long as it is below another. */
static void put_loop(const struct writer *w, const char *type, const char *from, unsigned step,
		const char *below, const char *body)
{
	put(w, "(local.set $%s %s) (loop $next %s\n", type, from, body);
	put(w, "  (local.set $%s (%s.add (local.get $%s) (%s.const %u)))\n", type, type, type, type,
			step);
	put(w, "  (br_if $next (%s.lt_u (local.get $%s) %s)))\n", type, type, below);
}

/* The same for each memory. */
static void put_loops(struct writer *w, const char *from, unsigned step, const char *below,
		const char *body)
{
	for (w->k = 0; w->k < w->shape->memories; w->k++)
		put_loop(w, "@t", from, step, below, body);
	w->k = 0;
}

static void put_memories(struct writer *w, struct random *random)
{
	const struct shape *shape = w->shape;
	for (w->k = 0; w->k < shape->memories; w->k++) {
		uint32_t pages = shape->pages[w->k];
		put(w, "(memory @m @t %u %u%s)\n", pages, shape->most[w->k],
				shape->is_shared[w->k] ? " shared" : "");
		for (uint32_t i = random_below(random, 4); i > 0; i--)
			put(w, "(data (memory @m) (@t.const %u) \"image of %016" PRIx64 "\")\n",
					random_below(random, pages * 65536 - 64),
					random_next(random));
		put(w, "(data $late%u \"late %08x\")\n", w->k, random_below(random, 1 << 30));
	}
	w->k = 0;
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
static void put_readers(struct writer *w)
{
	put(w, "(func (export \"hash\") (type $ll) (local $h i64)" COUNTERS);
	put_loops(w, "(@t.const 0)", 8, "@z",
			"(local.set $h (i64.add (i64.rotl (local.get $h) (i64.const 7))\n"
			"  (i64.load @m @a)))");
	put_loop(w, "i32", "(i32.const 0)", 1, "(table.size $t)",
			"(local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31))\n"
			"  (i64.extend_i32_u (ref.is_null (table.get $t (local.get $i32))))))");
	put(w,
			"(i64.add (local.get $h) (call_indirect $t (type $ll) (i64.const 1)\n"
			"  (i32.const 0))))\n");
	put(w, "(func (export \"probe\") (type $ll) (local $h i64)" COUNTERS);
	put_loops(w, "(@t.mul (memory.grow @m (@t.const 1)) (@t.const 65536))", 8, "@z",
			"(local.set $h (i64.or (local.get $h) (i64.load @m @a)))");
	for (w->k = 0; w->k < w->shape->memories; w->k++)
		put(w,
				"(memory.init @m $late%u (@t.const 16) (i32.const 0) (i32.const "
		                "8))\n"
				"(local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31))\n"
				"  (i64.load @m (@t.const 16))))\n",
				w->k);
	w->k = 0;
	put(w,
			"(table.init $t $late (i32.const 1) (i32.const 0) (i32.const 1))\n"
			"(drop (table.grow $t (ref.null func) (i32.const 2)))\n"
			"(i64.add (i64.extend_i32_u (ref.is_null (table.get $t\n"
			"  (i32.sub (table.size $t) (i32.const 1))))) (local.get $h)))\n");
}

/* The canary at one place, where one that shares the memory could wait for it too. */
static void put_some(const struct writer *w)
{
	static const char place[] = "(@t.and @c (@t.const 65528))";
	put(w, "(func (export \"some\") (type $ll)\n(i64.store @m %s (local.get 0))\n", place);
	if (w->shape->is_shared[0])
		put(w,
				"(drop (i64.atomic.rmw.xchg @m %s (local.get 0)))\n"
				"(drop (memory.atomic.wait64 @m %s (local.get 0) (i64.const "
		                "2000)))\n",
				place, place);
	put(w, "(i64.const 0))\n");
}

/* The exports that leave the canary: in every page, through bulk operations, and grown. */
static void put_memory_writers(struct writer *w, struct random *random)
{
	put(w, "(func (export \"pages\") (type $ll)" COUNTERS);
	put_loops(w, "(@t.and @c (@t.const 4095))",
			4096 * random_from(random, 1, 3) - 8 * random_below(random, 8),
			"(@t.sub @z (@t.const 8))", "(i64.store @m @a (local.get 0))");
	put(w, "(i64.const 0))\n");
	put_some(w);
	put(w,
			"(func (export \"bulk\") (type $ll)\n"
			"(memory.fill @m (@t.and @c (@t.const 32767)) (i32.wrap_i64 (local.get "
	                "0))\n"
			"  (@t.const 30000))\n");
	const char *first = w->shape->is_64[0] ? "i64" : "i32";
	w->k = w->shape->memories - 1;
	put(w,
			"(memory.copy @m $m0 (@t.const %u) (%s.const 0) (@h.const 40000))\n"
			"(memory.init @m $late%u (@t.const 60000) (i32.const 0) (i32.const 9))\n"
			"(data.drop $late%u) (elem.drop $late) (i64.const 0))\n",
			random_below(random, 20000), first, w->k,
			random_below(random, w->shape->memories));
	put(w, "(func (export \"grow\") (type $ll)" COUNTERS);
	for (w->k = 0; w->k < w->shape->memories; w->k++)
		put(w,
				"(local.set $@t @z)\n"
				"(if (@t.ne (memory.grow @m (@t.const %u)) (@t.const -1)) (then\n"
				"  (memory.fill @m (@t.sub @a (@t.const 5000))\n"
				"    (i32.wrap_i64 (local.get 0)) (@t.const 70000))))\n",
				random_from(random, 1, 3));
	w->k = 0;
	put(w, "(i64.const 0))\n");
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
			"  (return (i64.load $m%u (%s.const -8))))\n"
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
			shape->memories - 1, shape->is_64[shape->memories - 1] ? "i64" : "i32");
}

char *module_text(uint32_t number, struct random *random, struct shape *shape)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	choose(number, random, shape);
	fprintf(out,
			"(module (type $ll (func (param i64) (result i64)))\n"
			"(import \"host\" \"wait\" (func $wait (type $ll)))\n"
			"(import \"host\" \"write\" (func $write (param i64)))\n"
			"(import \"host\" \"exit\" (func $exit))\n");
	struct writer writer = {out, shape, 0};
	put_memories(&writer, random);
	put_globals(out, random, shape);
	fprintf(out,
			"(table $t %u %u funcref) (elem (table $t) (i32.const 0) func $mark)\n"
			"(elem $late funcref (ref.func $mark) (ref.func $other))\n"
			"(func $mark (type $ll) (i64.const %u))\n"
			"(func $other (type $ll) (local.get 0))\n",
			shape->table_size, shape->table_size + 20, random_below(random, 1000));
	put_readers(&writer);
	put_memory_writers(&writer, random);
	put_other_writers(out, shape);
	put_deep(out, shape);
	fprintf(out, ")\n");
	fclose(out);
	return text;
}
