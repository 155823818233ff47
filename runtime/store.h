/*
 * store.h: all that belongs together and runs on one thread at a time.
 */
#ifndef SELVAGE_RUNTIME_STORE_H
#define SELVAGE_RUNTIME_STORE_H

#include "runtime/arch/fault.h"
#include "runtime/arch/switch.h"
#include "runtime/root_stack.h"
#include "runtime/selvage.h"
#include "runtime/stack.h"
#include "runtime/suspend.h"

struct activation;
struct heap;
struct thread;

/* Return addresses kept of a stack: some are of stubs, which are no frames of wasm. */
#define STORE_TRACE_MAX (SV_MAX_FRAMES + 16)

/* Where guest code was when it was left: the handler writes `fault`, the call the rest. */
struct guest_trace {
	struct fault_place fault;
	bool is_call; /* fault.pc is a return address: the guest had called the host */
	bool is_cut;  /* the stack was deeper */
	bool is_named; /* the frames of the trap info are made from it */
	uint32_t count;
	/* Innermost first; each inside the instruction that was running. */
	uintptr_t pcs[STORE_TRACE_MAX];
};

struct sv_store {
	struct switch_state state; /* first: the assembly of the switch knows it */
	struct sv_store_view view;
	struct sv_engine *engine;
	struct stack stack;
	struct root_stack root_stack;
	struct activation *activation; /* innermost, or NULL */
	struct thread *thread;         /* on which it runs; valid while there is an activation */
	_Atomic uint64_t call;         /* of the outermost activation; 0: idle */
	_Atomic uint64_t stopped;      /* the call that sv_store_interrupt wants to end */
	uint64_t deadline;
	uint64_t cpu_left; /* CPU time that its calls may still take; 0: no limit */
	uint64_t quantum;  /* nanoseconds of a turn; 0: no turns */
	bool may_suspend;  /* not while it instantiates */
	struct suspension suspension;
	struct sv_instance *instances; /* owned, as are the lists below; newest first */
	struct sv_memory *memories;
	struct sv_table_object *tables;
	struct sv_global *globals;
	struct sv_tag *tags; /* of the embedder; instances have their own */
	struct heap *heap;	 /* owned; NULL: it never had an object */
	struct sv_store_limits limits;
	_Atomic uint64_t memory_bytes; /* in use; a shared memory may grow on another thread */
	_Atomic bool memory_limit_hit; /* the same */
	uint64_t table_entries;        /* in use */
	uint32_t value_room;           /* of view.values */
	uint32_t propagations; /* bits 1 << enum propagation of its instances */
	bool is_trapped; /* `trap` is about the last call */
	int32_t exit_code;
	struct guest_trace trace;
	struct sv_trap_info trap;
	void *data;
	struct sv_pool *pool;   /* that it is from, or NULL */
	uint8_t *slot;          /* of the pool's slab; NULL: none */
	struct sv_store *spare; /* next of the pool's free stores */
	struct pool_shelf *shelf; /* of the pool, to which it is returned */
};

/* A store of `pool` (NULL: of none), with its stack from there. */
struct sv_store *store_new(struct sv_engine *engine, struct sv_pool *pool,
		const struct sv_store_limits *limits, struct sv_error *error);

/* More than any guest uses. */
#define STORE_FUEL_MOST INT64_MAX

/* Room for `count` values in the view; false if there is no memory. */
bool store_reserve_values(struct sv_store *store, uint32_t count);

/* Account for `bytes` more of memory; false (and the store remembers) if over the limit. */
bool store_take_memory(struct sv_store *store, uint64_t bytes);
/* The same, but nothing is remembered: something may yet be freed. */
bool store_try_memory(struct sv_store *store, uint64_t bytes);
void store_give_memory(struct sv_store *store, uint64_t bytes);
bool store_take_entries(struct sv_store *store, uint64_t count);
void store_give_entries(struct sv_store *store, uint64_t count);

/* Slots of the root stack in use; the stack may be made while they are remembered. */
static inline size_t store_roots_used(const struct sv_store *store)
{
	return (size_t)(store->view.roots - store->root_stack.start);
}

static inline void store_set_roots_used(struct sv_store *store, size_t count)
{
	store->view.roots = store->root_stack.start + count;
}

/* The instance whose artifact's text holds `pc`, or NULL. async-signal-safe */
struct sv_instance *store_instance_at(const struct sv_store *store, uintptr_t pc);

/* The memory whose reservation, guard below excluded, holds `address`. async-signal-safe */
struct sv_memory *store_memory_at(const struct sv_store *store, uintptr_t address);

#endif
