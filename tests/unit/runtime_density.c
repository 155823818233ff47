/*
 * runtime_density.c: pools of more instances than mappings allow: nothing unreachable lies between
 * them, and yet none sees another; leases that write here and there see nothing of the last.
 */
#include "runtime/engine.h"
#include "runtime/pool.h"
#include "runtime/store.h"
#include "tests/unit/runtime_fixture.h"

static const char text[] =
		"(module (memory (export \"memory\") 2 4)\n"
		"(type $ii (func (param i32) (result i32)))\n"
		"(data (i32.const 4090) \"0123456789abcdef\") (global $g (mut i32) (i32.const 7))\n"
		/* Fill all of it, and return the sum of what was there. */
		"(func (export \"fill\") (type $ii) (local i32 i32)\n"
		"  (loop $next\n"
		"    (local.set 2 (i32.add (local.get 2) (i32.load8_u (local.get 1))))\n"
		"    (i32.store8 (local.get 1) (local.get 0))\n"
		"    (local.set 1 (i32.add (local.get 1) (i32.const 1)))\n"
		"    (br_if $next (i32.lt_u (local.get 1)\n"
		"      (i32.mul (memory.size) (i32.const 65536)))))\n"
		"  (global.set $g (i32.const 99)) (local.get 2))\n"
		"(func (export \"page\") (type $ii)\n"
		"  (i32.store (local.get 0) (i32.add (i32.load (local.get 0)) (i32.const 1)))\n"
		"  (i32.load (local.get 0)))\n"
		"(func (export \"load\") (type $ii) (i32.load8_u (local.get 0)))\n"
		"(func (export \"store\") (type $ii)\n"
		"  (i32.store (local.get 0) (i32.const -1)) (i32.const 0))\n"
		"(func (export \"grow\") (type $ii) (memory.grow (local.get 0)))\n"
		"(func $deep (export \"deep\") (type $ii)\n"
		"  (i32.add (i32.const 1) (call $deep (i32.add (local.get 0) (i32.const 1)))))\n"
		"(func (export \"global\") (type $ii) (global.get $g)))";

/* Sum of the bytes of "0123456789abcdef". */
enum { IMAGE_SUM = 10 * '0' + 45 + 6 * 'a' + 15, MANY = 60000 };

static struct sv_pool *pool_of(struct sv_artifact *artifact, uint32_t count)
{
	struct sv_store_limits limits;
	sv_store_limits_init(&limits);
	limits.max_memory = 4 * 65536;
	struct sv_pool *pool = sv_pool_new(engine, artifact, NULL, &limits, count, &error);
	fixture_need(pool != NULL, "pool");
	return pool;
}

static struct guest lease(struct sv_pool *pool)
{
	struct guest guest = {pool->artifact, sv_pool_lease(pool, &error), NULL};
	fixture_need(guest.store && sv_pool_start(guest.store, &error) == SV_RETURNED, "lease");
	guest.instance = sv_store_instance(guest.store);
	return guest;
}

/* What the guest may do to its neighbours: nothing. */
static void do_worst(struct guest *guest)
{
	CHECK_EQ(guest_number(guest, "grow", 2), 2);
	CHECK_EQ(guest_number(guest, "fill", 0xee), IMAGE_SUM);
	for (uint32_t beyond = 4 * 65536; beyond != 0; beyond <<= 1) {
		CHECK_EQ(guest_number(guest, "store", (int32_t)beyond), -1);
		CHECK_EQ(guest_number(guest, "store", (int32_t)(0 - beyond)), -1);
	}
	CHECK_EQ(guest_number(guest, "store", 4 * 65536 - 3), -1);
	CHECK_EQ(guest_number(guest, "grow", 1), 0xffffffff);
	CHECK_EQ(guest_number(guest, "deep", 0), -1);
	CHECK_EQ(sv_store_trap(guest->store)->kind, SV_TRAP_STACK);
}

TEST(neighbours_in_a_slab_see_nothing_of_each_other)
{
	struct sv_artifact *artifact = fixture_load_as(text, SV_BOUNDS_CHECK, 2);
	struct sv_pool *pool = pool_of(artifact, MANY);
	struct guest guests[9];
	CHECK(pool->has_slab);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 9; i++)
			guests[i] = lease(pool);
		for (int i = 0; i < 9; i += 2)
			CHECK_EQ(guest_number(&guests[i], "fill", i + 1), IMAGE_SUM);
		for (int i = 1; i < 9; i += 2)
			do_worst(&guests[i]);
		for (int i = 0; i < 9; i += 2) {
			CHECK_EQ(guest_number(&guests[i], "load", 0), i + 1);
			CHECK_EQ(guest_number(&guests[i], "load", 2 * 65536 - 1), i + 1);
			CHECK_EQ(guest_number(&guests[i], "load", 2 * 65536), -1);
			CHECK_EQ(guest_number(&guests[i], "global", 0), 99);
			/* 131,072 times the same byte. */
			CHECK_EQ(guest_number(&guests[i], "fill", 0), 131072 * (i + 1));
		}
		for (int i = 0; i < 9; i++)
			sv_pool_return(pool, guests[(i * 4) % 9].store);
		if (test_failed)
			break;
	}
	sv_pool_free(pool);
	sv_artifact_free(artifact);
}

TEST(a_pool_of_many_is_made_of_few_mappings)
{
	static struct guest guests[MANY];
	struct sv_artifact *artifact = fixture_load_as(text, SV_BOUNDS_CHECK, 2);
	struct sv_pool *pool = pool_of(artifact, MANY);
	uint64_t before = atomic_load(&engine->mappings);
	int count = 3000;
	for (int i = 0; i < count; i++) {
		guests[i] = lease(pool);
		CHECK_EQ(guest_number(&guests[i], "page", 128), 1);
	}
	CHECK(atomic_load(&engine->mappings) - before <= 3);
	for (int i = 0; i < count; i++)
		sv_pool_return(pool, guests[i].store);
	sv_pool_free(pool);
	CHECK_EQ(atomic_load(&engine->mappings), before);
	sv_artifact_free(artifact);
}

TEST(a_dense_pool_with_guards_does_without_mapped_images)
{
	struct sv_artifact *artifact = fixture_load_as(text, SV_BOUNDS_GUARD, 2);
	struct sv_pool *pool = pool_of(artifact, MANY);
	CHECK(pool->is_dense && !pool->has_slab);
	for (int i = 0; i < 50; i++) {
		struct guest guest = lease(pool);
		do_worst(&guest);
		sv_pool_return(pool, guest.store);
	}
	sv_pool_free(pool);
	sv_artifact_free(artifact);
}

TEST(too_many_instances_for_the_address_space_are_refused)
{
	struct sv_artifact *artifact = fixture_load_as(text, SV_BOUNDS_CHECK, 2);
	CHECK_ERROR(sv_pool_new(engine, artifact, NULL, NULL, UINT32_MAX, &error), SV_ERROR_LIMIT,
			"more address space than there is");
	sv_artifact_free(artifact);
}

TEST(small_slots_count_as_memories)
{
	struct sv_artifact *artifact = fixture_load_as(text, SV_BOUNDS_CHECK, 2);
	struct sv_pool *pool = pool_of(artifact, MANY);
	uint64_t before = engine->config.max_slots;
	struct guest one = lease(pool), two = lease(pool);
	CHECK(pool->has_slab);
	engine->config.max_slots = 2;
	CHECK_ERROR(sv_pool_lease(pool, &error), SV_ERROR_LIMIT, "the limit max_slots");
	sv_pool_return(pool, one.store);
	one = lease(pool);
	sv_pool_return(pool, one.store);
	sv_pool_return(pool, two.store);
	sv_pool_free(pool);
	CHECK_EQ(atomic_load(&engine->slots), 0);
	engine->config.max_slots = before;
	sv_artifact_free(artifact);
}

/* Writes in new places each time: open pages come and go, and each lease finds zeros. */
static void leases_here_and_there(enum sv_bounds bounds)
{
	struct sv_artifact *artifact = fixture_load_as(text, bounds, 2);
	struct sv_pool *pool = pool_of(artifact, 2);
	uint32_t seed = 12345;
	for (int i = 0; i < 20000 && !test_failed; i++) {
		struct guest guest = lease(pool);
		for (int writes = i % 5; writes >= 0; writes--) {
			seed = seed * 1664525 + 1013904223;
			/* Some pages always, some rarely, some only in one phase. */
			uint32_t page = seed >> 24 & (i % 7 == 0 ? 31 : 3);
			uint32_t address = (page + (i / 4000 == 2 ? 8 : 0)) % 32 * 4096 + 2048;
			CHECK(guest_number(&guest, "page", (int32_t)address) >= 1);
		}
		if (i % 1000 == 999)
			CHECK(guest_number(&guest, "fill", 1) >= IMAGE_SUM);
		sv_pool_return(pool, guest.store);
	}
	sv_pool_free(pool);
	sv_artifact_free(artifact);
}

/* The fixture's engine looks through every store that is returned. */
TEST(open_pages_come_and_go)
{
	leases_here_and_there(SV_BOUNDS_GUARD);
	leases_here_and_there(SV_BOUNDS_CHECK);
}

RUNTIME_TEST_MAIN(hardened_config())
