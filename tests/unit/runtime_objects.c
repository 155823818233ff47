/*
 * runtime_objects.c: structs, arrays, casts and small integers in compiled code, at every
 * level: what the official suite leaves out. The modules are put together byte by byte, since
 * the text format here knows none of this.
 */
#include "tests/unit/frontend_fixture.h"
#include "tests/unit/runtime_fixture.h"

/* Indices of types below; a chain of super-types is longer than the display of a type. */
#define BYTES_ARRAY "\1"
#define WORDS "\2"
#define PACKED "\3"
#define LIST "\4"
#define EQS "\5"
enum { CHAIN = 6, CHAIN_LENGTH = 12, TYPES = CHAIN + CHAIN_LENGTH };

static const char first_types[] =
		"\x60\0\1\x7f"                           /* () -> i32 */
		"\x5e\x78\1"                             /* array of i8 */
		"\x5e\x7f\1"                             /* array of i32 */
		"\x5f\4\x78\1\x7e\1\x7b\1\x77\1"         /* struct of i8, i64, v128, i16 */
		"\x5f\2\x7f\1\x63\4\1"                   /* struct of i32 and the next one */
		"\x5e\x6d\1";                            /* array of eqref */

static const char data_bytes[] = "\1\2\3\4\5\6\7\x88";

/* A function of no parameters: locals and operators without the last end; what it gives. */
struct test_function {
	const char *name;
	struct sv_bytes code;
	enum sv_trap trap;
	int32_t value;
};

/* ---- operators; indices and LEB numbers are strings of their bytes ---- */

#define NO_LOCALS "\0"
#define LOCAL_WORDS "\1\1\x63\2" /* one local: a reference to WORDS */
#define I32(leb) "\x41" leb
#define GET(local) "\x20" local
#define SET(local) "\x21" local
#define NULL_OF(heap) "\xd0" heap
#define DROP "\x1a"
#define IS_NULL "\xd1"
#define REF_EQ "\xd3"
#define ADD "\x6a"
#define GC(number) "\xfb" number
#define STRUCT_NEW(type) GC("\0") type
#define STRUCT_DEFAULT(type) GC("\1") type
#define STRUCT_GET(type, field) GC("\2") type field
#define STRUCT_GET_S(type, field) GC("\3") type field
#define STRUCT_GET_U(type, field) GC("\4") type field
#define STRUCT_SET(type, field) GC("\5") type field
#define ARRAY_NEW(type) GC("\6") type
#define ARRAY_DEFAULT(type) GC("\7") type
#define ARRAY_FIXED(type, count) GC("\x08") type count
#define ARRAY_NEW_DATA(type) GC("\x09") type "\0"
#define ARRAY_GET(type) GC("\x0b") type
#define ARRAY_GET_S(type) GC("\x0c") type
#define ARRAY_GET_U(type) GC("\x0d") type
#define ARRAY_SET(type) GC("\x0e") type
#define ARRAY_LEN GC("\x0f")
#define ARRAY_FILL(type) GC("\x10") type
#define ARRAY_COPY(to, from) GC("\x11") to from
#define ARRAY_INIT_DATA(type) GC("\x12") type "\0"
#define REF_TEST(heap) GC("\x14") heap
#define REF_TEST_NULL(heap) GC("\x15") heap
#define REF_CAST(heap) GC("\x16") heap
#define REF_I31 GC("\x1c")
#define I31_GET_S GC("\x1d")
#define I31_GET_U GC("\x1e")
#define ANY "\x6e"
#define EQ "\x6d"
#define I31 "\x6c"
#define STRUCT "\x6b"
#define ARRAY "\x6a"
#define NONE "\x71"
#define MINUS_1 "\x7f"

#define FIVE_WORDS I32("\1") I32("\2") I32("\3") I32("\4") I32("\5") ARRAY_FIXED(WORDS, "\5")
#define ELEMENT(array, index, factor) \
	GET(array) I32(index) ARRAY_GET(WORDS) I32(factor) "\x6c" /* i32.mul */
/* The five elements as digits, the first in front, and the array's. */
#define DIGITS(array) \
	ELEMENT(array, "\0", "\x90\xce\0") ELEMENT(array, "\1", "\xe8\7") ADD \
	ELEMENT(array, "\2", "\xe4\0") ADD ELEMENT(array, "\3", "\x0a") ADD \
	ELEMENT(array, "\4", "\1") ADD

#define NODE(number) I32(number) NULL_OF(LIST) STRUCT_NEW(LIST)
#define NUMBER STRUCT_GET(LIST, "\0")
#define GARBAGE I32("\xc0\x84\x3d") ARRAY_DEFAULT(BYTES_ARRAY) DROP /* a million bytes */

#define RETURNS(name, code, value) {name, BYTES(code), SV_TRAP_NONE, value}
#define TRAPS(name, code, trap) {name, BYTES(code), SV_TRAP_##trap, 0}

static const struct test_function functions[] = {
	/* small integers at the edges of 31 bits */
	RETURNS("i31_largest", NO_LOCALS I32("\xff\xff\xff\xff\3") REF_I31 I31_GET_S,
		0x3fffffff),
	RETURNS("i31_over", NO_LOCALS I32("\x80\x80\x80\x80\4") REF_I31 I31_GET_S,
		-0x40000000),
	RETURNS("i31_over_u", NO_LOCALS I32("\x80\x80\x80\x80\4") REF_I31 I31_GET_U,
		0x40000000),
	RETURNS("i31_minus", NO_LOCALS I32(MINUS_1) REF_I31 I31_GET_S, -1),
	RETURNS("i31_minus_u", NO_LOCALS I32(MINUS_1) REF_I31 I31_GET_U, 0x7fffffff),
	RETURNS("i31_least", NO_LOCALS I32("\x80\x80\x80\x80\x78") REF_I31 I31_GET_U, 0),
	RETURNS("i31_zero_is_not_null", NO_LOCALS I32("\0") REF_I31 IS_NULL, 0),
	RETURNS("i31_equal_without_top_bit",
		NO_LOCALS I32(MINUS_1) REF_I31 I32("\xff\xff\xff\xff\7") REF_I31 REF_EQ,
		1),
	RETURNS("i31_not_equal", NO_LOCALS I32("\1") REF_I31 I32("\2") REF_I31 REF_EQ, 0),

	/* casts to abstract types */
	RETURNS("i31_is_i31", NO_LOCALS I32("\1") REF_I31 REF_TEST(I31), 1),
	RETURNS("i31_is_eq", NO_LOCALS I32("\1") REF_I31 REF_TEST(EQ), 1),
	RETURNS("i31_is_no_struct", NO_LOCALS I32("\1") REF_I31 REF_TEST(STRUCT), 0),
	RETURNS("i31_is_no_words", NO_LOCALS I32("\1") REF_I31 REF_TEST_NULL(WORDS), 0),
	RETURNS("struct_is_struct", NO_LOCALS STRUCT_DEFAULT(LIST) REF_TEST(STRUCT), 1),
	RETURNS("struct_is_no_array", NO_LOCALS STRUCT_DEFAULT(LIST) REF_TEST(ARRAY), 0),
	RETURNS("struct_is_no_i31", NO_LOCALS STRUCT_DEFAULT(LIST) REF_TEST_NULL(I31), 0),
	RETURNS("struct_is_not_none", NO_LOCALS STRUCT_DEFAULT(LIST) REF_TEST_NULL(NONE), 0),
	RETURNS("array_is_array", NO_LOCALS FIVE_WORDS REF_TEST(ARRAY), 1),
	RETURNS("array_is_no_other", NO_LOCALS FIVE_WORDS REF_TEST(BYTES_ARRAY), 0),
	RETURNS("null_is_none", NO_LOCALS NULL_OF(ANY) REF_TEST_NULL(NONE), 1),
	RETURNS("null_is_nullable", NO_LOCALS NULL_OF(ANY) REF_TEST_NULL(WORDS), 1),
	RETURNS("null_is_no_eq", NO_LOCALS NULL_OF(ANY) REF_TEST(EQ), 0),
	RETURNS("null_is_no_i31", NO_LOCALS NULL_OF(ANY) REF_TEST(I31), 0),
	TRAPS("cast_of_null", NO_LOCALS NULL_OF(ANY) REF_CAST(WORDS) ARRAY_LEN, CAST),
	TRAPS("cast_to_other", NO_LOCALS FIVE_WORDS REF_CAST(BYTES_ARRAY) ARRAY_LEN, CAST),

	/* null traps of each kind */
	TRAPS("null_struct_get", NO_LOCALS NULL_OF(LIST) STRUCT_GET(LIST, "\0"),
		NULL_STRUCT),
	TRAPS("null_struct_set",
		NO_LOCALS NULL_OF(LIST) I32("\1") STRUCT_SET(LIST, "\0") I32("\0"),
		NULL_STRUCT),
	TRAPS("null_packed_get", NO_LOCALS NULL_OF(PACKED) STRUCT_GET_S(PACKED, "\3"),
		NULL_STRUCT),
	TRAPS("null_array_get", NO_LOCALS NULL_OF(WORDS) I32("\0") ARRAY_GET(WORDS),
		NULL_ARRAY),
	TRAPS("null_array_set",
		NO_LOCALS NULL_OF(WORDS) I32("\0") I32("\0") ARRAY_SET(WORDS) I32("\0"),
		NULL_ARRAY),
	TRAPS("null_array_len", NO_LOCALS NULL_OF(ARRAY) ARRAY_LEN, NULL_ARRAY),
	TRAPS("null_array_fill",
		NO_LOCALS NULL_OF(WORDS) I32("\0") I32("\0") I32("\0")
				ARRAY_FILL(WORDS) I32("\0"),
		NULL_ARRAY),
	TRAPS("null_array_copy_to",
		NO_LOCALS NULL_OF(WORDS) I32("\0") FIVE_WORDS I32("\0") I32("\0")
				ARRAY_COPY(WORDS, WORDS) I32("\0"),
		NULL_ARRAY),
	TRAPS("null_array_copy_from",
		NO_LOCALS FIVE_WORDS I32("\0") NULL_OF(WORDS) I32("\0") I32("\0")
				ARRAY_COPY(WORDS, WORDS) I32("\0"),
		NULL_ARRAY),
	TRAPS("null_array_init",
		NO_LOCALS NULL_OF(WORDS) I32("\0") I32("\0") I32("\0")
				ARRAY_INIT_DATA(WORDS) I32("\0"),
		NULL_ARRAY),
	TRAPS("null_i31_get_s", NO_LOCALS NULL_OF(I31) I31_GET_S, NULL_I31),
	TRAPS("null_i31_get_u", NO_LOCALS NULL_OF(I31) I31_GET_U, NULL_I31),
	TRAPS("null_as_non_null", NO_LOCALS NULL_OF(ANY) "\xd4" IS_NULL, NULL_REFERENCE),

	/* bounds of arrays, with numbers that overflow 32 bits */
	RETURNS("last_element", NO_LOCALS FIVE_WORDS I32("\4") ARRAY_GET(WORDS), 5),
	TRAPS("behind_the_last", NO_LOCALS FIVE_WORDS I32("\5") ARRAY_GET(WORDS),
		ARRAY_BOUNDS),
	TRAPS("index_minus_1", NO_LOCALS FIVE_WORDS I32(MINUS_1) ARRAY_GET(WORDS),
		ARRAY_BOUNDS),
	TRAPS("set_at_minus_1",
		NO_LOCALS FIVE_WORDS I32(MINUS_1) I32("\1") ARRAY_SET(WORDS) I32("\0"),
		ARRAY_BOUNDS),
	TRAPS("get_of_none", NO_LOCALS ARRAY_FIXED(WORDS, "\0") I32("\0") ARRAY_GET(WORDS),
		ARRAY_BOUNDS),
	TRAPS("fill_too_many",
		NO_LOCALS FIVE_WORDS I32("\1") I32("\0") I32(MINUS_1)
				ARRAY_FILL(WORDS) I32("\0"),
		ARRAY_BOUNDS),
	TRAPS("copy_too_many",
		NO_LOCALS FIVE_WORDS I32("\1") FIVE_WORDS I32("\1") I32(MINUS_1)
				ARRAY_COPY(WORDS, WORDS) I32("\0"),
		ARRAY_BOUNDS),
	TRAPS("copy_from_behind",
		NO_LOCALS FIVE_WORDS I32("\0") FIVE_WORDS I32("\6") I32("\0")
				ARRAY_COPY(WORDS, WORDS) I32("\0"),
		ARRAY_BOUNDS),
	RETURNS("copy_of_none_at_the_end",
		NO_LOCALS FIVE_WORDS I32("\5") FIVE_WORDS I32("\5") I32("\0")
				ARRAY_COPY(WORDS, WORDS) I32("\7"),
		7),

	/* many elements */
	RETURNS("copy_forwards",
		LOCAL_WORDS FIVE_WORDS SET("\0") GET("\0") I32("\1") GET("\0") I32("\0")
				I32("\4") ARRAY_COPY(WORDS, WORDS) DIGITS("\0"),
		11234),
	RETURNS("copy_backwards",
		LOCAL_WORDS FIVE_WORDS SET("\0") GET("\0") I32("\0") GET("\0") I32("\1")
				I32("\4") ARRAY_COPY(WORDS, WORDS) DIGITS("\0"),
		23455),
	RETURNS("fill_in_the_middle",
		LOCAL_WORDS FIVE_WORDS SET("\0") GET("\0") I32("\1") I32("\7") I32("\3")
				ARRAY_FILL(WORDS) DIGITS("\0"),
		17775),
	RETURNS("new_of_a_value",
		LOCAL_WORDS I32("\x08") I32("\5") ARRAY_NEW(WORDS) SET("\0")
				DIGITS("\0"),
		88888),
	RETURNS("length_of_many",
		NO_LOCALS I32("\0") I32("\xc0\x84\x3d") ARRAY_NEW(WORDS) ARRAY_LEN,
		1000000),
	TRAPS("more_than_there_can_be", NO_LOCALS I32(MINUS_1) ARRAY_DEFAULT(EQS) ARRAY_LEN,
		MEMORY_LIMIT),

	/* segments: eight bytes, or two words */
	RETURNS("data_last_word",
		NO_LOCALS I32("\4") I32("\1") ARRAY_NEW_DATA(WORDS) I32("\0")
				ARRAY_GET(WORDS),
		(int32_t)0x88070605),
	TRAPS("data_half_a_word",
		NO_LOCALS I32("\5") I32("\1") ARRAY_NEW_DATA(WORDS) ARRAY_LEN,
		MEMORY_BOUNDS),
	TRAPS("data_too_many",
		NO_LOCALS I32("\0") I32("\x81\x80\x80\x80\4") ARRAY_NEW_DATA(WORDS)
				ARRAY_LEN,
		MEMORY_BOUNDS),
	RETURNS("data_none_at_the_end",
		NO_LOCALS I32("\x08") I32("\0") ARRAY_NEW_DATA(WORDS) ARRAY_LEN, 0),
	TRAPS("data_none_behind_the_end",
		NO_LOCALS I32("\x09") I32("\0") ARRAY_NEW_DATA(WORDS) ARRAY_LEN,
		MEMORY_BOUNDS),
	RETURNS("init_both_ends",
		LOCAL_WORDS FIVE_WORDS SET("\0") GET("\0") I32("\3") I32("\0") I32("\2")
				ARRAY_INIT_DATA(WORDS) GET("\0") I32("\4")
				ARRAY_GET(WORDS),
		(int32_t)0x88070605),
	TRAPS("init_behind_the_segment",
		NO_LOCALS FIVE_WORDS I32("\0") I32("\1") I32("\2") ARRAY_INIT_DATA(WORDS)
				I32("\0"),
		MEMORY_BOUNDS),
	TRAPS("init_behind_the_array",
		NO_LOCALS FIVE_WORDS I32("\4") I32("\0") I32("\2") ARRAY_INIT_DATA(WORDS)
				I32("\0"),
		ARRAY_BOUNDS),

	/* packed fields */
	RETURNS("byte_signed",
		NO_LOCALS I32("\7") I32("\1") ARRAY_NEW_DATA(BYTES_ARRAY) I32("\0")
				ARRAY_GET_S(BYTES_ARRAY),
		-0x78),
	RETURNS("byte_unsigned",
		NO_LOCALS I32("\7") I32("\1") ARRAY_NEW_DATA(BYTES_ARRAY) I32("\0")
				ARRAY_GET_U(BYTES_ARRAY),
		0x88),
	RETURNS("field_of_16_bits",
		NO_LOCALS I32(MINUS_1) "\x42\0" /* i64.const */
				"\xfd\x0c\1\2\3\4\5\6\7\x08\1\2\3\4\5\6\7\x08"
				I32("\xff\xff\7") STRUCT_NEW(PACKED)
				STRUCT_GET_U(PACKED, "\3"),
		0xffff),
	RETURNS("field_of_8_bits",
		NO_LOCALS I32("\xff\1") "\x42\0"
				"\xfd\x0c\1\2\3\4\5\6\7\x08\1\2\3\4\5\6\7\x08"
				I32("\0") STRUCT_NEW(PACKED) STRUCT_GET_S(PACKED, "\0"),
		-1),
	RETURNS("field_of_128_bits",
		NO_LOCALS I32("\0") "\x42\0"
				"\xfd\x0c\1\2\3\4\5\6\7\x08\1\2\3\4\5\6\7\x09"
				I32("\0") STRUCT_NEW(PACKED) STRUCT_GET(PACKED, "\2")
				"\xfd\x16\x0f" /* i8x16.extract_lane_u 15 */,
		9),

	/*
	 * A list of 1000, with an array thrown away for each: local 0 is the list, 1 counts.
	 * Then its numbers, 0 to 999, are added up in 2.
	 */
	RETURNS("list_in_the_sight_of_the_collector",
		"\2\1\x63\4\2\x7f" "\3\x40" GET("\1") GET("\0") STRUCT_NEW(LIST)
				SET("\0") I32("\xc0\x84\x3d") ARRAY_DEFAULT(BYTES_ARRAY)
				DROP GET("\1") I32("\1") ADD "\x22\1" I32("\xe8\7")
				"\x48\x0d\0\x0b" /* i32.lt_s, br_if, end */
				"\3\x40" GET("\2") GET("\0") STRUCT_GET(LIST, "\0") ADD
				SET("\2") GET("\0") STRUCT_GET(LIST, "\1") "\x22\0"
				IS_NULL "\x45\x0d\0\x0b" /* i32.eqz, br_if, end */
				GET("\2"),
		499500),

	/* Operands across allocations, in parts that only one way leads through. */
	RETURNS("operands_across_branches",
			"\1\1\x7f" NODE("\5") I32("\1") "\x04\x64\4" /* if */
					NODE("\2") GARBAGE "\5" /* else */ NODE("\3") "\x0b"
					GARBAGE NUMBER SET("\0") NUMBER GET("\0") ADD,
			7),
	RETURNS("operands_across_the_other_branch",
			"\1\1\x7f" NODE("\5") I32("\0") "\x04\x64\4" /* if */
					NODE("\2") GARBAGE "\5" /* else */ NODE("\3") "\x0b"
					GARBAGE NUMBER SET("\0") NUMBER GET("\0") ADD,
			8),
	RETURNS("operands_across_a_way_out",
			"\1\1\x7f" NODE("\5") "\x02\x64\4" /* block */ NODE("\2") I32("\1")
					"\x0d\0" /* br_if */ DROP GARBAGE NODE("\3") GARBAGE
					"\x0b" GARBAGE NUMBER SET("\0") NUMBER GET("\0") ADD,
			7),
	RETURNS("operands_across_rounds",
			"\1\2\x7f" NODE("\5") "\3\x40" /* loop */ NODE("\x09") GARBAGE NODE("\1")
					GARBAGE NUMBER SET("\1") NUMBER GET("\1") ADD GET("\0")
					ADD "\x22\0" I32("\x1e") "\x48\x0d\0\x0b" /* i32.lt_s,
					br_if, end */ NUMBER GET("\0") ADD,
			35),
};

/* ---- modules ---- */

struct module_writer {
	struct buffer exports, code;
	uint32_t count;
};

static void writer_add(struct module_writer *writer, const char *name, struct sv_bytes code)
{
	struct buffer body = {0};
	add_u32(&writer->exports, (uint32_t)strlen(name));
	add_bytes(&writer->exports, name, strlen(name));
	add_byte(&writer->exports, SV_EXTERN_FUNCTION);
	add_u32(&writer->exports, writer->count++);
	add_bytes(&body, code.data, code.length);
	add_byte(&body, 0x0b);
	add_sized(&writer->code, &body);
}

/* A vector of `count` items that are in `items`. */
static void add_vector_section(struct buffer *module, unsigned id, uint32_t count,
		struct buffer *items)
{
	struct buffer contents = {0};
	add_u32(&contents, count);
	add_bytes(&contents, items->data, items->length);
	buffer_finish(items);
	add_section(module, id, &contents);
}

static void add_types(struct buffer *module)
{
	struct buffer types = {0};
	add_bytes(&types, first_types, sizeof first_types - 1);
	for (unsigned i = 0; i < CHAIN_LENGTH; i++) {
		add_bytes(&types, "\x50", 1);
		add_byte(&types, i > 0);
		if (i > 0)
			add_u32(&types, CHAIN + i - 1);
		add_bytes(&types, "\x5f\1\x7f\1", 4);
	}
	add_vector_section(module, 1, TYPES, &types);
}

static struct buffer writer_finish(struct module_writer *writer)
{
	struct buffer module = {0}, part = {0};
	add_header(&module);
	add_types(&module);
	for (uint32_t i = 0; i < writer->count; i++)
		add_byte(&part, 0);
	add_vector_section(&module, 3, writer->count, &part);
	add_vector_section(&module, 7, writer->count, &writer->exports);
	add_byte(&part, 1);
	add_section(&module, 12, &part);
	add_vector_section(&module, 10, writer->count, &writer->code);
	add_byte(&part, 1); /* passive */
	add_u32(&part, sizeof data_bytes - 1);
	add_bytes(&part, data_bytes, sizeof data_bytes - 1);
	add_vector_section(&module, 11, 1, &part);
	return module;
}

static struct guest guest_open_binary(struct buffer *binary, unsigned level)
{
	struct buffer bytes = {0};
	struct sv_compile_options options;
	struct guest guest = {.store = fixture_store()};
	sv_compile_options_init(&options);
	options.level = level;
	options.jobs = 1;
	fixture_need(sv_compile(buffer_view(binary), &options, &bytes, &error), "compile");
	int fd = fixture_file(bytes.data, bytes.length);
	guest.artifact = sv_artifact_load_fd(engine, fd, "objects.so", &error);
	fixture_need(guest.artifact != NULL, "load");
	close(fd);
	buffer_finish(&bytes);
	buffer_finish(binary);
	guest.instance = sv_instance_new(guest.store, guest.artifact, NULL, NULL, &error);
	fixture_need(guest.instance != NULL, "instance");
	return guest;
}

static const unsigned levels[] = {0, 1, 2, 3};

TEST(each_function_gives_what_it_should_at_every_level)
{
	for (size_t i = 0; i < ARRAY_LENGTH(levels); i++) {
		struct module_writer writer = {0};
		for (size_t k = 0; k < ARRAY_LENGTH(functions); k++)
			writer_add(&writer, functions[k].name, functions[k].code);
		struct buffer binary = writer_finish(&writer);
		struct guest guest = guest_open_binary(&binary, levels[i]);
		for (size_t k = 0; k < ARRAY_LENGTH(functions); k++) {
			const struct test_function *test = &functions[k];
			union sv_value value = {.i64 = 0};
			enum sv_outcome outcome = guest_call(&guest, test->name, &value);
			enum sv_trap trap = outcome == SV_TRAPPED ? sv_store_trap(guest.store)->kind
								  : SV_TRAP_NONE;
			CHECK_MSG(trap == test->trap && (test->trap || outcome == SV_RETURNED),
					"%s at level %u: outcome %d, trap %d", test->name,
					levels[i], (int)outcome, (int)trap);
			CHECK_MSG(test->trap || value.i32 == test->value,
					"%s at level %u: gives %d, not %d", test->name, levels[i],
					(int)value.i32, (int)test->value);
		}
		guest_close(&guest);
	}
}

/* All are on the stack while the last ones are made: each must be shown to the collector once. */
TEST(an_array_of_thousands_of_new_objects_takes_code_in_proportion)
{
	enum { COUNT = 4000 };
	struct module_writer writer = {0};
	struct buffer code = {0};
	add_byte(&code, 0);
	for (unsigned i = 0; i < COUNT; i++) {
		struct sv_bytes node = BYTES(NODE("\2"));
		add_bytes(&code, node.data, node.length);
	}
	struct sv_bytes fixed = BYTES(GC("\x08") EQS), first = BYTES(I32("\0") GC("\x0b") EQS);
	struct sv_bytes number = BYTES(REF_CAST(LIST) NUMBER);
	add_bytes(&code, fixed.data, fixed.length);
	add_u32(&code, COUNT);
	add_bytes(&code, first.data, first.length);
	add_bytes(&code, number.data, number.length);
	writer_add(&writer, "first", buffer_view(&code));
	buffer_finish(&code);
	struct buffer binary = writer_finish(&writer);
	struct guest guest = guest_open_binary(&binary, 2);
	CHECK_EQ(guest_number(&guest, "first", 0), 2);
	guest_close(&guest);
}

static void chain_name(char name[16], unsigned type, unsigned above)
{
	snprintf(name, 16, "%u_%u", type, above);
}

/* A new object of one type of the chain, tested for being of another. */
static void chain_add(struct module_writer *writer, unsigned type, unsigned above)
{
	struct buffer code = {0};
	char name[16];
	chain_name(name, type, above);
	add_byte(&code, 0);
	add_bytes(&code, GC("\1"), 2);
	add_u32(&code, CHAIN + type);
	add_bytes(&code, GC("\x14"), 2);
	add_u32(&code, CHAIN + above);
	writer_add(writer, name, buffer_view(&code));
	buffer_finish(&code);
}

TEST(casts_along_a_chain_longer_than_the_display_go_upwards_only)
{
	struct module_writer writer = {0};
	for (unsigned i = 0; i < CHAIN_LENGTH * CHAIN_LENGTH; i++)
		chain_add(&writer, i / CHAIN_LENGTH, i % CHAIN_LENGTH);
	struct buffer binary = writer_finish(&writer);
	struct guest guest = guest_open_binary(&binary, 2);
	for (unsigned type = 0; type < CHAIN_LENGTH; type++) {
		for (unsigned above = 0; above < CHAIN_LENGTH; above++) {
			char name[16];
			chain_name(name, type, above);
			CHECK_MSG(guest_number(&guest, name, 0) == (type >= above),
					"a cast from depth %u to depth %u goes wrong", type, above);
		}
	}
	guest_close(&guest);
}

RUNTIME_TEST_MAIN(hardened_config())
