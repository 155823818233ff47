/*
 * runtime_heap.c: objects are allocated, found and freed as they should, in a store whose roots
 * the tests hold themselves.
 */
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

static struct world world_open(uint64_t max_memory)
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

static void world_close(struct world *world)
{
	sv_store_free(world->store);
	type_table_release(&engine->types, &world->group->types[0]);
}

static const struct defined_type *world_type(const struct world *world, unsigned index)
{
	return &world->group->types[index];
}

static void *world_struct(const struct world *world, unsigned index)
{
	return heap_new_struct(world->store, world_type(world, index));
}

static void *world_array(const struct world *world, unsigned index, uint32_t length)
{
	return heap_new_array(world->store, world_type(world, index), length);
}

static void **array_references(void *array)
{
	return (void **)((char *)array + SV_ARRAY_ELEMENTS);
}

static void root_push(const struct world *world, void *reference)
{
	*world->store->view.roots++ = reference;
}

TEST(the_layout_of_types_names_what_is_to_be_traced)
{
	struct world world = world_open(0);
	CHECK_EQ(world_type(&world, PAIR)->object_size, 24);
	CHECK_EQ(world_type(&world, PAIR)->traced_count, 2);
	CHECK_EQ(world_type(&world, BYTES)->object_size, 1);
	CHECK_EQ(world_type(&world, BYTES)->traced_count, 0);
	CHECK_EQ(world_type(&world, REFS)->object_size, 8);
	CHECK_EQ(world_type(&world, REFS)->traced_count, 1);
	const struct defined_type *mixed = world_type(&world, MIXED);
	CHECK_EQ(mixed->object_size, 72);
	CHECK_EQ(mixed->traced_count, 3);
	CHECK_EQ(mixed->traced[0], 2);
	CHECK_EQ(mixed->traced[1], 5);
	CHECK_EQ(mixed->traced[2], 8);
	const struct defined_type *tag = world_type(&world, TAG);
	CHECK_EQ(tag->object_size, 64);
	CHECK_EQ(tag->traced_count, 3);
	CHECK_EQ(tag->traced[0], 3);
	CHECK_EQ(tag->traced[1], 5);
	CHECK_EQ(tag->traced[2], 7);
	CHECK_EQ(world_type(&world, EMPTY)->object_size, 8);
	CHECK_EQ(world_type(&world, WIDE)->object_size, 16);
	world_close(&world);
}

static bool is_zero(const void *bytes, size_t length)
{
	const uint8_t *at = bytes;
	for (size_t i = 0; i < length; i++) {
		if (at[i])
			return false;
	}
	return true;
}

TEST(objects_of_every_size_are_zero_and_apart)
{
	struct world world = world_open(0);
	for (int round = 0; round < 2; round++) {
		for (unsigned i = 0; i < HEAP_CLASSES * 3; i++) {
			uint32_t size = heap_class_size(i / 3) + i % 3 - 1;
			size = size < SV_ARRAY_ELEMENTS ? SV_ARRAY_ELEMENTS : size;
			uint32_t length = size - SV_ARRAY_ELEMENTS;
			struct sv_array_object *array = world_array(&world, BYTES, length);
			CHECK(array && heap_holds(world.store, array));
			CHECK_EQ(array->length, length);
			CHECK(is_zero(array + 1, length));
			memset(array + 1, 0xff, length);
			CHECK(!heap_holds(world.store, (char *)array + SPACE_GRANULE));
			CHECK(!heap_holds(world.store, (char *)array + 1));
			root_push(&world, array);
		}
		void **start = world.store->root_stack.start;
		for (void **at = start; at < world.store->view.roots; at++) {
			const struct sv_array_object *array = *at;
			CHECK(heap_holds(world.store, array));
			for (uint32_t i = 0; i < array->length; i++)
				CHECK_EQ(((const uint8_t *)(array + 1))[i], 0xff);
		}
		world.store->view.roots = start;
		CHECK(collect(world.store));
		CHECK_EQ(heap_numbers(world.store).live_bytes, 0);
		CHECK_EQ(heap_numbers(world.store).taken_bytes, 0);
		CHECK_EQ(world.store->memory_bytes, 0);
	}
	world_close(&world);
}

TEST(a_list_of_a_million_nodes_is_marked_and_freed)
{
	struct world world = world_open(0);
	for (int side = 0; side < 2; side++) {
		root_push(&world, NULL);
		for (int i = 0; i < 1000000; i++) {
			struct node *node = world_struct(&world, PAIR);
			CHECK(node);
			node->fields[side] = world.store->root_stack.start[0];
			world.store->root_stack.start[0] = node;
		}
		CHECK(collect(world.store));
		CHECK_EQ(heap_numbers(world.store).live_bytes, 32000000);
		int count = 0;
		for (struct node *at = world.store->root_stack.start[0]; at; at = at->fields[side])
			count++;
		CHECK_EQ(count, 1000000);
		world.store->view.roots = world.store->root_stack.start;
		CHECK(collect(world.store));
		CHECK_EQ(heap_numbers(world.store).live_bytes, 0);
	}
	world_close(&world);
}

TEST(cycles_are_freed)
{
	struct world world = world_open(0);
	for (int i = 0; i < 1000; i++) {
		struct node *a = world_struct(&world, PAIR);
		root_push(&world, a);
		struct node *b = world_struct(&world, PAIR);
		a->fields[0] = a->fields[1] = b;
		b->fields[0] = a;
		world.store->view.roots--;
	}
	CHECK(collect(world.store));
	CHECK_EQ(heap_numbers(world.store).live_bytes, 0);
	world_close(&world);
}

TEST(arrays_and_exceptions_are_traced)
{
	struct world world = world_open(0);
	struct sv_object *array = world_array(&world, REFS, 100000);
	root_push(&world, array);
	for (int i = 0; i < 100000; i++)
		array_references(array)[i] = world_struct(&world, EMPTY);
	struct sv_object *exception =
			heap_new_exception(world.store, world_type(&world, TAG), NULL);
	world.store->view.exception = exception;
	for (int i = 0; i < 3; i++)
		((void **)exception)[world_type(&world, TAG)->traced[i]] =
				world_struct(&world, EMPTY);
	CHECK(collect(world.store));
	CHECK_EQ(heap_numbers(world.store).live_bytes, 13 * 65536 + 100000 * 16 + 64 + 3 * 16);
	array_references(array)[0] = NULL;
	array_references(array)[1] = (void *)(uintptr_t)0x7fffffff; /* an i31 */
	world.store->view.exception = NULL;
	CHECK(collect(world.store));
	CHECK_EQ(heap_numbers(world.store).live_bytes, 13 * 65536 + 99998 * 16);
	world_close(&world);
}

static const struct sv_engine_config *test_config(void)
{
	static struct sv_engine_config config;
	sv_engine_config_init(&config);
	config.hardened_scan = true;
	return &config;
}

RUNTIME_TEST_MAIN(test_config())
