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

/* What setting calls return; what those return that give a handle, if they do not. */
enum { TERRARIUM_OK = 0, TERRARIUM_INVALID = 1 };
enum { TERRARIUM_ERROR = -1, TERRARIUM_NOT_READY = -2 };

/* What a guest may have of requests and responses of its own, and of them under way. */
#define TERRARIUM_MAX_THINGS 256u
#define TERRARIUM_MAX_SENT 64u

struct dns;
struct dns_query;
struct fetcher;
struct kv;
struct terrarium_settings;
struct terrarium_thing;

/* What the guests of a program have in common. */
struct terrarium_service {
	struct terrarium_settings *settings; /* owned */
	struct fetcher *fetcher;             /* owned */
	struct dns *dns;                     /* owned */
	struct kv *kv;     /* owned, unless it is that of the guest */
	bool owns_kv;
	int store;      /* the one in it */
};

/* One request; the store's data while the guest runs. */
struct terrarium_guest {
	struct host_call *call;
	struct terrarium_service *service; /* borrowed */
	struct host_request incoming; /* the call's, with its client's address as a field */
	struct host_header *headers;  /* owned; those of `incoming`, kept for the next one */
	size_t header_room;
	struct host_lines lines;
	bool has_memory_manager; /* init_mm was called */
	bool is_giving; /* its malloc runs, for something that is about to be copied out */
	bool has_waited; /* the hostcall waited, and is made again */
	uint32_t malloc_index;   /* in table 0 */
	uint32_t free_index;
	struct terrarium_thing *things[TERRARIUM_MAX_THINGS]; /* owned; NULL: free */
	unsigned thing_count;
	unsigned sent;           /* of them, requests under way */
	struct buffer body; /* of the request, as far as it was gathered; kept for the next one */
	size_t held; /* bytes in all these: as much as its own memory may have */
	struct dns_query *query; /* that it waits for, or NULL */
	char panic[160]; /* the guest's last words; empty if it gave none */
};

/* A hostcall for each row of terrarium.def. */
#define TERRARIUM_CALL(name, signature) \
	enum sv_host_result terrarium_##name(struct sv_caller *caller, union sv_value *values);
#include "host/terrarium/terrarium.def"
#undef TERRARIUM_CALL

/* The request of a hostcall. */
struct terrarium_guest *terrarium_of(struct sv_caller *caller);

/* How a hostcall that has set its trap, or not, ends. */
static inline enum sv_host_result terrarium_end(bool is_good)
{
	return is_good ? SV_HOST_OK : SV_HOST_TRAP;
}

/* Log a line of ours. */
void terrarium_tell(struct terrarium_guest *guest, const char *format, ...) SV_PRINTF(2, 3);

/* The hostcall is made again when the guest is woken; it has not changed its values. */
enum sv_host_result terrarium_wait(struct terrarium_guest *guest);

/* Let go of the question to name servers, if there is one. */
void terrarium_forget_question(struct terrarium_guest *guest);

/* Whether this is the call that waited, made again; once only. */
bool terrarium_is_again(struct terrarium_guest *guest);

/*
 * Whether the guest may change what the host has; not while its malloc runs, for bytes that might
 * change then. False with the trap set.
 */
SV_MUST_USE bool terrarium_may_change(struct sv_caller *caller);

/* Argument `index` as the unsigned number it is for us. */
static inline uint32_t terrarium_argument(const union sv_value *values, unsigned index)
{
	return (uint32_t)values[index].i32;
}

/* ---- incoming.c ---- */

/* The request that came, as the guest sees it. False: there is no memory for it. */
SV_MUST_USE bool terrarium_incoming_make(struct terrarium_guest *guest);
void terrarium_incoming_drop(struct terrarium_guest *guest);
void terrarium_incoming_finish(struct terrarium_guest *guest);

/*
 * Have all of its body in guest->incoming.body, which comes in one piece in this ABI. False: not
 * now, or never, and `*result` says how the hostcall ends.
 */
SV_MUST_USE bool terrarium_incoming_gather(struct sv_caller *caller, enum sv_host_result *result);

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

/* Whether a number can be stored there. */
SV_MUST_USE bool terrarium_is_place(struct sv_caller *caller, uint32_t address);

/* Store a number where the guest wants it. */
SV_MUST_USE bool terrarium_store(struct sv_caller *caller, uint32_t address, uint32_t value);

/* A little-endian number in a view that holds it. */
uint32_t terrarium_load(const uint8_t *at);

#endif
