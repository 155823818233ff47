/*
 * runtime_addresses.c: every operator of ops.def with an address, in memories of each kind: the
 * last place inside works, and every place outside traps, also where address and offset add up
 * to more than 32 or 64 bits. (Faults that others had: one class of operators checked, the next
 * one forgotten.) A new row is tested without a word here.
 */
#include "tests/unit/frontend_fixture.h"
#include "tests/unit/runtime_fixture.h"

enum { GUARD_O0 = 1, GUARD_O2 = 2, CHECK_O2 = 4 };

struct memory_kind {
	const char *name;
	const char *section; /* of one memory */
	unsigned length;     /* of the section */
	uint64_t size;
	bool is_64;
	unsigned modes; /* in which its code differs from that of other kinds */
};

static const struct memory_kind kinds[] = {
		{"32-bit", "\1\0\1", 3, 65536, false, GUARD_O0 | GUARD_O2 | CHECK_O2},
		{"64-bit", "\1\4\1", 3, 65536, true, GUARD_O0 | GUARD_O2},
		{"shared", "\1\3\1\1", 4, 65536, false, GUARD_O2 | CHECK_O2},
		{"32-bit, 1000 bytes", "\1\x8\xe8\7\0", 5, 1000, false, GUARD_O2},
		{"64-bit, 5000 bytes", "\1\xc\x88\x27\0", 5, 5000, true, GUARD_O2},
};

/* An operator with an offset: one function of the module. */
struct probe {
	const struct op_info *info;
	uint64_t offset;
};

enum { MAX_PROBES = 1200 };

static struct probe probes[MAX_PROBES];
static unsigned probe_count;

static uint64_t width_of(const struct op_info *info)
{
	return UINT64_C(1) << info->limit;
}

static bool is_atomic(const struct op_info *info)
{
	return info->immediate == IMM_MEMARG_EXACT;
}

/* Offsets: none; those that wrap around with a small address, or with the width alone. */
static void probes_make(const struct memory_kind *kind)
{
	uint64_t end = kind->is_64 ? 0 : UINT64_C(1) << 32;
	probe_count = 0;
	for (int op = OP_NONE + 1; op < OP_COUNT; op++) {
		const struct op_info *info = op_info((enum op)op);
		if (!info->signature || info->signature[0] != 'm')
			continue;
		const uint64_t offsets[] = {0, end - width_of(info), end - 16, end - 1};
		for (unsigned i = 0; i < ARRAY_LENGTH(offsets); i++)
			probes[probe_count++] = (struct probe){info, offsets[i]};
	}
}

static void add_u64(struct buffer *buffer, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		add_byte(buffer, (unsigned)(value & 0x7f) | 0x80);
	add_byte(buffer, (unsigned)value);
}

/* Types of a row with the memory's address for m. */
static void add_letters(struct buffer *buffer, const char *letters, size_t count, bool is_64)
{
	add_u32(buffer, (uint32_t)count);
	for (size_t i = 0; i < count; i++) {
		char letter = letters[i] == 'm' ? is_64 ? 'I' : 'i' : letters[i];
		add_byte(buffer, sv_type_of_letter(letter));
	}
}

static void add_probe_body(struct buffer *part, const struct probe *probe)
{
	struct buffer body = {0};
	add_byte(&body, 0); /* no locals */
	for (unsigned i = 0; probe->info->signature[i] != ':'; i++) {
		add_byte(&body, 0x20); /* local.get */
		add_u32(&body, i);
	}
	add_operator(&body, probe->info->code);
	add_u32(&body, is_atomic(probe->info) ? probe->info->limit : 0);
	add_u64(&body, probe->offset);
	if (probe->info->immediate == IMM_MEMARG_LANE)
		add_byte(&body, 0);
	add_byte(&body, 0x0b);
	add_sized(part, &body);
}

/* Function i is probe i; the exports are their numbers. */
static struct buffer probes_module(const struct memory_kind *kind)
{
	struct buffer module = {0}, part = {0};
	add_header(&module);
	add_u32(&part, probe_count);
	for (unsigned i = 0; i < probe_count; i++) {
		const char *signature = probes[i].info->signature;
		const char *colon = strchr(signature, ':');
		add_byte(&part, 0x60);
		add_letters(&part, signature, (size_t)(colon - signature), kind->is_64);
		add_letters(&part, colon + 1, strlen(colon + 1), kind->is_64);
	}
	add_section(&module, 1, &part);
	add_u32(&part, probe_count);
	for (unsigned i = 0; i < probe_count; i++)
		add_u32(&part, i);
	add_section(&module, 3, &part);
	add_bytes(&part, kind->section, kind->length);
	add_section(&module, 5, &part);
	add_u32(&part, probe_count);
	for (unsigned i = 0; i < probe_count; i++) {
		char name[16];
		int length = snprintf(name, sizeof name, "%u", i);
		add_u32(&part, (uint32_t)length);
		add_bytes(&part, name, (size_t)length);
		add_byte(&part, SV_EXTERN_FUNCTION);
		add_u32(&part, i);
	}
	add_section(&module, 7, &part);
	add_u32(&part, probe_count);
	for (unsigned i = 0; i < probe_count; i++)
		add_probe_body(&part, &probes[i]);
	add_section(&module, 10, &part);
	return module;
}

static struct guest probes_open(const struct memory_kind *kind, enum sv_bounds bounds,
		unsigned level)
{
	struct buffer module = probes_module(kind), bytes = {0};
	struct sv_compile_options options;
	sv_compile_options_init(&options);
	options.bounds = bounds;
	options.level = level;
	fixture_need(sv_compile(buffer_view(&module), &options, &bytes, &error), "compile");
	int fd = fixture_file(bytes.data, bytes.length);
	struct guest guest = {sv_artifact_load_fd(engine, fd, "probes.so", &error),
			fixture_store(), NULL};
	fixture_need(guest.artifact != NULL, "load");
	guest.instance = sv_instance_new(guest.store, guest.artifact, NULL, NULL, &error);
	fixture_need(guest.instance != NULL, "instance");
	close(fd);
	buffer_finish(&module);
	buffer_finish(&bytes);
	return guest;
}

/* How a probe at an address ends: the trap's number, 0 for a return. */
static enum sv_trap probe_run(struct guest *guest, unsigned index, uint64_t address)
{
	char name[16];
	union sv_value values[4] = {{.i64 = (int64_t)address}};
	snprintf(name, sizeof name, "%u", index);
	if (guest_call(guest, name, values) == SV_RETURNED)
		return SV_TRAP_NONE;
	return sv_store_trap(guest->store)->kind;
}

/* What is due at an address of so many bits that nothing wraps around. */
static enum sv_trap trap_due(const struct memory_kind *kind, const struct probe *probe,
		uint64_t address)
{
	unsigned __int128 place = (unsigned __int128)address + probe->offset;
	uint64_t width = width_of(probe->info);
	if (is_atomic(probe->info) && place % width != 0)
		return SV_TRAP_UNALIGNED_ATOMIC;
	if (place + width > kind->size)
		return SV_TRAP_MEMORY_BOUNDS;
	bool waits = strncmp(probe->info->name, "memory.atomic.wait", 18) == 0;
	return waits && strcmp(kind->name, "shared") != 0 ? SV_TRAP_EXPECTED_SHARED : SV_TRAP_NONE;
}

/* Returns how many were wrong; says which. */
static unsigned probe_check(struct guest *guest, const struct memory_kind *kind, unsigned index,
		const char *mode)
{
	const struct probe *probe = &probes[index];
	uint64_t width = width_of(probe->info);
	const uint64_t addresses[] = {0, 1, width, 16, 4096, kind->size - width,
			(kind->size - width) & ~(width - 1), kind->size - width + 1, kind->size,
			UINT64_C(0x7fffffff), UINT64_C(0x80000000), UINT64_C(0x100000000) - width,
			UINT64_C(0x100000000), UINT64_C(1) << 63, -width, UINT64_MAX};
	unsigned wrong = 0;
	for (unsigned i = 0; i < ARRAY_LENGTH(addresses); i++) {
		uint64_t address = kind->is_64 ? addresses[i] : (uint32_t)addresses[i];
		enum sv_trap due = trap_due(kind, probe, address);
		enum sv_trap got = probe_run(guest, index, address);
		if (got == due)
			continue;
		printf("  %s, %s: %s offset=%" PRIu64 " at %" PRIu64 ": trap %d, not %d\n",
				kind->name, mode, probe->info->name, probe->offset, address, got,
				due);
		wrong++;
	}
	return wrong;
}

static unsigned kind_check(const struct memory_kind *kind)
{
	unsigned wrong = 0;
	probes_make(kind);
	static const struct {
		const char *name;
		enum sv_bounds bounds;
		unsigned level;
	} modes[] = {{"guard, O0", SV_BOUNDS_GUARD, 0}, {"guard, O2", SV_BOUNDS_GUARD, 2},
			{"check, O2", SV_BOUNDS_CHECK, 2}};
	for (unsigned i = 0; i < ARRAY_LENGTH(modes); i++) {
		if (!(kind->modes >> i & 1))
			continue;
		struct guest guest = probes_open(kind, modes[i].bounds, modes[i].level);
		for (unsigned k = 0; k < probe_count; k++)
			wrong += probe_check(&guest, kind, k, modes[i].name);
		guest_close(&guest);
	}
	return wrong;
}

TEST(every_operator_traps_exactly_outside_of_memories_of_each_kind)
{
	for (unsigned i = 0; i < ARRAY_LENGTH(kinds); i++)
		CHECK_EQ(kind_check(&kinds[i]), 0);
	CHECK(probe_count > 300);
}

RUNTIME_TEST_MAIN(NULL)
