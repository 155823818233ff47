/*
 * frontend_rules.c: what a module must not do, as pairs of text and error; features that are
 * off; the text format itself.
 */
#include "tests/lib/test.h"
#include "tests/unit/frontend_fixture.h"

static const struct {
	const char *text, *error;
} invalid[] = {
		{"(module (func (result i32)))",
				"type mismatch: end takes i32 where the stack is empty"},
		{"(module (func (i32.const 1)))", "type mismatch: 1 values too many"},
		{"(module (func (drop (i32.add (i32.const 1) (i64.const 1)))))",
				"type mismatch: i32.add takes i32 where the stack has i64"},
		{"(module (func (block (br 2))))", "unknown label 2: 2 blocks are open"},
		{"(module (func (local.get 0) drop))", "unknown local 0"},
		{"(module (func (call 3)))", "unknown function 3"},
		{"(module (func (global.get 0) drop))", "unknown global 0"},
		{"(module (global i32 (i32.const 0)) (func (global.set 0 (i32.const 1))))",
				"global is immutable"},
		{"(module (func (drop (i32.load (i32.const 0)))))", "unknown memory 0"},
		{"(module (memory 1) (func (drop (i32.load8_u align=2 (i32.const 0)))))",
				"alignment must not be larger than natural"},
		{"(module (func (call_indirect (i32.const 0))))", "unknown table 0"},
		{"(module (table 1 externref) (func (call_indirect (i32.const 0))))",
				"type mismatch"},
		{"(module (func (drop (table.get 0 (i32.const 0)))))", "unknown table 0"},
		{"(module (table 1 funcref) (table 1 externref) (func (table.copy 0 1 (i32.const 0)"
		 " (i32.const 0) (i32.const 0))))",
				"type mismatch: table.copy"},
		{"(module (table 1 funcref) (func (table.init 0 0 (i32.const 0) (i32.const 0)"
		 " (i32.const 0))))",
				"unknown elem segment 0"},
		{"(module (func (elem.drop 0)))", "unknown elem segment 0"},
		{"(module (func $f) (func (drop (ref.func $f))))", "undeclared function reference"},
		{"(module (func (drop (ref.is_null (i32.const 0)))))",
				"type mismatch: ref.is_null"},
		{"(module (func (drop (select (ref.null func) (ref.null func) (i32.const 0)))))",
				"type mismatch: select of references"},
		{"(module (func (drop (select (i32.const 0) (f32.const 0) (i32.const 0)))))",
				"type mismatch: select between i32 and f32"},
		{"(module (func (drop (select (result i32 i32) (i32.const 0) (i32.const 0)"
		 " (i32.const 0)))))",
				"invalid result arity"},
		{"(module (func (drop (if (result i32) (i32.const 1) (then (i32.const 1))))))",
				"type mismatch: an if without else"},
		{"(module (func (result i32) (block (result i32) (block (br_table 0 1 (i32.const 1)"
		 " (i32.const 1))) (i32.const 0))))",
				"type mismatch"},
		{"(module (memory 65537))", "memory size must be at most 65536 pages (4GiB)"},
		{"(module (memory 1 shared))", "shared memory must have maximum"},
		{"(module (memory i64 281474976710657))",
				"memory size must be at most 281474976710656 pages"},
		{"(module (memory 1) (func (drop (i32.atomic.load align=2 (i32.const 0)))))",
				"alignment must be natural"},
		{"(module (memory 2 1))", "size minimum must not be greater than maximum"},
		{"(module (table 2 1 funcref))", "size minimum must not be greater than maximum"},
		{"(module (global i32 (i64.const 0)))", "type mismatch"},
		{"(module (global i32 (i32.and (i32.const 0) (i32.const 0))))",
				"constant expression required"},
		{"(module (global i32 (nop)))", "constant expression required"},
		{"(module (global i32))", "type mismatch"},
		{"(module (global i32 (i32.const 0) (i32.const 0)))", "type mismatch"},
		{"(module (global i32 (global.get 1)) (global i32 (i32.const 0)))",
				"unknown global 1"},
		{"(module (import \"a\" \"b\" (global (mut i32))) (global i32 (global.get 0)))",
				"constant expression required"},
		{"(module (global funcref (ref.func 5)))", "unknown function 5"},
		{"(module (data (i32.const 0) \"a\"))", "unknown memory 0"},
		{"(module (memory 1) (data (i64.const 0) \"a\"))", "type mismatch"},
		{"(module (elem (i32.const 0) funcref (ref.null func)))", "unknown table 0"},
		{"(module (table 1 externref) (elem (i32.const 0) funcref (ref.null func)))",
				"type mismatch: a segment of funcref for a table of externref"},
		{"(module (func) (export \"a\" (func 0)) (export \"a\" (func 0)))",
				"duplicate export name a"},
		{"(module (export \"a\" (func 0)))", "unknown function 0"},
		{"(module (export \"a\" (memory 0)))", "unknown memory 0"},
		{"(module (func (param i32)) (start 0))", "start function 0"},
		{"(module (start 0))", "unknown function 0"},
};

TEST(each_broken_rule_is_named_with_its_place)
{
	for (size_t i = 0; i < ARRAY_LENGTH(invalid); i++) {
		struct sv_error error = SV_ERROR_INIT;
		CHECK_MSG(!validate_text(invalid[i].text, 0, &error), "accepted: %s",
				invalid[i].text);
		CHECK_MSG(strncmp(error.text, invalid[i].error, strlen(invalid[i].error)) == 0,
				"%s: %s", invalid[i].text, error.text);
		CHECK_EQ(error.code, SV_ERROR_INVALID);
		CHECK(error.position >= 8);
	}
}

static const struct {
	enum sv_feature feature;
	const char *text;
} gated[] = {
		{SV_FEATURE_MUTABLE_GLOBALS, "(module (import \"a\" \"b\" (global (mut i32))))"},
		{SV_FEATURE_MUTABLE_GLOBALS,
				"(module (global (export \"g\") (mut i32) (i32.const 0)))"},
		{SV_FEATURE_SIGN_EXTENSION, "(module (func (drop (i32.extend8_s (i32.const 1)))))"},
		{SV_FEATURE_SATURATING,
				"(module (func (drop (i32.trunc_sat_f32_s (f32.const 1)))))"},
		{SV_FEATURE_MULTI_VALUE, "(module (type (func (result i32 i32))))"},
		{SV_FEATURE_MULTI_VALUE,
				"(module (func (i32.const 0) (block (param i32) (drop))))"},
		{SV_FEATURE_BULK_MEMORY, "(module (memory 1) (data \"a\"))"},
		{SV_FEATURE_BULK_MEMORY,
				"(module (memory 1) (func (memory.fill (i32.const 0)"
				" (i32.const 0) (i32.const 0))))"},
		{SV_FEATURE_SIMD, "(module (func (param v128)))"},
		{SV_FEATURE_SIMD, "(module (func (drop (v128.const i32x4 0 0 0 0))))"},
		{SV_FEATURE_RELAXED_SIMD,
				"(module (func (param v128) (result v128)"
				" (i8x16.relaxed_swizzle (local.get 0) (local.get 0))))"},
		{SV_FEATURE_REFERENCE_TYPES, "(module (func (param externref)))"},
		{SV_FEATURE_REFERENCE_TYPES, "(module (table 1 funcref) (table 1 funcref))"},
		{SV_FEATURE_REFERENCE_TYPES, "(module (table 1 externref))"},
		{SV_FEATURE_REFERENCE_TYPES,
				"(module (table 1 funcref) (func (drop (table.size 0))))"},
		{SV_FEATURE_MULTI_MEMORY, "(module (memory 1) (memory 1))"},
		{SV_FEATURE_MULTI_MEMORY,
				"(module (memory 1) (memory 1) (func (drop (memory.size 1))))"},
		{SV_FEATURE_MEMORY64, "(module (memory i64 1))"},
		{SV_FEATURE_THREADS, "(module (memory 1 1 shared))"},
		{SV_FEATURE_THREADS, "(module (func (atomic.fence)))"},
		{SV_FEATURE_TAIL_CALL, "(module (func (return_call 0)))"},
		{SV_FEATURE_EXTENDED_CONST,
				"(module (global i32 (i32.add (i32.const 1) (i32.const 2))))"},
		{SV_FEATURE_EXCEPTIONS, "(module (tag))"},
		{SV_FEATURE_LEGACY_EXCEPTIONS, "(module (func (try (do) (catch_all))))"},
};

TEST(a_feature_that_is_off_is_named_and_one_that_is_on_is_not_missed)
{
	for (size_t i = 0; i < ARRAY_LENGTH(gated); i++) {
		static const char *const names[] = {
#define SV_FEATURE(name, text, on) text,
#include "compiler/features.def"
#undef SV_FEATURE
		};
		struct sv_error error = SV_ERROR_INIT;
		CHECK_OK(validate_text(gated[i].text, 0, &error));
		CHECK_ERROR(validate_text(gated[i].text, UINT64_C(1) << gated[i].feature, &error),
				SV_ERROR_INVALID, names[gated[i].feature]);
		(void)validate_text(gated[i].text, UINT64_C(1) << gated[i].feature, &error);
		CHECK_HAS(error.text, "--features");
	}
}

TEST(faults_of_text_have_line_and_column)
{
	struct sv_error error = SV_ERROR_INIT;
	CHECK_ERROR(validate_text("(module\n  (func (foo)))", 0, &error), SV_ERROR_MALFORMED,
			"2:10: ");
	CHECK_ERROR(validate_text("", 0, &error), SV_ERROR_MALFORMED, "1:1: ");
	CHECK_ERROR(validate_text("(module (func)", 0, &error), SV_ERROR_MALFORMED, "open");
	CHECK_ERROR(validate_text("(@x \"", 0, &error), SV_ERROR_MALFORMED, "1:");
	CHECK_ERROR(validate_text("(module quote \"(func)\")", 0, &error), SV_ERROR_MALFORMED,
			"1:");
}

TEST(text_that_nests_deeper_than_the_limit_is_refused)
{
	enum { DEPTH = 100000 };
	struct buffer text = {0};
	struct sv_error error = SV_ERROR_INIT;
	add_bytes(&text, "(module (func ", 14);
	for (int i = 0; i < DEPTH; i++)
		add_bytes(&text, "block ", 6);
	for (int i = 0; i < DEPTH; i++)
		add_bytes(&text, "end ", 4);
	add_bytes(&text, "))", 3);
	bool ok = validate_text((const char *)text.data, 0, &error);
	buffer_finish(&text);
	CHECK(!ok);
	CHECK_EQ(error.code, SV_ERROR_LIMIT);
	CHECK_HAS(error.text, "limit");
}

TEST_MAIN()
