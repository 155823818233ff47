/*
 * call.h: run guest code.
 */
#ifndef SELVAGE_RUNTIME_CALL_H
#define SELVAGE_RUNTIME_CALL_H

#include "runtime/store.h"

/* A guest that is entered and not yet left; on the host's stack. */
struct activation {
	struct activation *outer; /* of the same store */
	void *outer_host_sp;
	struct guest_frame *outer_guest_frame; /* of the stub through which it called the host */
	size_t outer_roots; /* in use of the root stack, which may have been made since */
	struct sv_store *outer_store; /* that the thread ran before */
	uint64_t outer_call, outer_deadline;
	uint32_t outer_turn; /* the bit: the outer guest's turn was over, which is not this one's */
	uint64_t cpu_begin; /* of the thread's CPU time; 0: no limit began here */
};

/* What to run. */
struct call_target {
	sv_entry_stub entry;
	void *context;
	void *code;
};

/* Run guest code in `store` on the calling thread. */
enum sv_outcome call_run(struct sv_store *store, const struct call_target *target,
		union sv_value *values, struct sv_error *error);

#endif
