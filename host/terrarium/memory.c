/*
 * memory.c: the border to a Terrarium guest's memory. What the host returns goes into
 * memory that the guest's own malloc gave. Every address is checked when it is used, and
 * again after the guest has run, since its memory may have grown or malloc may lie.
 */
#include "host/terrarium/terrarium.h"

#include <string.h>

#include "abi/limits.h"

/* Bytes of one slice, {address, length}. */
static const uint32_t slice_size = 8;

struct terrarium_guest *terrarium_of(struct sv_caller *caller)
{
	struct terrarium_guest *guest = sv_store_data(sv_caller_store(caller));
	check(guest != NULL);
	return guest;
}

uint32_t terrarium_load(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
			(uint32_t)at[3] << 24;
}

static void guest_range_trap(struct sv_caller *caller, uint32_t address, uint32_t length)
{
	sv_caller_set_trap(caller, SV_TRAP_MEMORY_BOUNDS,
			"out of bounds memory access (%u bytes at 0x%x in a hostcall)", length,
			address);
}

static uint8_t *guest_range(struct sv_caller *caller, uint32_t address, uint32_t length)
{
	uint8_t *range = sv_caller_range(caller, address, length);
	if (!range)
		guest_range_trap(caller, address, length);
	return range;
}

bool terrarium_view(struct sv_caller *caller, uint32_t address, uint32_t length,
		struct sv_bytes *bytes)
{
	bytes->data = sv_caller_view(caller, address, length);
	bytes->length = length;
	if (!bytes->data)
		guest_range_trap(caller, address, length);
	return bytes->data != NULL;
}

bool terrarium_is_place(struct sv_caller *caller, uint32_t address)
{
	return guest_range(caller, address, 4) != NULL;
}

bool terrarium_store(struct sv_caller *caller, uint32_t address, uint32_t value)
{
	uint8_t *at = guest_range(caller, address, 4);
	if (!at)
		return false;
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> 8 * i);
	return true;
}

/* The trap of a call we made becomes the trap of the call that made it. */
static void pass_trap(struct sv_caller *caller, enum sv_outcome outcome,
		const struct sv_error *error)
{
	const struct sv_trap_info *trap = sv_store_trap(sv_caller_store(caller));
	struct terrarium_guest *guest = terrarium_of(caller);
	if (outcome == SV_REFUSED)
		sv_caller_set_trap(caller, SV_TRAP_HOST,
				"the malloc given to hostcall_init_mm cannot be called: %s",
				error->text);
	else if (outcome == SV_TIMED_OUT)
		sv_caller_set_trap(caller, SV_TRAP_DEADLINE, "%s", sv_trap_text(SV_TRAP_DEADLINE));
	else if (outcome == SV_TRAPPED && trap)
		sv_caller_set_trap(caller, trap->kind, "%s in the guest's malloc",
				sv_trap_text(trap->kind));
	else
		sv_caller_set_trap(caller, SV_TRAP_HOST, "the malloc of %s did not return",
				guest->call->guest->name);
}

/* `size` bytes (not 0) from the guest's malloc, checked to lie in its memory. */
static bool guest_malloc(struct sv_caller *caller, uint32_t size, uint32_t *address)
{
	struct terrarium_guest *guest = terrarium_of(caller);
	struct sv_error error = SV_ERROR_INIT;
	if (!guest->has_memory_manager) {
		sv_caller_set_trap(caller, SV_TRAP_HOST,
				"a hostcall that returns data before hostcall_init_mm");
		return false;
	}
	struct sv_table_object *table = sv_instance_table(sv_caller_instance(caller), 0);
	struct sv_funcref *function = table ? sv_table_function(table, guest->malloc_index) : NULL;
	if (!function) {
		sv_caller_set_trap(caller, SV_TRAP_HOST,
				"table 0 has no function at %u, the malloc of hostcall_init_mm",
				guest->malloc_index);
		return false;
	}
	union sv_value value = {.i32 = (int32_t)size};
	/* What is given may lie in the response: it must not change until it has been copied. */
	bool was_giving = guest->is_giving;
	guest->is_giving = true;
	enum sv_outcome outcome = sv_call(sv_caller_store(caller), function, "i:i", &value, &error);
	guest->is_giving = was_giving;
	if (outcome != SV_RETURNED) {
		pass_trap(caller, outcome, &error);
		return false;
	}
	*address = (uint32_t)value.i32;
	if (!*address || !sv_caller_view(caller, *address, size)) {
		sv_caller_set_trap(caller, SV_TRAP_HOST,
				"the guest's malloc(%u) gave no memory (0x%x)", size, *address);
		return false;
	}
	return true;
}

/* A copy in the guest's memory; an empty one is at 0 and needs no malloc. */
static bool give_copy(struct sv_caller *caller, struct sv_bytes bytes, uint32_t *address)
{
	*address = 0;
	if (!bytes.length)
		return true;
	if (bytes.length > INT32_MAX) {
		sv_caller_set_trap(caller, SV_TRAP_HOST, "%zu bytes are too many for a guest",
				bytes.length);
		return false;
	}
	TRY(guest_malloc(caller, (uint32_t)bytes.length, address));
	uint8_t *range = guest_range(caller, *address, (uint32_t)bytes.length);
	if (!range)
		return false;
	memcpy(range, bytes.data, bytes.length);
	return true;
}

bool terrarium_give(struct sv_caller *caller, struct sv_bytes bytes, uint32_t pointer_out,
		uint32_t length_out)
{
	uint32_t address;
	/* Before anything is written; memory never becomes smaller. */
	TRY(terrarium_is_place(caller, pointer_out) && terrarium_is_place(caller, length_out));
	TRY(give_copy(caller, bytes, &address));
	TRY(terrarium_store(caller, pointer_out, address));
	return terrarium_store(caller, length_out, (uint32_t)bytes.length);
}

bool terrarium_give_list(struct sv_caller *caller, const struct sv_bytes *items, uint32_t count,
		uint32_t pointer_out, uint32_t count_out)
{
	uint32_t array = 0;
	TRY(terrarium_is_place(caller, pointer_out) && terrarium_is_place(caller, count_out));
	/* `count` is limited by the header fields of a request or response, so this fits. */
	if (count)
		TRY(guest_malloc(caller, count * slice_size, &array));
	for (uint32_t i = 0; i < count; i++) {
		uint32_t address;
		TRY(give_copy(caller, items[i], &address));
		TRY(terrarium_store(caller, array + i * slice_size, address));
		TRY(terrarium_store(caller, array + i * slice_size + 4, (uint32_t)items[i].length));
	}
	TRY(terrarium_store(caller, pointer_out, array));
	return terrarium_store(caller, count_out, count);
}
