/*
 * runtime_table64.c: indices of 64-bit tables keep all their bits: one whose low half is inside
 * is outside all the same, for every operator. (WasmEdge: cut to 32 bits before the check)
 */
#include "tests/unit/frontend_fixture.h"
#include "tests/unit/runtime_fixture.h"

#define GET(i) "\x20" i

static const struct {
	const char *name, *signature;
	struct sv_bytes code; /* without locals and end */
} functions[] = {
		{"answer", ":i", BYTES("\x41\x2a")},
		{"call", "I:i", BYTES(GET("\0") "\x11\0\0")},
		{"get", "I:i", BYTES(GET("\0") "\x25\0\xd1")},
		{"set", "I:", BYTES(GET("\0") "\xd0\x70\x26\0")},
		{"grow", "I:I", BYTES("\xd0\x70" GET("\0") "\xfc\xf\0")},
		{"fill", "II:", BYTES(GET("\0") "\xd0\x70" GET("\1") "\xfc\x11\0")},
		{"copy", "III:", BYTES(GET("\0") GET("\1") GET("\2") "\xfc\xe\0\0")},
		{"init", "Iii:", BYTES(GET("\0") GET("\1") GET("\2") "\xfc\xc\1\0")},
		{"size", ":I", BYTES("\xfc\x10\0")},
};

/* A table of 2 to 100 entries, both filled; a passive segment of one. */
static struct buffer table_module(void)
{
	struct buffer module = {0}, part = {0};
	const unsigned count = ARRAY_LENGTH(functions);
	add_header(&module);
	add_u32(&part, count);
	for (unsigned i = 0; i < count; i++) {
		add_byte(&part, 0x60);
		const char *colon = strchr(functions[i].signature, ':');
		add_u32(&part, (uint32_t)(colon - functions[i].signature));
		for (const char *at = functions[i].signature; *at; at++) {
			if (at == colon)
				add_u32(&part, (uint32_t)strlen(colon + 1));
			else
				add_byte(&part, sv_type_of_letter(*at));
		}
	}
	add_section(&module, 1, &part);
	add_u32(&part, count);
	for (unsigned i = 0; i < count; i++)
		add_u32(&part, i);
	add_section(&module, 3, &part);
	add_bytes(&part, "\1\x70\5\2\x64", 5);
	add_section(&module, 4, &part);
	add_u32(&part, count);
	for (unsigned i = 0; i < count; i++) {
		add_u32(&part, (uint32_t)strlen(functions[i].name));
		add_bytes(&part, functions[i].name, strlen(functions[i].name));
		add_byte(&part, SV_EXTERN_FUNCTION);
		add_u32(&part, i);
	}
	add_section(&module, 7, &part);
	add_bytes(&part, "\2\0\x42\0\xb\2\0\0\1\0\1\0", 12);
	add_section(&module, 9, &part);
	add_u32(&part, count);
	for (unsigned i = 0; i < count; i++) {
		struct buffer body = {0};
		add_byte(&body, 0);
		add_bytes(&body, functions[i].code.data, functions[i].code.length);
		add_byte(&body, 0x0b);
		add_sized(&part, &body);
	}
	add_section(&module, 10, &part);
	return module;
}

static struct guest table_open(unsigned level)
{
	struct buffer module = table_module(), bytes = {0};
	struct sv_compile_options options;
	sv_compile_options_init(&options);
	options.level = level;
	fixture_need(sv_compile(buffer_view(&module), &options, &bytes, &error), "compile");
	int fd = fixture_file(bytes.data, bytes.length);
	struct guest guest = {sv_artifact_load_fd(engine, fd, "table64.so", &error),
			fixture_store(), NULL};
	fixture_need(guest.artifact != NULL, "load");
	guest.instance = sv_instance_new(guest.store, guest.artifact, NULL, NULL, &error);
	fixture_need(guest.instance != NULL, "instance");
	close(fd);
	buffer_finish(&module);
	buffer_finish(&bytes);
	return guest;
}

struct table_case {
	const char *name;
	uint64_t arguments[3];
	enum sv_trap trap;
	int64_t result;
};

#define HIGH UINT64_C(0x100000000)

static const struct table_case cases[] = {
		{"call", {0}, SV_TRAP_NONE, 42},
		{"call", {1}, SV_TRAP_NONE, 42},
		{"call", {2}, SV_TRAP_UNDEFINED_ELEMENT, 0},
		{"call", {HIGH}, SV_TRAP_UNDEFINED_ELEMENT, 0},
		{"call", {HIGH + 1}, SV_TRAP_UNDEFINED_ELEMENT, 0},
		{"call", {UINT64_C(1) << 63}, SV_TRAP_UNDEFINED_ELEMENT, 0},
		{"call", {UINT64_MAX}, SV_TRAP_UNDEFINED_ELEMENT, 0},
		/* times 32 bytes an entry: 0 */
		{"call", {UINT64_C(1) << 59}, SV_TRAP_UNDEFINED_ELEMENT, 0},
		{"get", {1}, SV_TRAP_NONE, 0},
		{"get", {HIGH + 1}, SV_TRAP_TABLE_BOUNDS, 0},
		{"set", {HIGH}, SV_TRAP_TABLE_BOUNDS, 0},
		{"fill", {HIGH, 1}, SV_TRAP_TABLE_BOUNDS, 0},
		{"fill", {0, HIGH + 1}, SV_TRAP_TABLE_BOUNDS, 0},
		{"fill", {UINT64_MAX, 2}, SV_TRAP_TABLE_BOUNDS, 0},
		{"copy", {HIGH, 0, 1}, SV_TRAP_TABLE_BOUNDS, 0},
		{"copy", {0, HIGH, 1}, SV_TRAP_TABLE_BOUNDS, 0},
		{"copy", {0, 0, HIGH + 1}, SV_TRAP_TABLE_BOUNDS, 0},
		{"copy", {0, 1, 1}, SV_TRAP_NONE, 0},
		{"init", {HIGH, 0, 1}, SV_TRAP_TABLE_BOUNDS, 0},
		{"init", {1, 0, 1}, SV_TRAP_NONE, 0},
		{"grow", {HIGH}, SV_TRAP_NONE, -1},
		{"grow", {UINT64_MAX}, SV_TRAP_NONE, -1},
		{"grow", {99}, SV_TRAP_NONE, -1},
		{"grow", {98}, SV_TRAP_NONE, 2},
		{"size", {0}, SV_TRAP_NONE, 100},
		{"get", {99}, SV_TRAP_NONE, 1},
		{"call", {99}, SV_TRAP_NULL_ELEMENT, 0},
		{"call", {1}, SV_TRAP_NONE, 42},
};

/* What a function left in `values`; 0 if it has no result. */
static int64_t result_of(const char *name, const union sv_value *values)
{
	unsigned i = 0;
	while (strcmp(functions[i].name, name) != 0)
		i++;
	switch (strchr(functions[i].signature, ':')[1]) {
	case 'i':
		return values[0].i32;
	case 'I':
		return values[0].i64;
	default:
		return 0;
	}
}

TEST(no_operator_cuts_an_index_to_32_bits)
{
	for (unsigned level = 0; level <= 2; level += 2) {
		struct guest guest = table_open(level);
		for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
			const struct table_case *row = &cases[i];
			union sv_value values[3] = {{.i64 = (int64_t)row->arguments[0]},
					{.i64 = (int64_t)row->arguments[1]},
					{.i64 = (int64_t)row->arguments[2]}};
			enum sv_trap trap = SV_TRAP_NONE;
			if (guest_call(&guest, row->name, values) != SV_RETURNED)
				trap = sv_store_trap(guest.store)->kind;
			CHECK_MSG(trap == row->trap, "case %u, %s: trap %d", i, row->name, trap);
			CHECK_MSG(trap || result_of(row->name, values) == row->result,
					"case %u, %s: %" PRId64, i, row->name, values[0].i64);
		}
		guest_close(&guest);
	}
}

RUNTIME_TEST_MAIN(NULL)
