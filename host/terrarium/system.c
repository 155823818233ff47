/*
 * system.c: hostcalls about the guest itself and the world: memory manager, log, panic,
 * random numbers, time.
 */
#include "host/terrarium/terrarium.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>

/* The indices are looked up when they are needed: the table may still change. */
enum sv_host_result terrarium_init_mm(struct sv_caller *caller, union sv_value *values)
{
	struct terrarium_guest *guest = terrarium_of(caller);
	guest->malloc_index = terrarium_argument(values, 0);
	guest->free_index = terrarium_argument(values, 1);
	guest->has_memory_manager = true;
	return SV_HOST_OK;
}

enum sv_host_result terrarium_panic_hook(struct sv_caller *caller, union sv_value *values)
{
	struct terrarium_guest *guest = terrarium_of(caller);
	struct sv_bytes text;
	if (!terrarium_view(caller, terrarium_argument(values, 0), terrarium_argument(values, 1),
			    &text))
		return SV_HOST_TRAP;
	host_lines_write(&guest->lines, text.data, text.length);
	host_lines_flush(&guest->lines);
	if (text.length > sizeof guest->panic - 1)
		text.length = sizeof guest->panic - 1;
	memcpy(guest->panic, text.data, text.length);
	guest->panic[text.length] = '\0';
	for (char *c = guest->panic; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
	}
	return SV_HOST_OK;
}

/* A line for the log; the length -1 stands for a text that ends in NUL. */
enum sv_host_result terrarium_debug(struct sv_caller *caller, union sv_value *values)
{
	struct terrarium_guest *guest = terrarium_of(caller);
	uint32_t address = terrarium_argument(values, 0), length = terrarium_argument(values, 1);
	struct sv_bytes text;
	if (length == UINT32_MAX) {
		struct sv_memory *memory = sv_instance_memory(sv_caller_instance(caller), 0);
		uint64_t size = memory ? sv_memory_size(memory) : 0;
		const uint8_t *start = address < size ? sv_memory_view(memory) + address : NULL;
		const uint8_t *nul = start ? memchr(start, 0, size - address) : NULL;
		if (!nul) {
			sv_caller_set_trap(caller, SV_TRAP_MEMORY_BOUNDS,
					"a text at 0x%x that does not end in memory", address);
			return SV_HOST_TRAP;
		}
		length = (uint32_t)(nul - start);
	}
	if (!terrarium_view(caller, address, length, &text))
		return SV_HOST_TRAP;
	host_lines_write(&guest->lines, text.data, text.length);
	host_lines_flush(&guest->lines);
	return SV_HOST_OK;
}

enum sv_host_result terrarium_rng_next_u64(struct sv_caller *caller, union sv_value *values)
{
	uint64_t number;
	if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number) {
		sv_caller_set_trap(caller, SV_TRAP_HOST, "no random numbers");
		return SV_HOST_TRAP;
	}
	values[0].i64 = (int64_t)number;
	return SV_HOST_OK;
}

/* Seconds since 1970; nanoseconds go to the address given, unless it is 0. */
enum sv_host_result terrarium_time_now(struct sv_caller *caller, union sv_value *values)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	uint32_t address = terrarium_argument(values, 0);
	if (address && !terrarium_store(caller, address, (uint32_t)now.tv_nsec))
		return SV_HOST_TRAP;
	values[0].i64 = now.tv_sec;
	return SV_HOST_OK;
}
