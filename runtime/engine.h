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
	struct watchdog watchdog;
	_Atomic uint64_t slots;  /* in use; at most config.max_slots */
	_Atomic uint64_t tenants; /* artifacts, stores and linkers that are left */
};

#endif
