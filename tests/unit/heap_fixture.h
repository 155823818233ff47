/*
 * heap_fixture.h: what tests of the heap share: types of all kinds and a store whose roots the
 * test holds itself.
 */
#ifndef SELVAGE_TESTS_HEAP_FIXTURE_H
#define SELVAGE_TESTS_HEAP_FIXTURE_H

#include "runtime/collect.h"
#include "runtime/engine.h"
#include "runtime/heap.h"
#include "runtime/instance.h"
#include "runtime/store.h"
#include "tests/unit/runtime_fixture.h"

enum { PAIR, BYTES, REFS, MIXED, TAG, EMPTY, WIDE, TYPES };

#define ANY_FIELD (SV_REF_NULL(SV_HEAP_ANY) | SV_FIELD_MUTABLE)

/* All types in one recursive group, so that a field can have the type of another. */
static const uint32_t type_codes[] = {ANY_FIELD, ANY_FIELD, SV_TYPE_I8 | SV_FIELD_MUTABLE,
		ANY_FIELD, SV_TYPE_I8, SV_TYPE_EXTERNREF, SV_TYPE_FUNCREF, SV_TYPE_I32,
		SV_REF_NULL(SV_HEAP_DEFINED + PAIR), SV_TYPE_V128, SV_REF_NULL(SV_HEAP_EQ),
		SV_TYPE_I32, SV_REF_NULL(SV_HEAP_ANY), SV_TYPE_I64, SV_REF_NULL(SV_HEAP_EXN),
		SV_TYPE_FUNCREF, SV_TYPE_EXTERNREF, SV_TYPE_V128};

#define RECORD(kind_, offset_, count) {.kind = (kind_), .offset = (offset_), \
		.parameter_count = (count), .supertype = SV_NO_INDEX}

static const struct sv_type_record type_records[TYPES] = {RECORD(SV_KIND_STRUCT, 0, 2),
		RECORD(SV_KIND_ARRAY, 2, 1), RECORD(SV_KIND_ARRAY, 3, 1),
		RECORD(SV_KIND_STRUCT, 4, 7), RECORD(SV_KIND_FUNCTION, 11, 6),
		RECORD(SV_KIND_STRUCT, 0, 0), RECORD(SV_KIND_ARRAY, 17, 1)};

struct node {
	struct sv_object head;
	void *fields[];
};

/* A store with a root stack that nothing but the test uses. */
struct world {
	struct type_group *group;
	struct sv_store *store;
};

static inline struct world world_open(uint64_t max_memory)
{
	const struct type_source source = {type_records, type_codes, 0, TYPES, NULL};
	struct sv_store_limits limits;
	sv_store_limits_init(&limits);
	if (max_memory)
		limits.max_memory = max_memory;
	struct world world = {type_table_intern_group(&engine->types, &source, &error),
			sv_store_new(engine, &limits, &error)};
	fixture_need(world.group && world.store && root_stack_reserve(world.store, &error),
			"store");
	return world;
}

static inline void world_close(struct world *world)
{
	sv_store_free(world->store);
	type_table_release(&engine->types, &world->group->types[0]);
}

static inline const struct defined_type *world_type(const struct world *world, unsigned index)
{
	return &world->group->types[index];
}

static inline void *world_struct(const struct world *world, unsigned index)
{
	return heap_new_struct(world->store, world_type(world, index));
}

static inline void *world_array(const struct world *world, unsigned index, uint32_t length)
{
	return heap_new_array(world->store, world_type(world, index), length);
}

static inline void **array_references(void *array)
{
	return (void **)((char *)array + SV_ARRAY_ELEMENTS);
}

static inline void root_push(const struct world *world, void *reference)
{
	*world->store->view.roots++ = reference;
}

#endif
