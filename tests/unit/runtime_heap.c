/*
 * runtime_heap.c: objects are allocated, found and freed as they should, in a store whose roots
 * the tests hold themselves.
 */
#include "tests/unit/heap_fixture.h"

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

TEST(more_references_than_have_room_to_wait_are_marked_too)
{
	enum { WIDTH = 200000 };
	struct world world = world_open(0);
	struct sv_object *array = world_array(&world, REFS, WIDTH);
	root_push(&world, array);
	for (int i = 0; i < WIDTH; i++) {
		struct node *node = world_struct(&world, PAIR);
		CHECK(node);
		array_references(array)[i] = node;
		if (i % 10 == 0)
			node->fields[1] = world_struct(&world, PAIR);
		node->fields[0] = i ? array_references(array)[i - 1] : NULL;
	}
	uint64_t before = heap_numbers(world.store).revisits;
	CHECK(collect(world.store));
	CHECK(heap_numbers(world.store).revisits > before);
	CHECK_EQ(heap_numbers(world.store).live_bytes, 25 * 65536 + WIDTH / 10 * 11 * 32);
	world_close(&world);
}

TEST(large_arrays_are_zero_again_and_given_back)
{
	struct world world = world_open(64 * 1024 * 1024);
	for (int i = 0; i < 50; i++) {
		uint32_t length = (uint32_t)(i % 10 + 1) * 2000003;
		struct sv_array_object *array = world_array(&world, BYTES, length);
		CHECK(array && is_zero(array + 1, length));
		memset(array + 1, 0xee, length);
	}
	CHECK(collect(world.store));
	CHECK_EQ(heap_numbers(world.store).taken_bytes, 0);
	CHECK_EQ(world.store->memory_bytes, 0);
	world_close(&world);
}

TEST(lengths_that_would_overflow_are_refused)
{
	struct world world = world_open(0);
	CHECK(!world_array(&world, WIDE, UINT32_MAX));
	CHECK(!world_array(&world, WIDE, 0x10000000));
	CHECK(!world_array(&world, REFS, 0x20000000));
	CHECK(!world_array(&world, BYTES, UINT32_MAX));
	CHECK(!world_array(&world, BYTES, UINT32_MAX - 14));
	CHECK_EQ(world.store->memory_bytes, 0);
	CHECK(world_array(&world, BYTES, UINT32_MAX - 15));
	CHECK_EQ(world.store->memory_bytes, UINT64_C(1) << 32);
	world.store->heap->is_hardened = false;
	CHECK(collect(world.store));
	CHECK_EQ(world.store->memory_bytes, 0);
	world_close(&world);
}

TEST(the_limit_holds_and_garbage_makes_room)
{
	struct world world = world_open(1024 * 1024);
	int count = 0;
	root_push(&world, NULL);
	for (;; count++) {
		struct node *node = world_struct(&world, PAIR);
		if (!node)
			break;
		node->fields[0] = world.store->root_stack.start[0];
		world.store->root_stack.start[0] = node;
	}
	CHECK_EQ(count, 16 * 2048);
	CHECK_EQ(world.store->memory_bytes, 1024 * 1024);
	CHECK(!world_array(&world, BYTES, 40000));
	CHECK(!store_try_memory(world.store, 1));
	world.store->root_stack.start[0] = NULL;
	CHECK(world_array(&world, BYTES, 900000));
	CHECK(world_array(&world, BYTES, 900000));
	CHECK(!world_array(&world, BYTES, 1024 * 1024));
	world_close(&world);
}

TEST(a_store_without_room_for_a_block_has_no_objects)
{
	struct world world = world_open(65535);
	CHECK(!world_struct(&world, EMPTY));
	CHECK(!heap_holds(world.store, &world));
	CHECK(heap_reset(world.store));
	CHECK_EQ(heap_numbers(world.store).taken_bytes, 0);
	world_close(&world);
}

static uint64_t random_state = 88172645463325252u;

static uint32_t random_below(uint32_t end)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state >> 16) % end);
}

/* Sizes from a cell of the smallest kind to a few blocks, small ones more often. */
static uint32_t random_length(void)
{
	return random_below(1u << (4 + random_below(14)));
}

TEST(ten_gigabytes_pass_through_a_small_heap)
{
	enum { KEPT = 64 };
	struct world world = world_open(0);
	uint64_t total = 0, most = 0, next = 0;
	for (int i = 0; i < KEPT; i++)
		root_push(&world, NULL);
	world_struct(&world, EMPTY);
	world.store->heap->is_hardened = false;
	while (total < UINT64_C(10) << 30) {
		uint32_t length = random_length() / 4 + 32;
		struct sv_array_object *array = world_array(&world, BYTES, length);
		CHECK(array);
		total += length;
		world.store->root_stack.start[next++ % KEPT] = array;
		uint64_t taken = heap_numbers(world.store).taken_bytes;
		most = taken > most ? taken : most;
	}
	CHECK_MSG(most < 6 * 1024 * 1024, "%" PRIu64 " bytes", most);
	world_close(&world);
}

TEST(mixed_sizes_do_not_eat_up_the_limit)
{
	enum { KEPT = 300 };
	struct world world = world_open(8 * 1024 * 1024);
	uint32_t live = 0, lengths[KEPT] = {0};
	for (int i = 0; i < KEPT; i++)
		root_push(&world, NULL);
	world_struct(&world, EMPTY);
	world.store->heap->is_hardened = false;
	for (int i = 0; i < 300000; i++) {
		uint32_t at = random_below(KEPT), length = random_length();
		live -= lengths[at];
		world.store->root_stack.start[at] = NULL;
		lengths[at] = live + length > 2 * 1024 * 1024 ? 0 : length;
		struct sv_array_object *array = world_array(&world, BYTES, lengths[at]);
		CHECK_MSG(array, "step %d: %u bytes live, %u asked for", i, live, lengths[at]);
		CHECK(is_zero(array + 1, lengths[at]));
		memset(array + 1, 0x55, lengths[at]);
		world.store->root_stack.start[at] = array;
		live += lengths[at];
	}
	world_close(&world);
}

TEST(a_reset_heap_is_zero_and_usable)
{
	struct world world = world_open(16 * 1024 * 1024);
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 2000; i++) {
			uint32_t length = random_length() / 8;
			struct sv_array_object *array = world_array(&world, BYTES, length);
			CHECK(array && is_zero(array + 1, length));
			memset(array + 1, 0x77, length);
			root_push(&world, array);
		}
		CHECK(!heap_is_fresh(world.store));
		void *old = world.store->root_stack.start[0];
		CHECK(heap_holds(world.store, old));
		store_set_roots_used(world.store, 0);
		CHECK(heap_reset(world.store));
		CHECK(heap_is_fresh(world.store) && !heap_holds(world.store, old));
		CHECK_EQ(world.store->memory_bytes, 0);
	}
	world_close(&world);
}

/* ---- a model: what can be reached, found without the heap ---- */

enum { MODEL_NODES = 3000, MODEL_ROOTS = 40, MODEL_FANOUT = 6 };

struct model_node {
	void *object; /* NULL: free place */
	bool is_array;
	bool is_reached;
	uint32_t count;
	int to[MODEL_FANOUT]; /* nodes, or -1 */
};

struct model {
	struct world world;
	struct model_node nodes[MODEL_NODES];
	int roots[MODEL_ROOTS]; /* nodes, or -1; in the same order on the root stack */
};

static void **model_slot(const struct model_node *node, uint32_t index)
{
	if (node->is_array)
		return array_references(node->object) + index;
	return ((struct node *)node->object)->fields + index;
}

static void model_reach(struct model *model)
{
	static int waiting[MODEL_NODES];
	int count = 0;
	for (int i = 0; i < MODEL_NODES; i++)
		model->nodes[i].is_reached = false;
	for (int i = 0; i < MODEL_ROOTS; i++) {
		int node = model->roots[i];
		if (node >= 0 && !model->nodes[node].is_reached)
			waiting[count++] = node;
		if (node >= 0)
			model->nodes[node].is_reached = true;
	}
	while (count) {
		const struct model_node *node = &model->nodes[waiting[--count]];
		for (uint32_t i = 0; i < node->count; i++) {
			int to = node->to[i];
			if (to < 0 || model->nodes[to].is_reached)
				continue;
			model->nodes[to].is_reached = true;
			waiting[count++] = to;
		}
	}
	for (int i = 0; i < MODEL_NODES; i++) {
		if (!model->nodes[i].is_reached)
			model->nodes[i].object = NULL;
	}
}

/* A node that can be reached; -1 if there is none. Valid until the next change. */
static int model_pick(struct model *model)
{
	int start = (int)random_below(MODEL_NODES);
	for (int i = 0; i < MODEL_NODES; i++) {
		int at = (start + i) % MODEL_NODES;
		if (model->nodes[at].is_reached)
			return at;
	}
	return -1;
}

static int model_free_place(const struct model *model)
{
	for (int i = 0; i < MODEL_NODES; i++) {
		if (!model->nodes[i].object)
			return i;
	}
	return -1;
}

/* Arrays of references have padding of nulls behind, so that large ones are among them. */
static bool model_add(struct model *model)
{
	int place = model_free_place(model);
	if (place < 0)
		return true;
	struct model_node *node = &model->nodes[place];
	bool is_array = random_below(2);
	uint32_t padding = random_below(50) ? random_below(20) : random_below(20000);
	void *object = is_array ? world_array(&model->world, REFS, MODEL_FANOUT + padding)
				: world_struct(&model->world, PAIR);
	if (!object)
		return false;
	*node = (struct model_node){.object = object, .is_array = is_array, .is_reached = true,
			.count = is_array ? MODEL_FANOUT : 2};
	for (uint32_t i = 0; i < MODEL_FANOUT; i++)
		node->to[i] = -1;
	uint32_t root = random_below(MODEL_ROOTS);
	model->roots[root] = place;
	model->world.store->root_stack.start[root] = object;
	return true;
}

static void model_change(struct model *model)
{
	model_reach(model);
	int from = model_pick(model), to = model_pick(model);
	uint32_t root = random_below(MODEL_ROOTS);
	switch (random_below(8)) {
	case 0:
		model->roots[root] = from;
		model->world.store->root_stack.start[root] =
				from < 0 ? NULL : model->nodes[from].object;
		break;
	case 1:
		model->roots[root] = -1;
		model->world.store->root_stack.start[root] = NULL;
		break;
	default:
		if (from < 0)
			break;
		uint32_t slot = random_below(model->nodes[from].count);
		to = random_below(5) ? to : -1;
		model->nodes[from].to[slot] = to;
		*model_slot(&model->nodes[from], slot) = to < 0 ? NULL : model->nodes[to].object;
	}
}

static bool model_holds(const struct model *model)
{
	const struct sv_store *store = model->world.store;
	for (int i = 0; i < MODEL_NODES; i++) {
		const struct model_node *node = &model->nodes[i];
		if (!node->is_reached)
			continue;
		unsigned type = node->is_array ? REFS : PAIR;
		if (!heap_holds(store, node->object) || ((struct sv_object *)node->object)->type !=
				&world_type(&model->world, type)->info)
			return false;
		for (uint32_t k = 0; k < node->count; k++) {
			int to = node->to[k];
			if (*model_slot(node, k) != (to < 0 ? NULL : model->nodes[to].object))
				return false;
		}
	}
	return true;
}

/* What the reachable nodes take, each in the smallest place that fits. */
static uint64_t model_bytes(const struct model *model)
{
	uint64_t bytes = 0;
	for (int i = 0; i < MODEL_NODES; i++) {
		const struct model_node *node = &model->nodes[i];
		if (!node->is_reached)
			continue;
		uint64_t size = 24;
		if (node->is_array)
			size = 16 + 8 * (uint64_t)((struct sv_array_object *)node->object)->length;
		unsigned class = 0;
		while (class < HEAP_CLASSES && heap_class_size(class) < size)
			class++;
		bytes += class < HEAP_CLASSES ? heap_class_size(class)
					      : (size + 65535) / 65536 * 65536;
	}
	return bytes;
}

TEST(random_graphs_keep_exactly_what_can_be_reached)
{
	static struct model model;
	model.world = world_open(64 * 1024 * 1024);
	for (int i = 0; i < MODEL_ROOTS; i++) {
		model.roots[i] = -1;
		root_push(&model.world, NULL);
	}
	for (int i = 0; i < 30000; i++) {
		model_change(&model);
		CHECK(random_below(3) || model_add(&model));
		if (i % 500)
			continue;
		model_reach(&model);
		CHECK(collect(model.world.store));
		CHECK(model_holds(&model));
		CHECK_EQ(heap_numbers(model.world.store).live_bytes, model_bytes(&model));
	}
	world_close(&model.world);
}

RUNTIME_TEST_MAIN(hardened_config())
