/*
 * engine.c: start and end of the runtime in a process.
 */
#include "runtime/engine.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "abi/limits.h"
#include "base/version.h"
#include "runtime/signals.h"

/* Set while an engine exists: handlers and the thread-local record are the process's. */
static _Atomic bool engine_exists;

const char *sv_version(void)
{
	return SV_VERSION;
}

void sv_engine_config_init(struct sv_engine_config *config)
{
	*config = (struct sv_engine_config){
			.guest_stack_size = 1024 * 1024,
			/* The address space and vm.max_map_count have limits of their own. */
			.max_slots = UINT64_MAX,
	};
}

/*
 * Mappings that the process may have, less an eighth for everything else: code, heaps, stacks of
 * threads, other libraries.
 */
static uint64_t engine_max_mappings(void)
{
	unsigned long long most = 65530; /* the kernel's default */
	FILE *file = fopen("/proc/sys/vm/max_map_count", "re");
	if (file) {
		if (fscanf(file, "%llu", &most) != 1)
			most = 65530;
		fclose(file);
	}
	return most - most / 8;
}

bool engine_take_mappings(struct sv_engine *engine, uint64_t count)
{
	uint64_t used = atomic_fetch_add_explicit(&engine->mappings, count, memory_order_relaxed);
	if (used <= engine->max_mappings && count <= engine->max_mappings - used)
		return true;
	engine_give_mappings(engine, count);
	return false;
}

void engine_give_mappings(struct sv_engine *engine, uint64_t count)
{
	atomic_fetch_sub_explicit(&engine->mappings, count, memory_order_relaxed);
}

bool engine_fail_mappings(const struct sv_engine *engine, struct sv_error *error)
{
	return sv_fail(error, SV_ERROR_LIMIT,
			"instances have all of the %" PRIu64 " mappings that vm.max_map_count "
			"leaves for them; raise it with sysctl",
			engine->max_mappings);
}

static bool engine_config_check(const struct sv_engine_config *config, struct sv_error *error)
{
	const size_t least = 16 * 1024, most = (size_t)1 << 30;
	if (config->guest_stack_size < least || config->guest_stack_size > most)
		return sv_fail(error, SV_ERROR_USAGE,
				"guest_stack_size is %zu bytes; from %zu to %zu are possible",
				config->guest_stack_size, least, most);
	if (config->max_slots == 0)
		return sv_fail(error, SV_ERROR_USAGE, "max_slots is 0");
	return true;
}

static bool engine_init(struct sv_engine *engine, const struct sv_engine_config *config,
		struct sv_error *error)
{
	sv_engine_config_init(&engine->config);
	if (config)
		engine->config = *config;
	TRY(engine_config_check(&engine->config, error));
	engine->max_mappings = engine_max_mappings();
	TRY(type_table_init(&engine->types, error));
	if (!signals_install(error)) {
		type_table_finish(&engine->types);
		return false;
	}
	thread_list_init(&engine->threads);
	return true;
}

struct sv_engine *sv_engine_new(const struct sv_engine_config *config, struct sv_error *error)
{
	if (atomic_exchange(&engine_exists, true)) {
		sv_fail(error, SV_ERROR_USAGE, "this process already has an engine");
		return NULL;
	}
	struct sv_engine *engine = calloc(1, sizeof *engine);
	if (!engine)
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for an engine");
	if (!engine || !engine_init(engine, config, error)) {
		free(engine);
		atomic_store(&engine_exists, false);
		return NULL;
	}
	return engine;
}

void sv_engine_free(struct sv_engine *engine)
{
	if (!engine)
		return;
	check(atomic_load(&engine->tenants) == 0);
	sv_thread_leave(engine);
	signals_remove();
	thread_list_finish(&engine->threads);
	type_table_finish(&engine->types);
	free(engine);
	atomic_store(&engine_exists, false);
}
