/*
 * runtime_pool.c: memories grow to their limits and not beyond, and a returned store shows
 * nothing of the last guest.
 */
#include <pthread.h>
#include <sys/resource.h>

#include "tests/unit/runtime_fixture.h"

static const char state_text[] =
		"(module (type $ii (func (param i32) (result i32)))\n"
		"(memory (export \"memory\") 2 100) (data (i32.const 4096) \"initial\")\n"
		"(data $late \"late\") (table $t 3 20 funcref) (elem (i32.const 0) $f)\n"
		"(elem $e funcref (ref.func $f)) (global $g (mut i32) (i32.const 9))\n"
		"(func $f (type $ii) (local.get 0))\n"
		"(func $start (global.set $g (i32.add (global.get $g) (i32.const 1)))) (start "
                "$start)\n"
		"(func (export \"grow\") (type $ii) (memory.grow (local.get 0)))\n"
		"(func (export \"size\") (type $ii) (memory.size))\n"
		"(func (export \"load\") (type $ii) (i32.load8_u (local.get 0)))\n"
		"(func (export \"global\") (type $ii) (global.get $g))\n"
		"(func (export \"entry\") (type $ii) (ref.is_null (table.get $t (local.get 0))))\n"
		"(func (export \"tables\") (type $ii) (table.size $t))\n"
		"(func (export \"init\") (type $ii)\n"
		"  (memory.init $late (local.get 0) (i32.const 0) (i32.const 4)) (i32.const 0))\n"
		"(func (export \"dirty\") (type $ii)\n"
		"  (drop (memory.grow (i32.const 3)))\n"
		"  (memory.fill (i32.const 0) (i32.const 0xaa) (i32.const 327680))\n"
		"  (global.set $g (i32.const 1000)) (data.drop $late) (elem.drop $e)\n"
		"  (table.set $t (i32.const 0) (ref.null func)) (table.set $t (i32.const 2) "
                "(ref.func $f))\n"
		"  (table.grow $t (ref.func $f) (i32.const 2))))";

static struct sv_pool *pool_of(struct sv_artifact *artifact, struct sv_linker *linker,
		uint32_t count)
{
	struct sv_pool *pool = sv_pool_new(engine, artifact, linker, NULL, count, &error);
	fixture_need(pool != NULL, "pool");
	return pool;
}

static void check_fresh(struct guest *guest)
{
	static const uint8_t zeros[4096];
	const uint8_t *memory = sv_memory_view(sv_instance_memory(guest->instance, 0));
	CHECK_EQ(guest_number(guest, "size", 0), 2);
	CHECK_EQ(guest_number(guest, "global", 0), 10);
	CHECK_EQ(guest_number(guest, "entry", 0), 0);
	CHECK_EQ(guest_number(guest, "entry", 2), 1);
	CHECK_EQ(guest_number(guest, "tables", 0), 3);
	for (int i = 0; i < 32; i++) {
		if (i == 1)
			CHECK(memcmp(memory + 4096, "initial", 8) == 0 &&
					memcmp(memory + 4096 + 8, zeros, 4096 - 8) == 0);
		else
			CHECK_BYTES(memory + i * 4096, zeros, 4096);
	}
	CHECK_EQ(guest_number(guest, "load", 2 * 65536), -1);
	CHECK_EQ(guest_number(guest, "init", 100), 0);
	CHECK_EQ(guest_number(guest, "load", 100), 'l');
}

TEST(a_returned_store_is_as_new)
{
	struct guest guest = {fixture_load(state_text), NULL, NULL};
	struct sv_pool *pool = pool_of(guest.artifact, NULL, 1);
	for (int i = 0; i < 100; i++) {
		guest.store = sv_pool_lease(pool, &error);
		CHECK_OK(guest.store);
		guest.instance = sv_store_instance(guest.store);
		CHECK_EQ(sv_pool_start(guest.store, &error), SV_RETURNED);
		check_fresh(&guest);
		if (test_failed)
			return;
		CHECK_EQ(guest_number(&guest, "dirty", 0), 3);
		CHECK_EQ(guest_number(&guest, "size", 0), 5);
		CHECK_EQ(guest_number(&guest, "load", 5 * 65536 - 1), 0xaa);
		if (i % 3 == 0)
			CHECK_EQ(guest_number(&guest, "load", 5 * 65536), -1);
		sv_pool_return(pool, guest.store);
	}
	sv_pool_free(pool);
	sv_artifact_free(guest.artifact);
}

TEST(a_pool_leases_at_most_its_count)
{
	struct sv_artifact *artifact = fixture_load(state_text);
	struct sv_pool *pool = pool_of(artifact, NULL, 2);
	struct sv_store *a = sv_pool_lease(pool, &error), *b = sv_pool_lease(pool, &error);
	CHECK(a && b && a != b);
	CHECK_ERROR(sv_pool_lease(pool, &error), SV_ERROR_LIMIT, "all 2 instances");
	sv_pool_return(pool, b);
	CHECK(sv_pool_lease(pool, &error) == b);
	sv_pool_return(pool, a);
	sv_pool_return(pool, b);
	CHECK(sv_pool_lease(pool, &error) == b);
	sv_pool_return(pool, b);
	sv_pool_free(pool);
	sv_artifact_free(artifact);
}

TEST(only_modules_with_host_imports_can_be_pooled)
{
	struct sv_artifact *artifact =
			fixture_load("(module (import \"p\" \"memory\" (memory 1)) (func))");
	struct guest provider = guest_open(state_text);
	struct sv_linker *linker = sv_linker_new(engine, &error);
	CHECK_OK(sv_linker_define_instance(linker, "p", provider.instance, &error));
	CHECK_ERROR(sv_pool_new(engine, artifact, linker, NULL, 1, &error), SV_ERROR_LINK,
			"p.memory (memory), which is not a host function");
	CHECK_ERROR(sv_pool_new(engine, artifact, NULL, NULL, 1, &error), SV_ERROR_LINK,
			"unknown import");
	sv_linker_free(linker);
	guest_close(&provider);
	sv_artifact_free(artifact);
}

TEST(memory_grows_to_its_maximum)
{
	struct guest guest = guest_open(state_text);
	CHECK_EQ(guest_number(&guest, "grow", 98), 2);
	CHECK_EQ(guest_number(&guest, "load", 100 * 65536 - 1), 0);
	CHECK_EQ(guest_number(&guest, "load", 100 * 65536), -1);
	CHECK_EQ(guest_number(&guest, "grow", 1), 0xffffffff);
	CHECK_EQ(guest_number(&guest, "grow", -1), 0xffffffff);
	CHECK_EQ(guest_number(&guest, "grow", 0), 100);
	CHECK(!sv_store_hit_memory_limit(guest.store));
	guest_close(&guest);
}

TEST(memory_grows_to_four_gib)
{
	struct guest guest = guest_open(
			"(module (memory 1) (type $ii (func (param i32) (result i32)))\n"
			"(func (export \"grow\") (type $ii) (memory.grow (local.get 0)))\n"
			"(func (export \"load\") (type $ii) (i32.load8_u (local.get 0))))");
	CHECK_EQ(guest_number(&guest, "grow", 65535), 1);
	CHECK_EQ(guest_number(&guest, "load", -1), 0);
	CHECK_EQ(guest_number(&guest, "grow", 1), 0xffffffff);
	CHECK_EQ(sv_memory_size(sv_instance_memory(guest.instance, 0)), UINT64_C(1) << 32);
	guest_close(&guest);
}

TEST(the_stores_memory_limit_holds_and_is_reported)
{
	struct sv_store_limits limits;
	sv_store_limits_init(&limits);
	limits.max_memory = 4 * 65536;
	limits.max_table_entries = 4;
	struct sv_artifact *artifact = fixture_load(state_text);
	struct sv_store *store = sv_store_new(engine, &limits, &error);
	struct guest guest = {
			artifact, store, sv_instance_new(store, artifact, NULL, NULL, &error)};
	CHECK_OK(guest.instance);
	CHECK_EQ(guest_number(&guest, "grow", 2), 2);
	CHECK(!sv_store_hit_memory_limit(store));
	CHECK_EQ(guest_number(&guest, "grow", 1), 0xffffffff);
	CHECK(sv_store_hit_memory_limit(store));
	CHECK_ERROR(sv_instance_new(store, artifact, NULL, NULL, &error), SV_ERROR_LIMIT,
			"max_memory");
	sv_store_free(store);
	limits.max_memory = UINT64_MAX;
	limits.max_table_entries = 2;
	store = sv_store_new(engine, &limits, &error);
	CHECK_ERROR(sv_instance_new(store, artifact, NULL, NULL, &error), SV_ERROR_LIMIT,
			"max_table_entries");
	sv_store_free(store);
	sv_artifact_free(artifact);
}

/* The address space is made too small at each of several sizes: never more than an error. */
TEST(mappings_that_fail_are_errors_with_a_hint)
{
	struct sv_artifact *artifact = fixture_load(state_text);
	struct rlimit before, tight;
	getrlimit(RLIMIT_AS, &before);
	tight = before;
	unsigned failed = 0;
	for (int i = 0; i < 40; i++) {
		struct sv_store *stores[4] = {NULL};
		FILE *status = fopen("/proc/self/statm", "r");
		unsigned long pages = 0;
		CHECK(status && fscanf(status, "%lu", &pages) == 1);
		fclose(status);
		tight.rlim_cur = pages * 4096 + (UINT64_C(1) << (15 + i / 2)) ;
		setrlimit(RLIMIT_AS, &tight);
		for (size_t s = 0; s < 4; s++) {
			stores[s] = sv_store_new(engine, NULL, &error);
			if (stores[s])
				sv_instance_new(stores[s], artifact, NULL, NULL, &error);
		}
		setrlimit(RLIMIT_AS, &before);
		for (size_t s = 0; s < 4; s++)
			sv_store_free(stores[s]);
		failed += error.code != SV_ERROR_NONE;
		CHECK_MSG(error.code == SV_ERROR_NONE || strstr(error.text, "vm.max_map_count") ||
				error.code == SV_ERROR_NO_MEMORY, "%s", error.text);
		sv_error_clear(&error);
	}
	CHECK(failed > 20);
	struct sv_store *store = fixture_store();
	CHECK_OK(sv_instance_new(store, artifact, NULL, NULL, &error));
	sv_store_free(store);
	sv_artifact_free(artifact);
}

static void *lease_many(void *data)
{
	struct sv_pool *pool = data;
	struct sv_error local = SV_ERROR_INIT;
	intptr_t wrong = !sv_thread_enter(engine, &local);
	for (int i = 0; i < 500; i++) {
		struct sv_store *store = sv_pool_lease(pool, &local);
		if (!store)
			return (void *)2;
		struct sv_instance *instance = sv_store_instance(store);
		union sv_value value = {.i32 = 0};
		wrong += sv_pool_start(store, &local) != SV_RETURNED;
		wrong += sv_call(store, sv_instance_function(instance, "global"), NULL, &value,
				&local);
		wrong += value.i32 != 10;
		wrong += sv_call(store, sv_instance_function(instance, "dirty"), NULL, &value,
				&local);
		sv_pool_return(pool, store);
	}
	sv_thread_leave(engine);
	return (void *)wrong;
}

TEST(threads_share_a_pool)
{
	struct sv_artifact *artifact = fixture_load(state_text);
	struct sv_pool *pool = pool_of(artifact, NULL, 0);
	pthread_t threads[3];
	for (size_t i = 0; i < 3; i++)
		CHECK(pthread_create(&threads[i], NULL, lease_many, pool) == 0);
	for (size_t i = 0; i < 3; i++) {
		void *wrong;
		pthread_join(threads[i], &wrong);
		CHECK(!wrong);
	}
	sv_pool_free(pool);
	sv_artifact_free(artifact);
}

/* Every return is scanned byte by byte. */
static const struct sv_engine_config hardened = {
		.guest_stack_size = 256 * 1024, .max_slots = 1000, .hardened_scan = true};

RUNTIME_TEST_MAIN(&hardened)
