/*
 * terrarium.h: parts of the Terrarium ABI: what a hostcall finds of its request, and how
 * bytes get into and out of the guest's memory.
 */
#ifndef SELVAGE_HOST_TERRARIUM_H
#define SELVAGE_HOST_TERRARIUM_H

#include <stdbool.h>
#include <stdint.h>

#include "host/host.h"
#include "host/lines.h"
#include "runtime/selvage.h"

/* Handles of the request that came and of its answer. */
#define TERRARIUM_INCOMING 0
#define TERRARIUM_OUTGOING 0

/* What setting calls return. */
enum { TERRARIUM_OK = 0, TERRARIUM_INVALID = 1 };

/* One request; the store's data while the guest runs. */
struct terrarium_guest {
	const struct host_call *call;
	struct host_lines lines;
	bool has_memory_manager; /* init_mm was called */
	bool is_giving; /* its malloc runs, for something that is about to be copied out */
	uint32_t malloc_index;   /* in table 0 */
	uint32_t free_index;
	char panic[160]; /* the guest's last words; empty if it gave none */
};

/* A hostcall for each row of terrarium.def that is there. */
#define TERRARIUM_LATER(name, signature)
#define TERRARIUM_CALL(name, signature) \
	enum sv_host_result terrarium_##name(struct sv_caller *caller, union sv_value *values);
#include "host/terrarium/terrarium.def"
#undef TERRARIUM_CALL
#undef TERRARIUM_LATER

/* The request of a hostcall. */
struct terrarium_guest *terrarium_of(struct sv_caller *caller);

/* Argument `index` as the unsigned number it is for us. */
static inline uint32_t terrarium_argument(const union sv_value *values, unsigned index)
{
	return (uint32_t)values[index].i32;
}

/* ---- memory.c; all return false with the trap set ---- */

/* A view of guest bytes, valid until the guest runs again. */
SV_MUST_USE bool terrarium_view(struct sv_caller *caller, uint32_t address, uint32_t length,
		struct sv_bytes *bytes);

/* Copy `bytes` to memory from the guest's malloc; place and length go to the out-pointers. */
SV_MUST_USE bool terrarium_give(struct sv_caller *caller, struct sv_bytes bytes,
		uint32_t pointer_out, uint32_t length_out);

/* The same for a list: an array of slices, each with its own memory. */
SV_MUST_USE bool terrarium_give_list(struct sv_caller *caller, const struct sv_bytes *items,
		uint32_t count, uint32_t pointer_out, uint32_t count_out);

/* Store a number where the guest wants it. */
SV_MUST_USE bool terrarium_store(struct sv_caller *caller, uint32_t address, uint32_t value);

/* A little-endian number in a view that holds it. */
uint32_t terrarium_load(const uint8_t *at);

#endif
