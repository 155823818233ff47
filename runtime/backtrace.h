/*
 * backtrace.h: from the place where a guest was left to frames with names.
 */
#ifndef SELVAGE_RUNTIME_BACKTRACE_H
#define SELVAGE_RUNTIME_BACKTRACE_H

#include "runtime/store.h"

/*
 * Walk the frames from store->trace.fault, through all activations of the store, and keep
 * the addresses. Runs on the host's stack before the guest's is used again.
 */
void backtrace_walk(struct sv_store *store);

/* Make the frames of store->trap from the addresses. Slow: reads debug information. */
void backtrace_name(struct sv_store *store);

#endif
