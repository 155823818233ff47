/*
 * frontend_ops.c: every row of ops.def: order, lookup, decoding, printing, type rule.
 */
#include "tests/lib/test.h"
#include "tests/unit/frontend_fixture.h"

#include "compiler/dump.h"
#include "compiler/op.h"

static const uint32_t codes_of_controls[] = {
#define SV_OP_NAMED(...)
#define SV_CONTROL(code, ...) code,
#include "compiler/ops.def"
#undef SV_OP_NAMED
#undef SV_CONTROL
};

static const uint32_t codes_of_rows[] = {
#define SV_OP_NAMED(code, ...) code,
#define SV_CONTROL(...)
#include "compiler/ops.def"
#undef SV_OP_NAMED
#undef SV_CONTROL
};

static bool is_ascending(const uint32_t *codes, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		if (codes[i] <= codes[i - 1])
			return false;
	}
	return true;
}

TEST(rows_of_each_list_are_in_ascending_order)
{
	CHECK(is_ascending(codes_of_controls, ARRAY_LENGTH(codes_of_controls)));
	CHECK(is_ascending(codes_of_rows, ARRAY_LENGTH(codes_of_rows)));
	CHECK_EQ(OP_COUNT - 1, ARRAY_LENGTH(codes_of_controls) + ARRAY_LENGTH(codes_of_rows));
}

TEST(every_row_is_found_by_its_code)
{
	for (int op = OP_NONE + 1; op < OP_COUNT; op++)
		CHECK_EQ(op_find(op_info((enum op)op)->code), op);
}

TEST(only_rows_are_found)
{
	unsigned found = 0;
	for (uint32_t code = 0; code < UINT32_C(0x110000); code++)
		found += op_find(code) != OP_NONE;
	CHECK_EQ(found, OP_COUNT - 1);
	CHECK_EQ(op_find(UINT32_MAX), OP_NONE);
}

/* An example of each immediate, and its text in a dump. */
static const struct example {
	struct sv_bytes bytes;
	const char *text;
} examples[] = {
		[IMM_NONE] = {BYTES(""), ""},
		[IMM_I32] = {BYTES("\x80\x80\x80\x80\x78"), " -2147483648"},
		[IMM_I64] = {BYTES("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7f"),
				" -9223372036854775808"},
		[IMM_F32] = {BYTES("\0\0\xc0\x3f"), " 1.5 (0x3fc00000)"},
		[IMM_F64] = {BYTES("\0\0\0\0\0\0\xf8\x3f"), " 1.5 (0x3ff8000000000000)"},
		[IMM_V128] = {BYTES("\0\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd\xe\xff"),
				" 0xff0e0d0c0b0a09080706050403020100"},
		[IMM_LANE] = {BYTES("\1"), " 1"},
		[IMM_LANES] = {BYTES("\0\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd\xe\x1f"),
				" 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31"},
		[IMM_MEMARG_LANE] = {BYTES("\x00\x10\1"), " offset=16 align=1 1"},
		[IMM_MEMARG] = {BYTES("\x00\xff\xff\xff\xff\x0f"), " offset=4294967295 align=1"},
		[IMM_MEMARG_EXACT] = {BYTES("\x00\xff\xff\xff\xff\x0f"),
				" offset=4294967295 align="},
		[IMM_ZERO] = {BYTES("\0"), ""},
		[IMM_BLOCK] = {BYTES("\x7f"), " () -> i32"},
		[IMM_LABEL] = {BYTES("\x83\x00"), " 3"},
		[IMM_LABELS] = {BYTES("\2\0\1\2"), " 0 1 2"},
		[IMM_FUNCTION] = {BYTES("\7"), " 7"},
		[IMM_TYPE] = {BYTES("\2"), " 2"},
		[IMM_TAG] = {BYTES("\3"), " 3"},
		[IMM_TRY_TABLE] = {BYTES("\x40\2\1\4\0\2\1"),
				" () -> () (catch_ref 4 0) (catch_all 1)"},
		[IMM_TYPE_TABLE] = {BYTES("\1\x80\x80\x80\x80\x00"), " 1 0"},
		[IMM_LOCAL] = {BYTES("\xff\xff\xff\xff\x0f"), " 4294967295"},
		[IMM_GLOBAL] = {BYTES("\1"), " 1"},
		[IMM_TABLE] = {BYTES("\1"), " 1"},
		[IMM_TABLE_TABLE] = {BYTES("\1\2"), " 1 2"},
		[IMM_ELEMENT] = {BYTES("\1"), " 1"},
		[IMM_ELEMENT_TABLE] = {BYTES("\1\2"), " 1 2"},
		[IMM_DATA] = {BYTES("\1"), " 1"},
		[IMM_DATA_MEMORY] = {BYTES("\1\0"), " 1 0"},
		[IMM_MEMORY] = {BYTES("\0"), " 0"},
		[IMM_MEMORY_MEMORY] = {BYTES("\0\0"), " 0 0"},
		[IMM_REFERENCE] = {BYTES("\x6f"), " externref"},
		[IMM_REFERENT] = {BYTES("\x6b"), " (ref struct)"},
		[IMM_TYPES] = {BYTES("\1\x70"), " funcref"},
		[IMM_TYPE_FIELD] = {BYTES("\0\x81\x00"), " 0 1"},
		[IMM_TYPE_COUNT] = {BYTES("\0\3"), " 0 3"},
		[IMM_TYPE_TYPE] = {BYTES("\0\1"), " 0 1"},
		[IMM_TYPE_DATA] = {BYTES("\0\1"), " 0 1"},
		[IMM_TYPE_ELEMENT] = {BYTES("\0\1"), " 0 1"},
		[IMM_CAST] = {BYTES("\1\2\x6e\x6d"), " 2 anyref (ref eq)"},
};

/* The example for the operator without its last `cut` bytes. */
static void add_immediate(struct buffer *code, const struct op_info *info, size_t cut)
{
	struct sv_bytes bytes = examples[info->immediate].bytes;
	size_t first = code->length;
	add_bytes(code, bytes.data, bytes.length - cut);
	if (info->immediate == IMM_MEMARG_EXACT)
		code->data[first] = (uint8_t)info->limit;
}

/* A module whose one body is this operator and nothing else. */
static struct buffer module_of_operator(const struct op_info *info)
{
	struct buffer code = {0};
	add_byte(&code, 0); /* no locals */
	add_operator(&code, info->code);
	add_immediate(&code, info, 0);
	struct buffer module = module_of_body(":", buffer_view(&code));
	buffer_finish(&code);
	return module;
}

/* Decode the operator, print it, and say whether it was the right one and the end followed. */
static bool operator_round_trips(enum op op)
{
	const struct op_info *info = op_info(op);
	struct buffer bytes = module_of_operator(info);
	struct sv_compile_options options;
	struct module module;
	struct body body;
	struct instruction instruction;
	struct arena arena;
	char *text = NULL;
	size_t size = 0;
	char wanted[128];
	sv_compile_options_init(&options);
	arena_init(&arena, 0);
	bool ok = module_read(&module, buffer_view(&bytes), options.features, NULL) &&
			body_begin(&body, &module, 0, &arena, NULL) &&
			body_next(&body, &instruction, NULL) && body_at_end(&body) &&
			instruction.op == op;
	FILE *file = open_memstream(&text, &size);
	ok = ok && dump_bodies(&module, file, NULL);
	fclose(file);
	char align[16] = "";
	if (info->immediate == IMM_MEMARG_EXACT)
		snprintf(align, sizeof align, "%u", 1u << info->limit);
	snprintf(wanted, sizeof wanted, "%s%s%s\n", info->name, examples[info->immediate].text,
			align);
	ok = ok && strstr(text, wanted);
	free(text);
	arena_finish(&arena);
	module_finish(&module);
	buffer_finish(&bytes);
	return ok;
}

TEST(every_row_decodes_and_prints_with_its_immediates)
{
	for (int op = OP_NONE + 1; op < OP_COUNT; op++)
		CHECK_MSG(operator_round_trips((enum op)op), "%s", op_info((enum op)op)->name);
}

TEST(every_row_cut_short_is_malformed)
{
	for (int op = OP_NONE + 1; op < OP_COUNT; op++) {
		const struct op_info *info = op_info((enum op)op);
		struct sv_error error = SV_ERROR_INIT;
		if (!examples[info->immediate].bytes.length)
			continue;
		struct buffer code = {0};
		add_byte(&code, 0);
		add_operator(&code, info->code);
		add_immediate(&code, info, 1);
		struct buffer module = module_of_body(":", buffer_view(&code));
		bool ok = validate_bytes(buffer_view(&module), &error);
		buffer_finish(&module);
		buffer_finish(&code);
		CHECK_MSG(!ok, "%s is accepted without its last byte", info->name);
	}
}

/* Bits of the flags in the memory section of module_of_body. */
enum { MEMORY_64 = 4 };

/* Give the module's memory these flags instead of none. */
static void module_set_memory(struct buffer *module, uint8_t flags)
{
	uint8_t *section = memmem(module->data, module->length, "\5\3\1\0\1", 5);
	section[3] = flags;
}

/*
 * The operator applied to the function's parameters; its results are the function's. The memory
 * is a 64-bit one if addresses (m) are to be I.
 */
static bool row_validates(const struct op_info *info, const char *row, char address,
		struct sv_error *error)
{
	struct buffer code = {0};
	char signature[16];
	snprintf(signature, sizeof signature, "%s", row);
	for (char *letter = signature; *letter; letter++)
		*letter = *letter == 'm' ? address : *letter;
	add_byte(&code, 0);
	for (unsigned i = 0; signature[i] != ':'; i++) {
		add_byte(&code, 0x20); /* local.get */
		add_u32(&code, i);
	}
	add_operator(&code, info->code);
	add_immediate(&code, info, 0);
	add_byte(&code, 0x0b);
	struct buffer module = module_of_body(signature, buffer_view(&code));
	if (address == 'I')
		module_set_memory(&module, MEMORY_64);
	bool ok = validate_bytes(buffer_view(&module), error);
	buffer_finish(&module);
	buffer_finish(&code);
	return ok;
}

TEST(every_row_validates_with_its_own_signature)
{
	for (int op = OP_NONE + 1; op < OP_COUNT; op++) {
		const struct op_info *info = op_info((enum op)op);
		struct sv_error error = SV_ERROR_INIT;
		if (!info->signature)
			continue;
		CHECK_MSG(row_validates(info, info->signature, 'i', &error), "%s: %s", info->name,
				error.text);
		CHECK_MSG(row_validates(info, info->signature, 'I', &error), "%s, 64 bit: %s",
				info->name, error.text);
	}
}

/* A row that said i would be typed wrongly in a 64-bit memory. */
TEST(every_row_with_a_memory_takes_an_address_and_no_other_row_does)
{
	for (int op = OP_NONE + 1; op < OP_COUNT; op++) {
		const struct op_info *info = op_info((enum op)op);
		if (!info->signature)
			continue;
		bool has_memory = info->immediate == IMM_MEMARG ||
				info->immediate == IMM_MEMARG_LANE ||
				info->immediate == IMM_MEMARG_EXACT;
		CHECK_MSG((info->signature[0] == 'm') == has_memory, "%s", info->name);
		CHECK_MSG(!info->signature[0] || !strchr(info->signature + 1, 'm'), "%s",
				info->name);
	}
}

TEST(every_row_refuses_any_other_operand_or_result)
{
	for (int op = OP_NONE + 1; op < OP_COUNT; op++) {
		const struct op_info *info = op_info((enum op)op);
		for (size_t i = 0; info->signature && info->signature[i]; i++) {
			struct sv_error error = SV_ERROR_INIT;
			char changed[16];
			snprintf(changed, sizeof changed, "%s", info->signature);
			if (changed[i] == ':')
				continue;
			changed[i] = changed[i] == 'e' ? 'i' : 'e';
			CHECK_MSG(!row_validates(info, changed, 'i', &error), "%s as %s",
					info->name, changed);
			CHECK_HAS(error.text, "type mismatch");
		}
	}
}

TEST_MAIN()
