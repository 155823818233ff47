/*
 * engine.h: what a process has once.
 */
#ifndef SELVAGE_RUNTIME_ENGINE_H
#define SELVAGE_RUNTIME_ENGINE_H

#include <stdatomic.h>

#include "runtime/deadline.h"
#include "runtime/selvage.h"
#include "runtime/type.h"

struct sv_engine {
	struct sv_engine_config config;
	struct type_table types;
	struct thread_list threads;
	_Atomic uint64_t slots;  /* in use; at most config.max_slots */
	_Atomic uint64_t mappings; /* of memories and stacks, about; at most `max_mappings` */
	uint64_t max_mappings;     /* what vm.max_map_count leaves for them */
	_Atomic uint64_t tenants; /* artifacts, stores and linkers that are left */
};

/* Count `count` more mappings; false if there would be too many. async-signal-safe */
bool engine_take_mappings(struct sv_engine *engine, uint64_t count);
void engine_give_mappings(struct sv_engine *engine, uint64_t count);
/* Fill `error` for a refusal; false. */
bool engine_fail_mappings(const struct sv_engine *engine, struct sv_error *error);

#endif
