/*
 * frontend_modules.c: whole files: what is no module, every cut and flipped module, each limit,
 * index spaces, names and reference numbers.
 */
#include "tests/lib/test.h"
#include "tests/unit/frontend_fixture.h"

#include "abi/limits.h"
#include "compiler/dump.h"

/* ---- files that are no modules ---- */

TEST(files_that_are_no_core_module_say_what_they_are)
{
	static const struct {
		struct sv_bytes bytes;
		enum sv_error_code code;
		const char *text;
	} rows[] = {
			{BYTES(""), SV_ERROR_MALFORMED, "unexpected end"},
			{BYTES("\0as"), SV_ERROR_MALFORMED, "unexpected end"},
			{BYTES("\x7f"
			       "ELF\2\1\1\0"),
					SV_ERROR_MALFORMED, "magic header not detected"},
			{BYTES("(module)"), SV_ERROR_MALFORMED, "magic header not detected"},
			{BYTES("\0asm\2\0\0\0"), SV_ERROR_MALFORMED, "unknown binary version"},
			{BYTES("\0asm\x0d\0\1\0"), SV_ERROR_UNSUPPORTED, "component"},
			{BYTES("\0asm\1\0\0\0\x0f\0"), SV_ERROR_MALFORMED, "malformed section id"},
			{BYTES("\0asm\1\0\0\0\1\5\0"), SV_ERROR_MALFORMED, "length out of bounds"},
			{BYTES("\0asm\1\0\0\0\1\2\0\0"), SV_ERROR_MALFORMED,
					"section size mismatch"},
			{BYTES("\0asm\1\0\0\0\1\1\0\1\1\0"), SV_ERROR_MALFORMED,
					"unexpected content"},
			{BYTES("\0asm\1\0\0\0\3\1\0\1\1\0"), SV_ERROR_MALFORMED,
					"unexpected content"},
			{BYTES("\0asm\1\0\0\0\0\2\1\xff"), SV_ERROR_MALFORMED, "malformed UTF-8"},
			{BYTES("\0asm\1\0\0\0\1\3\1\x5d\0"), SV_ERROR_UNSUPPORTED,
					"stack switching"},
			{BYTES("\0asm\1\0\0\0\x0c\1\1"), SV_ERROR_MALFORMED, "data count and data"},
			{BYTES("\0asm\1\0\0\0\1\4\1\x60\0\0\3\2\1\0"), SV_ERROR_MALFORMED,
					"function and code section have inconsistent lengths"},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct sv_error error = SV_ERROR_INIT;
		CHECK_ERROR(validate_bytes(rows[i].bytes, &error), rows[i].code, rows[i].text);
	}
	struct sv_error error = SV_ERROR_INIT;
	CHECK_OK(validate_bytes(BYTES("\0asm\1\0\0\0"), &error));
	CHECK_OK(validate_bytes(BYTES("\0asm\1\0\0\0\0\1\0\0\3\2hi"), &error));
}

/* ---- damage ---- */

static const char everything[] =
		"(module $m (type $t (func (param i32 i64) (result f32 f64)))"
		" (import \"a\" \"f\" (func $f (type $t))) (import \"a\" \"g\" (global $g i32))"
		" (table $x 1 9 funcref) (table externref (elem (ref.null extern)))"
		" (memory (export \"mem\") 1 2) (global $h (mut i64) (i64.const -5))"
		" (global f64 (f64.const nan)) (elem (table $x) (i32.const 0) func $f $k)"
		" (elem declare func $k) (elem funcref (ref.func $k) (ref.null func))"
		" (data (global.get $g) \"some data\") (data $p \"passive\") (start $s)"
		" (func $k (export \"k\") (param i32) (result i32) (local i64 f32 funcref)"
		"  (block $o (loop $l (br_if $l (i32.eqz (local.get 0)))"
		"   (br_table $o $l $o (i32.const 2))))"
		"  (if (result i32) (local.get 0) (then (i32.const 100000)) (else (memory.size)))"
		"  (drop (call_indirect (type $t) (i32.const 1) (i64.const 2) (i32.const 3)))"
		"  (drop (select (result funcref) (ref.func $k) (ref.null func) (i32.const 0))) "
                "(drop))"
		" (func $s (memory.init $p (i32.const 0) (i32.const 0) (i32.const 0)) (data.drop "
                "$p)"
		"  (i64.store offset=70000 (i32.const 0) (i64.trunc_sat_f64_u (f64.const 1.5)))))";

static bool make_everything(struct buffer *binary, struct sv_error *error)
{
	return sv_text_to_binary(BYTES(everything), "everything", binary, error);
}

TEST(every_cut_of_a_module_is_refused_but_those_between_sections)
{
	struct buffer binary = {0};
	struct sv_error error = SV_ERROR_INIT;
	CHECK_OK(make_everything(&binary, &error));
	CHECK_OK(validate_bytes(buffer_view(&binary), &error));
	unsigned accepted = 0;
	for (size_t length = 0; length < binary.length; length++) {
		/* A copy of its own, so that a read past the end is one that tools can see. */
		uint8_t *copy = malloc(length ? length : 1);
		struct sv_error cut = SV_ERROR_INIT;
		memcpy(copy, binary.data, length);
		accepted += validate_bytes((struct sv_bytes){copy, length}, &cut);
		free(copy);
		CHECK(cut.position <= (int64_t)length);
	}
	buffer_finish(&binary);
	/* Behind the header, and before the name section: all else leaves something missing. */
	CHECK_MSG(accepted >= 2 && accepted <= 6, "%u cuts are accepted", accepted);
}

TEST(no_flipped_bit_or_byte_crashes_and_every_error_has_a_place)
{
	struct buffer binary = {0};
	struct sv_error error = SV_ERROR_INIT;
	CHECK_OK(make_everything(&binary, &error));
	for (size_t at = 8; at < binary.length; at++) {
		uint8_t before = binary.data[at];
		for (unsigned value = 0; value < 256; value++) {
			struct sv_error flipped = SV_ERROR_INIT;
			binary.data[at] = (uint8_t)value;
			if (validate_bytes(buffer_view(&binary), &flipped))
				continue;
			CHECK_MSG(flipped.position >= 0 && flipped.text[0], "byte %zu as %u: %s",
					at, value, flipped.text);
		}
		binary.data[at] = before;
	}
	buffer_finish(&binary);
}

/* ---- limits ---- */

/* A module whose section `id` announces `count` elements and has `each` byte of them. */
static bool section_of_count(unsigned id, uint32_t count, struct sv_bytes element,
		struct sv_error *error)
{
	struct buffer module = {0}, part = {0};
	add_header(&module);
	add_u32(&part, count);
	for (uint32_t i = 0; i < count; i++)
		add_bytes(&part, element.data, element.length);
	add_section(&module, id, &part);
	bool ok = validate_bytes(buffer_view(&module), error);
	buffer_finish(&module);
	return ok;
}

TEST(each_limit_on_a_count_is_enforced_and_named)
{
	static const struct {
		unsigned section;
		uint32_t limit;
		struct sv_bytes element;
		const char *name;
	} rows[] = {
			{1, SV_MAX_TYPES, BYTES("\x60\0\0"), "SV_MAX_TYPES"},
			{2, SV_MAX_IMPORTS, BYTES("\0\0\3\x7f\0"), "SV_MAX_IMPORTS"},
			{3, SV_MAX_FUNCTIONS, BYTES("\0"), "SV_MAX_FUNCTIONS"},
			{4, SV_MAX_TABLES, BYTES("\x70\0\0"), "SV_MAX_TABLES"},
			{5, SV_MAX_MEMORIES, BYTES("\0\0"), "SV_MAX_MEMORIES"},
			{6, SV_MAX_GLOBALS, BYTES("\x7f\0\x41\0\x0b"), "SV_MAX_GLOBALS"},
			{7, SV_MAX_EXPORTS, BYTES("\0\3\0"), "SV_MAX_EXPORTS"},
			{9, SV_MAX_SEGMENTS, BYTES("\3\0\0"), "SV_MAX_SEGMENTS"},
			{11, SV_MAX_SEGMENTS, BYTES("\1\0"), "SV_MAX_SEGMENTS"},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct sv_error error = SV_ERROR_INIT;
		CHECK_ERROR(section_of_count(rows[i].section, rows[i].limit + 1, rows[i].element,
					    &error),
				SV_ERROR_LIMIT, rows[i].name);
		/* At the limit it is not the count that is wrong. */
		(void)section_of_count(rows[i].section, rows[i].limit, rows[i].element, &error);
		CHECK(error.code != SV_ERROR_LIMIT);
	}
}

TEST(parameters_results_and_locals_have_limits)
{
	char signature[1100];
	struct sv_error error = SV_ERROR_INIT;
	static const struct sv_bytes empty = BYTES("\0\x0b");
	memset(signature, 'i', sizeof signature);
	strcpy(signature + SV_MAX_PARAMETERS + 1, ":");
	struct buffer parameters = module_of_body(signature, empty);
	strcpy(signature, ":");
	memset(signature + 1, 'i', SV_MAX_RESULTS + 1);
	signature[SV_MAX_RESULTS + 2] = '\0';
	struct buffer results = module_of_body(signature, empty);
	struct buffer locals = module_of_body(":", BYTES("\1\xd1\x86\3\x7f\x0b")); /* 50001 */
	struct buffer overflow = module_of_body(":",
			BYTES("\2\xff\xff\xff\xff\x0f\x7f\xff\xff\xff\xff\x0f\x7e\x0b"));
	struct buffer most = module_of_body(":", BYTES("\1\xd0\x86\3\x7f\x0b")); /* 50000 */
	CHECK_ERROR(validate_bytes(buffer_view(&parameters), &error), SV_ERROR_LIMIT,
			"SV_MAX_PARAMETERS");
	CHECK_ERROR(validate_bytes(buffer_view(&results), &error), SV_ERROR_LIMIT,
			"SV_MAX_RESULTS");
	CHECK_ERROR(validate_bytes(buffer_view(&locals), &error), SV_ERROR_LIMIT, "SV_MAX_LOCALS");
	CHECK_ERROR(validate_bytes(buffer_view(&overflow), &error), SV_ERROR_MALFORMED,
			"too many locals");
	CHECK_OK(validate_bytes(buffer_view(&most), &error));
	buffer_finish(&parameters);
	buffer_finish(&results);
	buffer_finish(&locals);
	buffer_finish(&overflow);
	buffer_finish(&most);
}

static bool nested_blocks(uint32_t depth, struct sv_error *error)
{
	struct buffer code = {0};
	add_byte(&code, 0);
	for (uint32_t i = 0; i < depth; i++)
		add_bytes(&code, "\2\x40", 2);
	for (uint32_t i = 0; i <= depth; i++)
		add_byte(&code, 0x0b);
	struct buffer module = module_of_body(":", buffer_view(&code));
	bool ok = validate_bytes(buffer_view(&module), error);
	buffer_finish(&module);
	buffer_finish(&code);
	return ok;
}

TEST(nesting_and_operands_have_limits)
{
	struct sv_error error = SV_ERROR_INIT;
	CHECK_OK(nested_blocks(SV_MAX_NESTING - 1, &error));
	CHECK_ERROR(nested_blocks(SV_MAX_NESTING, &error), SV_ERROR_LIMIT, "SV_MAX_NESTING");
	struct buffer code = {0};
	add_byte(&code, 0);
	for (uint32_t i = 0; i <= SV_MAX_OPERANDS; i++)
		add_bytes(&code, "\x41\0", 2);
	struct buffer module = module_of_body(":", buffer_view(&code));
	CHECK_ERROR(validate_bytes(buffer_view(&module), &error), SV_ERROR_LIMIT,
			"SV_MAX_OPERANDS");
	buffer_finish(&module);
	buffer_finish(&code);
}

TEST(a_body_above_the_limit_is_refused)
{
	struct sv_error error = SV_ERROR_INIT;
	struct buffer code = {0};
	add_byte(&code, 0);
	CHECK_OK(buffer_reserve(&code, SV_MAX_BODY_BYTES, &error));
	while (code.length < SV_MAX_BODY_BYTES)
		add_byte(&code, 1);
	add_byte(&code, 0x0b);
	struct buffer module = module_of_body(":", buffer_view(&code));
	CHECK_ERROR(validate_bytes(buffer_view(&module), &error), SV_ERROR_LIMIT,
			"SV_MAX_BODY_BYTES");
	buffer_finish(&module);
	buffer_finish(&code);
}

/* ---- what is read ---- */

static bool read_text(const char *text, struct buffer *binary, struct module *module,
		struct sv_error *error)
{
	struct sv_compile_options options;
	sv_compile_options_init(&options);
	return sv_text_to_binary((struct sv_bytes){(const uint8_t *)text, strlen(text)}, "test",
			       binary, error) &&
			module_read(module, buffer_view(binary), options.features, error);
}

static bool name_is(struct sv_bytes name, const char *text)
{
	return name.length == strlen(text) && memcmp(name.data, text, name.length) == 0;
}

TEST(index_spaces_begin_with_the_imports)
{
	struct buffer binary = {0};
	struct module module;
	struct sv_error error = SV_ERROR_INIT;
	CHECK_OK(read_text(everything, &binary, &module, &error));
	CHECK_EQ(module.function_count, 3);
	CHECK_EQ(module.imported_functions, 1);
	CHECK_EQ(module.global_count, 3);
	CHECK_EQ(module.imported_globals, 1);
	CHECK_EQ(module.imports[1].index, 0);
	CHECK_EQ(module.functions[0].body.length, 0);
	CHECK(module.functions[1].body.length > 0);
	CHECK_EQ(module.globals[1].initial.value.value, -5);
	CHECK_EQ(module.tables[1].element, SV_TYPE_EXTERNREF);
	CHECK_EQ(module.start, 2);
	module_finish(&module);
	buffer_finish(&binary);
}

TEST(functions_get_the_name_of_the_name_section_or_of_their_first_export)
{
	struct buffer binary = {0};
	struct module module;
	struct sv_error error = SV_ERROR_INIT;
	CHECK_OK(read_text("(module $mod (func $named (export \"a\"))"
			   " (func (export \"first\") (export \"second\")) (func))",
			&binary, &module, &error));
	CHECK(name_is(module.name, "mod"));
	CHECK(name_is(module.functions[0].name, "named"));
	CHECK(name_is(module.functions[1].name, "first"));
	CHECK_EQ(module.functions[2].name.length, 0);
	module_finish(&module);
	buffer_finish(&binary);
}

TEST(a_broken_name_section_changes_nothing)
{
	struct sv_compile_options options;
	struct buffer binary = {0};
	struct module module;
	struct sv_error error = SV_ERROR_INIT;
	sv_compile_options_init(&options);
	CHECK_OK(sv_text_to_binary(BYTES("(module (func (export \"e\")))"), "test", &binary,
			&error));
	/* A good name for the module, a good one for function 0, then one cut short. */
	add_bytes(&binary, "\0\x11\4name\0\2\1m\1\6\2\0\1f\1\x09", 19);
	CHECK_OK(module_read(&module, buffer_view(&binary), options.features, &error));
	CHECK_EQ(module.name.length, 0);
	CHECK(name_is(module.functions[0].name, "e"));
	module_finish(&module);
	buffer_finish(&binary);
}

TEST(functions_that_may_be_referred_to_are_numbered_in_order)
{
	struct buffer binary = {0};
	struct module module;
	struct sv_error error = SV_ERROR_INIT;
	CHECK_OK(read_text("(module (import \"a\" \"b\" (func)) (import \"a\" \"c\" (func))"
			   " (func) (func) (func (export \"x\")) (func)"
			   " (global funcref (ref.func 3)) (elem declare func 1) (start 5))",
			&binary, &module, &error));
	static const uint32_t wanted[] = {SV_NO_INDEX, 0, SV_NO_INDEX, 1, 2, SV_NO_INDEX};
	CHECK_EQ(module.reference_count, 3);
	for (uint32_t i = 0; i < ARRAY_LENGTH(wanted); i++)
		CHECK_EQ(module.functions[i].reference, wanted[i]);
	module_finish(&module);
	buffer_finish(&binary);
}

TEST(the_dump_of_a_module_shows_each_thing)
{
	struct buffer binary = {0};
	struct module module;
	struct sv_error error = SV_ERROR_INIT;
	char *text = NULL;
	size_t size;
	CHECK_OK(read_text(everything, &binary, &module, &error));
	FILE *file = open_memstream(&text, &size);
	dump_module(&module, file);
	CHECK_OK(dump_bodies(&module, file, &error));
	fclose(file);
	static const char *const lines[] = {
			"type 0 i32 i64 -> f32 f64\n",
			"import function 0 \"a\".\"f\"\n",
			"function 0 type 0 \"f\" reference 0\n",
			"table 0 funcref 1..9\n",
			"table 1 externref 1..1\n",
			"memory 0 1..2\n",
			"global 1 mutable i64 = i64 0xfffffffffffffffb\n",
			"export \"k\" function 1\n",
			"start function 2\n",
			"elements 1 active (ref func) table 0 at i32 0x0: function 0, function 1\n",
			"data 1 passive, 7 bytes\n",
			"locals i64 f32 funcref\n",
			"br_table 1 0 1\n",
			"i64.store offset=70000 align=8\n",
	};
	for (size_t i = 0; i < ARRAY_LENGTH(lines); i++)
		CHECK_HAS(text, lines[i]);
	free(text);
	module_finish(&module);
	buffer_finish(&binary);
}

TEST(stages_are_found_by_name)
{
	CHECK_EQ(sv_stage_of_name("read"), SV_STAGE_READ);
	CHECK_EQ(sv_stage_of_name("package"), SV_STAGE_PACKAGE);
	CHECK_EQ(sv_stage_of_name("nothing"), SV_STAGE_NONE);
	CHECK_EQ(sv_stage_of_name(""), SV_STAGE_NONE);
}

TEST_MAIN()
