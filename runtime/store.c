/*
 * store.c: make and release stores, and what they account for.
 */
#include "runtime/store.h"

#include <stdlib.h>

#include "abi/limits.h"
#include "runtime/artifact.h"
#include "runtime/backtrace.h"
#include "runtime/engine.h"
#include "runtime/global.h"
#include "runtime/heap.h"
#include "runtime/instance.h"
#include "runtime/memory.h"
#include "runtime/pool.h"
#include "runtime/selvage_serve.h"
#include "runtime/table.h"
#include "runtime/tag.h"

void sv_store_limits_init(struct sv_store_limits *limits)
{
	*limits = (struct sv_store_limits){
			.max_memory = SV_MEMORY32_MAX_PAGES * SV_WASM_PAGE,
			.max_table_entries = SV_MAX_TABLE_ENTRIES,
	};
}

static bool store_init_stack(struct sv_store *store, struct sv_error *error)
{
	struct sv_engine *engine = store->engine;
	struct sv_pool *pool = store->pool;
	if (!pool || !pool->has_slab)
		return stack_init(&store->stack, engine, engine->config.guest_stack_size, error);
	store->slot = slab_take(&pool->slab, error);
	if (store->slot)
		stack_place(&store->stack, store->slot, pool->slab.stack_size);
	return store->slot != NULL;
}

struct sv_store *sv_store_new(struct sv_engine *engine, const struct sv_store_limits *limits,
		struct sv_error *error)
{
	return store_new(engine, NULL, limits, error);
}

struct sv_store *store_new(struct sv_engine *engine, struct sv_pool *pool,
		const struct sv_store_limits *limits, struct sv_error *error)
{
	struct sv_store *store = calloc(1, sizeof *store);
	if (!store) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a store");
		return NULL;
	}
	store->engine = engine;
	store->may_suspend = true;
	store->view.fuel = STORE_FUEL_MOST;
	sv_store_limits_init(&store->limits);
	if (limits)
		store->limits = *limits;
	store->pool = pool;
	if (!store_init_stack(store, error)) {
		free(store);
		return NULL;
	}
	atomic_fetch_add(&engine->tenants, 1);
	return store;
}

static void store_free_globals(struct sv_store *store)
{
	while (store->globals) {
		struct sv_global *global = store->globals;
		store->globals = global->next;
		free(global);
	}
}

static void store_free_tags(struct sv_store *store)
{
	while (store->tags) {
		struct sv_tag *tag = store->tags;
		store->tags = tag->next;
		free(tag);
	}
}

void sv_store_free(struct sv_store *store)
{
	if (!store)
		return;
	check(!store->activation);
	heap_finish(store);
	while (store->instances) {
		struct sv_instance *instance = store->instances;
		store->instances = instance->next;
		instance_free(instance);
	}
	while (store->memories) {
		struct sv_memory *memory = store->memories;
		store->memories = memory->next;
		memory_free(memory);
	}
	while (store->tables) {
		struct sv_table_object *table = store->tables;
		store->tables = table->next;
		table_free(table);
	}
	store_free_globals(store);
	store_free_tags(store);
	stack_finish(&store->stack, store->engine);
	if (store->slot)
		slab_give(&store->pool->slab, store->slot);
	root_stack_finish(&store->root_stack);
	free(store->view.values);
	free(store->suspension.frame);
	atomic_fetch_sub(&store->engine->tenants, 1);
	free(store);
}

bool store_reserve_values(struct sv_store *store, uint32_t count)
{
	if (count <= store->value_room)
		return true;
	union sv_value *values = realloc(store->view.values, count * sizeof *values);
	if (!values)
		return false;
	store->view.values = values;
	store->value_room = count;
	return true;
}

bool store_try_memory(struct sv_store *store, uint64_t bytes)
{
	uint64_t limit = store->limits.max_memory;
	uint64_t used = atomic_load(&store->memory_bytes);
	do {
		if (bytes > limit || used > limit - bytes)
			return false;
	} while (!atomic_compare_exchange_weak(&store->memory_bytes, &used, used + bytes));
	return true;
}

bool store_take_memory(struct sv_store *store, uint64_t bytes)
{
	if (store_try_memory(store, bytes))
		return true;
	atomic_store(&store->memory_limit_hit, true);
	return false;
}

void store_give_memory(struct sv_store *store, uint64_t bytes)
{
	atomic_fetch_sub(&store->memory_bytes, bytes);
}

bool store_take_entries(struct sv_store *store, uint64_t count)
{
	if (count > store->limits.max_table_entries ||
			store->table_entries > store->limits.max_table_entries - count)
		return false;
	store->table_entries += count;
	return true;
}

void store_give_entries(struct sv_store *store, uint64_t count)
{
	store->table_entries -= count;
}

struct sv_instance *store_instance_at(const struct sv_store *store, uintptr_t pc)
{
	for (struct sv_instance *at = store->instances; at; at = at->next) {
		if (pc >= at->artifact->text_start && pc < at->artifact->text_end)
			return at;
	}
	return NULL;
}

struct sv_memory *store_memory_at(const struct sv_store *store, uintptr_t address)
{
	for (struct sv_memory *at = store->memories; at; at = at->next) {
		const struct slot *slot = &at->backing->slot;
		if (address - (uintptr_t)slot->base < slot->reach)
			return at;
	}
	return NULL;
}

void sv_store_set_fuel(struct sv_store *store, uint64_t units)
{
	store->view.fuel = units < STORE_FUEL_MOST ? (int64_t)units : STORE_FUEL_MOST;
}

uint64_t sv_store_fuel(const struct sv_store *store)
{
	return store->view.fuel > 0 ? (uint64_t)store->view.fuel : 0;
}

void sv_store_set_data(struct sv_store *store, void *data)
{
	store->data = data;
}

void *sv_store_data(const struct sv_store *store)
{
	return store->data;
}

bool sv_store_hit_memory_limit(const struct sv_store *store)
{
	return store->memory_limit_hit;
}

const struct sv_trap_info *sv_store_trap(struct sv_store *store)
{
	if (!store->is_trapped)
		return NULL;
	if (!store->trace.is_named)
		backtrace_name(store);
	return &store->trap;
}

int32_t sv_store_exit_code(const struct sv_store *store)
{
	return store->exit_code;
}

struct sv_instance *sv_store_instance(struct sv_store *store)
{
	struct sv_instance *instance = store->instances;
	while (instance && instance->is_failed)
		instance = instance->next;
	return instance;
}
