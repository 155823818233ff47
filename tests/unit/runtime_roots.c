/*
 * runtime_roots.c: what keeps objects alive outside the heap, and objects that cross the border
 * between host and guest.
 */
#include "runtime/artifact.h"
#include "runtime/global.h"
#include "runtime/reference.h"
#include "runtime/table.h"
#include "runtime/trap.h"
#include "tests/unit/heap_fixture.h"

static const char guest_text[] =
		"(module (import \"t\" \"make\" (func $make (result externref)))\n"
		"(import \"t\" \"use\" (func $use (param i32 externref) (result externref)))\n"
		"(import \"t\" \"fill\" (func $fill (result externref)))\n"
		"(memory (export \"memory\") 0)\n"
		"(global $g (export \"g\") (mut externref) (ref.null extern))\n"
		"(table $t (export \"t\") 4 externref)\n"
		"(elem $e externref (ref.null extern) (ref.null extern))\n"
		"(func (export \"grow\") (param i32) (result i32) (memory.grow (local.get 0)))\n"
		"(func (export \"store\") (global.set $g (call $make))\n"
		"  (table.set $t (i32.const 1) (call $make)))\n"
		"(func (export \"is_null\") (result i32) (i32.and (ref.is_null (global.get $g))\n"
		"  (ref.is_null (table.get $t (i32.const 1)))))\n"
		"(func (export \"pass\") (result externref)\n"
		"  (call $use (i32.const 1) (call $make)))\n"
		"(func (export \"hold\") (result externref) (local $x externref)\n"
		"  (local.set $x (call $make)) (drop (call $use (i32.const 0) (ref.null extern)))\n"
		"  (call $use (i32.const 1) (local.get $x)))\n"
		"(func (export \"fill\") (result externref) (call $fill)))";

/* The types of the world whose guests run now. */
static const struct world *current;
static unsigned made, used;

static enum sv_host_result host_make(struct sv_caller *caller, union sv_value *values)
{
	values[0].ref = heap_new_struct(sv_caller_store(caller), world_type(current, PAIR));
	made++;
	return values[0].ref ? SV_HOST_OK : SV_HOST_TRAP;
}

/* Collects; an argument that is expected must have survived. */
static enum sv_host_result host_use(struct sv_caller *caller, union sv_value *values)
{
	struct sv_store *store = sv_caller_store(caller);
	void *object = values[1].ref;
	if (!collect(store) || values[0].i32 != (object && heap_holds(store, object)))
		return SV_HOST_TRAP;
	used++;
	values[0].ref = object;
	return SV_HOST_OK;
}

static enum sv_host_result host_fill(struct sv_caller *caller, union sv_value *values)
{
	struct sv_store *store = sv_caller_store(caller);
	void *array = heap_new_array(store, world_type(current, REFS), 1000);
	if (!array)
		heap_trap(store);
	*store->view.roots++ = array;
	for (uint32_t i = 0;; i++) {
		void *bytes = heap_new_array(store, world_type(current, BYTES), 60000);
		if (!bytes)
			heap_trap(store);
		array_references(array)[i % 1000] = bytes;
	}
	(void)values;
}

static struct sv_linker *host_linker(void)
{
	struct sv_linker *linker = sv_linker_new(engine, &error);
	fixture_need(linker && sv_linker_define_function(linker, "t", "make", ":e", host_make, NULL,
			&error) && sv_linker_define_function(linker, "t", "use", "ie:e", host_use,
			NULL, &error) && sv_linker_define_function(linker, "t", "fill", ":e",
			host_fill, NULL, &error), "linker");
	return linker;
}

/* A guest in the store of a world. */
static struct guest world_guest(struct world *world, struct sv_linker *linker)
{
	struct guest guest = {fixture_load(guest_text), world->store, NULL};
	current = world;
	guest.instance = sv_instance_new(world->store, guest.artifact, linker, NULL, &error);
	fixture_need(guest.instance != NULL, "instance");
	return guest;
}

static uint64_t live_after_collection(struct world *world)
{
	fixture_need(collect(world->store), "collection");
	return heap_numbers(world->store).live_bytes;
}

TEST(globals_and_tables_of_the_embedder_are_roots)
{
	struct world world = world_open(0);
	union sv_value value = {.ref = world_struct(&world, PAIR)};
	struct sv_global *global =
			sv_global_new(world.store, SV_TYPE_EXTERNREF, true, value, &error);
	CHECK_OK(global);
	struct sv_table_object *table = sv_table_new(world.store, SV_TYPE_ANYREF,
			(struct sv_size_limits){5, 10, false}, &error);
	CHECK_OK(table);
	table_set(table, 4, world_struct(&world, PAIR));
	CHECK_EQ(live_after_collection(&world), 64);
	CHECK(sv_global_get(global).ref == value.ref);
	global_cell_set(global->cell, SV_TYPE_EXTERNREF, (union sv_value){.ref = NULL});
	table_set(table, 4, NULL);
	CHECK_EQ(live_after_collection(&world), 0);
	CHECK_ERROR(sv_global_new(world.store, SV_TYPE_EXTERNREF, true, value, &error),
			SV_ERROR_USAGE, "to none of them");
	world_close(&world);
}

TEST(globals_tables_and_segments_of_instances_are_roots)
{
	struct world world = world_open(0);
	struct sv_linker *linker = host_linker();
	struct guest guest = world_guest(&world, linker);
	union sv_value value;
	CHECK_EQ(guest_call(&guest, "store", &value), SV_RETURNED);
	CHECK_EQ(live_after_collection(&world), 64);
	void *items[2] = {world_struct(&world, PAIR), NULL};
	CHECK_EQ(guest.artifact->header->items.count, 2);
	guest.instance->items = items;
	CHECK_EQ(live_after_collection(&world), 96);
	guest.instance->items = NULL;
	CHECK_EQ(live_after_collection(&world), 64);
	CHECK_EQ(guest_number(&guest, "is_null", 0), 0);
	sv_artifact_free(guest.artifact);
	world_close(&world);
	sv_linker_free(linker);
}

TEST(what_compiled_code_and_host_functions_hold_is_not_freed)
{
	struct world world = world_open(0);
	struct sv_linker *linker = host_linker();
	struct guest guest = world_guest(&world, linker);
	size_t roots = store_roots_used(world.store);
	for (int i = 0; i < 100; i++) {
		union sv_value value;
		CHECK_EQ(guest_call(&guest, "pass", &value), SV_RETURNED);
		CHECK(heap_holds(world.store, value.ref));
		CHECK_EQ(guest_call(&guest, "hold", &value), SV_RETURNED);
		CHECK(heap_holds(world.store, value.ref));
		CHECK_EQ(store_roots_used(world.store), roots);
	}
	CHECK_EQ(used, 300);
	CHECK_EQ(live_after_collection(&world), 0);
	sv_artifact_free(guest.artifact);
	world_close(&world);
	sv_linker_free(linker);
}

TEST(the_limit_is_a_trap_that_names_it_and_leaves_no_roots)
{
	struct world world = world_open(4 * 1024 * 1024);
	struct sv_linker *linker = host_linker();
	struct guest guest = world_guest(&world, linker);
	union sv_value value = {.i32 = 32};
	CHECK_EQ(guest_call(&guest, "grow", &value), SV_RETURNED);
	size_t roots = store_roots_used(world.store);
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(guest_call(&guest, "fill", &value), SV_TRAPPED);
		CHECK_EQ(sv_store_trap(world.store)->kind, SV_TRAP_MEMORY_LIMIT);
		CHECK_STR(sv_store_trap(world.store)->text,
				"memory limit reached: max_memory is 4194304 bytes");
		CHECK(sv_store_hit_memory_limit(world.store));
		CHECK_EQ(world.store->memory_bytes, 4 * 1024 * 1024);
		CHECK_EQ(store_roots_used(world.store), roots);
	}
	CHECK_EQ(guest_number(&guest, "grow", 1), 0xffffffff);
	CHECK_EQ(live_after_collection(&world), 0);
	CHECK_EQ(guest_number(&guest, "grow", 32), 32);
	sv_artifact_free(guest.artifact);
	world_close(&world);
	sv_linker_free(linker);
}

/* A long list, then an interrupt: the collection must not run to its end. */
static enum sv_host_result host_interrupted(struct sv_caller *caller, union sv_value *values)
{
	struct sv_store *store = sv_caller_store(caller);
	(void)values;
	void **list = store->view.roots++;
	*list = NULL;
	for (int i = 0; i < 500000; i++) {
		struct node *node = (void *)heap_new_struct(store, world_type(current, PAIR));
		if (!node)
			return SV_HOST_TRAP;
		node->fields[0] = *list;
		*list = node;
	}
	uint64_t collections = heap_numbers(store).collections;
	sv_store_interrupt(store);
	while (!atomic_load(&store->state.pending))
		;
	bool is_given_up = !collect(store) && heap_numbers(store).collections == collections;
	for (struct node *at = *list; at; at = at->fields[0])
		is_given_up = is_given_up && heap_holds(store, at);
	made = is_given_up;
	return SV_HOST_OK;
}

TEST(an_interrupted_collection_frees_nothing)
{
	struct world world = world_open(0);
	struct sv_linker *linker = host_linker();
	CHECK_OK(sv_linker_define_function(linker, "t", "make", ":e", host_interrupted, NULL,
			&error));
	struct guest guest = world_guest(&world, linker);
	union sv_value value;
	made = 0;
	CHECK_EQ(guest_call(&guest, "store", &value), SV_TRAPPED);
	CHECK_EQ(sv_store_trap(world.store)->kind, SV_TRAP_INTERRUPT);
	CHECK_EQ(made, 1);
	CHECK_EQ(live_after_collection(&world), 0);
	sv_artifact_free(guest.artifact);
	world_close(&world);
	sv_linker_free(linker);
}

TEST(a_returned_store_has_no_objects)
{
	struct world world = world_open(0);
	struct sv_linker *linker = host_linker();
	struct guest guest = {fixture_load(guest_text), NULL, NULL};
	struct sv_pool *pool = sv_pool_new(engine, guest.artifact, linker, NULL, 1, &error);
	CHECK_OK(pool);
	current = &world;
	for (int i = 0; i < 20; i++) {
		union sv_value value;
		guest.store = sv_pool_lease(pool, &error);
		CHECK_OK(guest.store);
		guest.instance = sv_store_instance(guest.store);
		CHECK_EQ(sv_pool_start(guest.store, &error), SV_RETURNED);
		CHECK_EQ(guest_number(&guest, "is_null", 0), 1);
		CHECK(heap_is_fresh(guest.store));
		CHECK_EQ(guest_call(&guest, "store", &value), SV_RETURNED);
		CHECK_EQ(guest_call(&guest, "pass", &value), SV_RETURNED);
		CHECK_EQ(guest_number(&guest, "is_null", 0), 0);
		CHECK(!heap_is_fresh(guest.store));
		sv_pool_return(pool, guest.store);
	}
	sv_pool_free(pool);
	sv_artifact_free(guest.artifact);
	world_close(&world);
	sv_linker_free(linker);
}

static bool fits(const struct world *world, enum sv_type type, int defined, const void *reference)
{
	const struct value_type value = {.type = type,
			.defined = defined < 0 ? NULL : world_type(world, (unsigned)defined)};
	return reference_fits(world->store, &value, reference);
}

static const void *held(const struct world *world, void *object)
{
	root_push(world, object);
	return object;
}

TEST(references_of_the_host_fit_their_types)
{
	struct world world = world_open(0);
	const void *i31 = (void *)(uintptr_t)0x80000001;
	const void *pair = held(&world, world_struct(&world, PAIR));
	const void *bytes = held(&world, world_array(&world, BYTES, 3));
	const void *exception = held(&world,
			heap_new_exception(world.store, world_type(&world, TAG), NULL));
	const void *host = held(&world, heap_new_box(world.store, HEAP_HOST_BOX, &world));
	const void *boxed = held(&world, heap_new_box(world.store, HEAP_I31_BOX, (void *)i31));
	enum sv_type defined = sv_ref_null(SV_HEAP_DEFINED);
	const struct {
		enum sv_type type;
		int defined;
		bool pair, bytes, exception, host, boxed, i31, wild;
	} cases[] = {
			{SV_TYPE_ANYREF, -1, true, true, false, true, false, true, false},
			{SV_TYPE_EQREF, -1, true, true, false, false, false, true, false},
			{SV_TYPE_I31REF, -1, false, false, false, false, false, true, false},
			{SV_TYPE_STRUCTREF, -1, true, false, false, false, false, false, false},
			{SV_TYPE_ARRAYREF, -1, false, true, false, false, false, false, false},
			{SV_TYPE_NULLREF, -1, false, false, false, false, false, false, false},
			{SV_TYPE_EXNREF, -1, false, false, true, false, false, false, false},
			{SV_TYPE_NULLEXNREF, -1, false, false, false, false, false, false, false},
			{SV_TYPE_EXTERNREF, -1, true, true, false, false, true, true, true},
			{SV_TYPE_NULLEXTERNREF, -1, false, false, false, false, false, false,
					false},
			{defined, PAIR, true, false, false, false, false, false, false},
			{defined, BYTES, false, true, false, false, false, false, false},
			{defined, REFS, false, false, false, false, false, false, false},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		enum sv_type type = cases[i].type;
		int of = cases[i].defined;
		CHECK_EQ(fits(&world, type, of, pair), cases[i].pair);
		CHECK_EQ(fits(&world, type, of, bytes), cases[i].bytes);
		CHECK_EQ(fits(&world, type, of, exception), cases[i].exception);
		CHECK_EQ(fits(&world, type, of, host), cases[i].host);
		CHECK_EQ(fits(&world, type, of, boxed), cases[i].boxed);
		CHECK_EQ(fits(&world, type, of, i31), cases[i].i31);
		CHECK_EQ(fits(&world, type, of, &world), cases[i].wild);
		CHECK(fits(&world, type, of, NULL));
		CHECK(!fits(&world, type, of, (const char *)pair + 16));
		CHECK(!fits(&world, type, of, (const char *)pair + (UINT64_C(1) << 31)));
	}
	CHECK(heap_box_kind(host) == HEAP_HOST_BOX && heap_box_payload(host) == &world);
	CHECK(heap_box_kind(boxed) == HEAP_I31_BOX && heap_box_payload(boxed) == i31);
	CHECK_EQ(heap_box_kind(pair), HEAP_NO_BOX);
	CHECK(!fits(&world, sv_ref(SV_HEAP_ANY), -1, NULL));
	CHECK(!fits(&world, sv_ref(SV_HEAP_EXTERN), -1, NULL));
	store_set_roots_used(world.store, 0);
	CHECK_EQ(live_after_collection(&world), 0);
	CHECK(!fits(&world, SV_TYPE_ANYREF, -1, pair));
	world_close(&world);
}

/* A store without objects yet, made as every other one here: the system maps it alike. */
static struct world world_without_heap(void)
{
	struct world world = world_open(0);
	fixture_need(!world.store->heap, "no heap");
	return world;
}

TEST(no_object_is_where_the_host_has_a_pointer)
{
	struct world world = world_without_heap();
	char *place = world_struct(&world, PAIR);
	world_close(&world);
	for (unsigned i = 0; i < 64; i++) {
		char *pointer = place + i * SPACE_GRANULE;
		world = world_without_heap();
		CHECK(fits(&world, SV_TYPE_EXTERNREF, -1, pointer));
		for (unsigned k = 0; k < 64; k++)
			CHECK(held(&world, world_struct(&world, PAIR)) != pointer);
		CHECK(!heap_holds(world.store, pointer));
		void *reference = pointer;
		CHECK_OK(sv_reference_internalise(world.store, &reference, &error));
		CHECK_EQ(heap_box_kind(reference), HEAP_HOST_BOX);
		CHECK(heap_box_payload(reference) == pointer);
		world_close(&world);
	}
}

TEST(numbers_that_point_between_objects_are_refused)
{
	struct world world = world_without_heap();
	const char *pair = held(&world, world_struct(&world, PAIR));
	union sv_value value = {.ref = (void *)(pair + 8)};
	CHECK_ERROR(sv_global_new(world.store, SV_TYPE_EXTERNREF, true, value, &error),
			SV_ERROR_USAGE, "the value is an externref that points into");
	CHECK_ERROR(sv_reference_internalise(world.store, &value.ref, &error), SV_ERROR_USAGE,
			"but to none of them");
	world_close(&world);
}

TEST(small_numbers_and_stores_without_objects_need_no_heap)
{
	struct world world = world_without_heap(), plain = world_open(1);
	CHECK(fits(&world, SV_TYPE_EXTERNREF, -1, (void *)(uintptr_t)UINT32_MAX));
	CHECK(fits(&world, SV_TYPE_EXTERNREF, -1, (void *)~(uintptr_t)0));
	CHECK(fits(&plain, SV_TYPE_EXTERNREF, -1, &plain));
	CHECK(!world.store->heap && !plain.store->heap);
	world_close(&world);
	world_close(&plain);
}

RUNTIME_TEST_MAIN(hardened_config())
