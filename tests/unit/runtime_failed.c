/*
 * runtime_failed.c: instances that have not been started, or whose start failed, are not for the
 * embedder; what others have of them goes on to work.
 */
#include "tests/unit/frontend_fixture.h"
#include "tests/unit/runtime_fixture.h"

static struct sv_instance *seen;
static struct sv_funcref *seen_function;

/* The start function calls this: the host learns of an instance that then fails. */
static enum sv_host_result host_meet(struct sv_caller *caller, union sv_value *values)
{
	(void)values;
	seen = sv_caller_instance(caller);
	seen_function = sv_instance_function(seen, "f");
	union sv_value value = {.i32 = 5};
	if (!seen_function || sv_call(sv_caller_store(caller), seen_function, "i:i", &value,
					      &error) != SV_RETURNED)
		return SV_HOST_TRAP;
	return value.i32 == 6 ? SV_HOST_OK : SV_HOST_TRAP;
}

static const char failing_text[] =
		"(module (import \"t\" \"meet\" (func $meet)) (import \"t\" \"table\"\n"
		"(table $t 1 funcref)) (memory (export \"m\") 1)\n"
		"(func $f (export \"f\") (param i32) (result i32)\n"
		"  (i32.add (local.get 0) (i32.load (i32.const 0))))\n"
		"(elem (i32.const 0) $f) (data (i32.const 0) \"\\01\")\n"
		"(func $start (call $meet) unreachable) (start $start))";

static const char table_text[] =
		"(module (table (export \"table\") 1 funcref)\n"
		"(func (export \"call\") (param i32) (result i32)\n"
		"  (call_indirect (param i32) (result i32) (local.get 0) (i32.const 0))))";

static struct sv_linker *linker_with(struct sv_instance *instance)
{
	struct sv_linker *linker = sv_linker_new(engine, &error);
	fixture_need(linker && sv_linker_define_function(linker, "t", "meet", ":", host_meet, NULL,
			&error), "linker");
	if (instance)
		fixture_need(sv_linker_define_instance(linker, "t", instance, &error), "define");
	return linker;
}

TEST(an_instance_whose_start_trapped_is_handed_out_no_more)
{
	struct guest provider = guest_open(table_text);
	struct sv_linker *linker = linker_with(provider.instance);
	struct sv_artifact *artifact = fixture_load(failing_text);
	struct sv_extern value;
	seen = NULL;
	CHECK_ERROR(sv_instance_new(provider.store, artifact, linker, NULL, &error), SV_ERROR_TRAP,
			"unreachable");
	CHECK(seen && seen_function);
	CHECK(sv_store_instance(provider.store) == provider.instance);
	CHECK(!sv_instance_export(seen, "m", 1, &value));
	CHECK(!sv_instance_function(seen, "f"));
	CHECK_ERROR(sv_linker_define_instance(linker, "x", seen, &error), SV_ERROR_USAGE,
			"start function");
	/* Core 3.0, 4.5.4: what was written into the tables of others stays there and works. */
	CHECK_EQ(guest_number(&provider, "call", 41), 42);
	CHECK(sv_table_function(value.table = sv_instance_table(provider.instance, 0), 0) ==
			seen_function);
	guest_close(&provider);
	sv_artifact_free(artifact);
	sv_linker_free(linker);
}

TEST(a_pooled_instance_is_started_once_and_called_afterwards)
{
	struct sv_artifact *artifact = fixture_load(
			"(module (memory 1) (func $start (i32.store (i32.const 0) (i32.add\n"
			"(i32.load (i32.const 0)) (i32.const 1)))) (start $start)\n"
			"(func (export \"f\") (param i32) (result i32) (i32.load (i32.const 0))))");
	struct sv_pool *pool = sv_pool_new(engine, artifact, NULL, NULL, 1, &error);
	CHECK_OK(pool);
	for (int i = 0; i < 3; i++) {
		struct sv_store *store = sv_pool_lease(pool, &error);
		CHECK_OK(store);
		struct guest guest = {artifact, store, sv_store_instance(store)};
		CHECK_EQ(guest_number(&guest, "f", 0), -1);
		CHECK_ERROR(false, SV_ERROR_USAGE, "has not been started");
		CHECK_EQ(sv_pool_start(store, &error), SV_RETURNED);
		CHECK_ERROR(sv_pool_start(store, &error) != SV_REFUSED, SV_ERROR_USAGE,
				"started already");
		CHECK_EQ(guest_number(&guest, "f", 0), 1);
		sv_pool_return(pool, store);
	}
	sv_pool_free(pool);
	sv_artifact_free(artifact);
}

TEST(a_pooled_instance_that_failed_is_whole_again_when_returned)
{
	struct sv_artifact *artifact = fixture_load(
			"(module (import \"t\" \"meet\" (func $meet)) (memory 1)\n"
			"(func (export \"f\") (param i32) (result i32) (i32.const 7))\n"
			"(func $start (call $meet)) (start $start))");
	struct sv_linker *linker = linker_with(NULL);
	struct sv_pool *pool = sv_pool_new(engine, artifact, linker, NULL, 1, &error);
	CHECK_OK(pool);
	for (int i = 0; i < 3; i++) {
		struct sv_store *store = sv_pool_lease(pool, &error);
		CHECK(sv_store_instance(store) != NULL);
		CHECK_EQ(sv_pool_start(store, &error), SV_TRAPPED);
		CHECK(!sv_store_instance(store));
		sv_pool_return(pool, store);
	}
	sv_pool_free(pool);
	sv_artifact_free(artifact);
	sv_linker_free(linker);
}

/*
 * The text format here has no tables of typed references: one of two (ref $0) that its
 * initialiser fills with the function that gives 7, and a call through it.
 */
static struct sv_artifact *load_typed_table(unsigned level)
{
	struct buffer binary = {0}, part = {0}, bytes = {0};
	struct sv_compile_options options;
	add_header(&binary);
	add_bytes(&part, "\2\x60\0\1\x7f\x60\1\x7f\1\x7f", 10);
	add_section(&binary, 1, &part);
	add_bytes(&part, "\2\0\1", 3);
	add_section(&binary, 3, &part);
	add_bytes(&part, "\1\x40\0\x64\0\0\2\xd2\0\x0b", 10);
	add_section(&binary, 4, &part);
	/* The table is exported too: calls through one that is not need not look at it. */
	add_bytes(&part, "\2\2go\0\1\1t\1\0", 10);
	add_section(&binary, 7, &part);
	add_bytes(&part, "\2\4\0\x41\7\x0b\7\0\x20\0\x11\0\0\x0b", 14);
	add_section(&binary, 10, &part);
	sv_compile_options_init(&options);
	options.level = level;
	fixture_need(sv_compile(buffer_view(&binary), &options, &bytes, &error), "compile");
	buffer_finish(&binary);
	return fixture_load_bytes(bytes);
}

/* Another instance gets hold of a function before the table it calls through is filled. */
TEST(an_entry_that_is_not_there_yet_traps)
{
	for (unsigned level = 0; level <= 2; level += 2) {
		struct sv_artifact *artifact = load_typed_table(level);
		struct sv_artifact *caller = fixture_load(
				"(module (import \"t\" \"go\"\n"
				"(func $go (param i32) (result i32)))\n"
				"(func (export \"f\") (param i32) (result i32)\n"
				"  (call $go (local.get 0))))");
		struct sv_linker *linker = linker_with(NULL);
		struct sv_pool *pool = sv_pool_new(engine, artifact, NULL, NULL, 1, &error);
		struct sv_store *store = sv_pool_lease(pool, &error);
		CHECK_OK(store);
		struct sv_extern go;
		struct sv_instance *early = sv_store_instance(store);
		CHECK(sv_instance_export(early, "go", 2, &go));
		CHECK_OK(sv_linker_define(linker, "t", "go", go, &error));
		CHECK_ERROR(sv_linker_define_instance(linker, "t", early, &error), SV_ERROR_USAGE,
				"has not been started");
		struct guest guest = {caller, store,
				sv_instance_new(store, caller, linker, NULL, &error)};
		CHECK_OK(guest.instance);
		CHECK_EQ(guest_number(&guest, "f", 1), -1);
		CHECK_EQ(sv_store_trap(store)->kind, SV_TRAP_NULL_ELEMENT);
		sv_pool_return(pool, store);
		sv_pool_free(pool);
		sv_linker_free(linker);
		guest.store = fixture_store();
		guest.instance = sv_instance_new(guest.store, artifact, NULL, NULL, &error);
		CHECK_EQ(guest_number(&guest, "go", 1), 7);
		CHECK_EQ(guest_number(&guest, "go", 2), -1);
		sv_store_free(guest.store);
		sv_artifact_free(artifact);
		sv_artifact_free(caller);
	}
}

/*
 * The first segment hands $f out, the second is out of bounds, and so the third never fills $p:
 * a call through $p must not be compiled as if it had.
 */
static const char half_filled_text[] =
		"(module (import \"t\" \"u\" (table $u 1 funcref)) (import \"t\" \"table\"\n"
		"(table $t 1 funcref)) (table $p 2 funcref)\n"
		"(elem (table $t) (i32.const 0) func $f) (elem (table $u) (i32.const 1) func $f)\n"
		"(elem (table $p) (i32.const 0) func $g)\n"
		"(func $g (param i32) (result i32) (i32.const 7))\n"
		"(func $f (param i32) (result i32)\n"
		"  (call_indirect $p (param i32) (result i32) (local.get 0) (i32.const 0))))";

static const char two_tables_text[] =
		"(module (table $t (export \"table\") 1 funcref) (table (export \"u\") 1 funcref)\n"
		"(func (export \"call\") (param i32) (result i32)\n"
		"  (call_indirect $t (param i32) (result i32) (local.get 0) (i32.const 0))))";

TEST(a_segment_behind_one_that_failed_was_not_written)
{
	struct guest provider = guest_open(two_tables_text);
	struct sv_linker *linker = linker_with(provider.instance);
	struct sv_artifact *artifact = fixture_load(half_filled_text);
	CHECK_ERROR(sv_instance_new(provider.store, artifact, linker, NULL, &error), SV_ERROR_TRAP,
			"table");
	CHECK_EQ(guest_number(&provider, "call", 0), -1);
	CHECK_EQ(sv_store_trap(provider.store)->kind, SV_TRAP_NULL_ELEMENT);
	guest_close(&provider);
	sv_artifact_free(artifact);
	sv_linker_free(linker);
}

/* (array i31ref) made of the first item of a passive segment, (ref.i31 (i32.const 7)). No table. */
static const uint8_t items_module[] = "\0asm\1\0\0\0"
		"\1\x08\2\x60\0\1\x7f\x5e\x6c\0"
		"\3\2\1\0"
		"\7\5\1\1f\0\0"
		"\x09\x09\1\5\x6c\1\x41\7\xfb\x1c\x0b"
		"\x0a\x13\1\x11\0\x41\0\x41\1\xfb\x0a\1\0\x41\0\xfb\x0b\1\xfb\x1d\x0b";

TEST(items_that_are_code_are_computed_for_each_lease)
{
	struct sv_compile_options options;
	struct buffer bytes = {0};
	sv_compile_options_init(&options);
	struct sv_bytes module = {items_module, sizeof items_module - 1};
	CHECK_OK(sv_compile(module, &options, &bytes, &error));
	struct guest guest = {fixture_load_bytes(bytes), NULL, NULL};
	struct sv_pool *pool = sv_pool_new(engine, guest.artifact, NULL, NULL, 1, &error);
	CHECK_OK(pool);
	for (int i = 0; i < 3; i++) {
		guest.store = sv_pool_lease(pool, &error);
		CHECK_OK(guest.store);
		guest.instance = sv_store_instance(guest.store);
		CHECK_EQ(sv_pool_start(guest.store, &error), SV_RETURNED);
		CHECK_EQ(guest_number(&guest, "f", 0), 7);
		sv_pool_return(pool, guest.store);
	}
	sv_pool_free(pool);
	sv_artifact_free(guest.artifact);
}

/* Segments: active ones into memory, where a global says, and one that the guest drops. */
static const char segments_text[] =
		"(module (memory 1 1) (global $at i32 (i32.const 5)) (table 4 4 funcref)\n"
		"(data $a (offset (global.get $at)) \"x\") (data $late \"y\")\n"
		"(elem $e (i32.const 1) func $f) (elem $p func $f)\n"
		"(func $f (param i32) (result i32) (i32.const 3))\n"
		"(func (export \"load\") (param i32) (result i32) (i32.load8_u (local.get 0)))\n"
		"(func (export \"active\") (param i32) (result i32)\n"
		"  (memory.init $a (i32.const 0) (i32.const 0) (i32.const 1)) (i32.const 0))\n"
		"(func (export \"entries\") (param i32) (result i32)\n"
		"  (table.init $e (i32.const 0) (i32.const 0) (i32.const 1)) (i32.const 0))\n"
		"(func (export \"init\") (param i32) (result i32)\n"
		"  (memory.init $late (i32.const 0) (i32.const 0) (i32.const 1))\n"
		"  (table.init $p (i32.const 0) (i32.const 0) (i32.const 1)) (i32.const 0))\n"
		"(func (export \"drop\") (param i32) (result i32)\n"
		"  (data.drop $late) (elem.drop $p) (i32.const 0)))";

TEST(segments_are_as_at_first_in_each_lease)
{
	struct guest guest = {fixture_load(segments_text), NULL, NULL};
	struct sv_pool *pool = sv_pool_new(engine, guest.artifact, NULL, NULL, 1, &error);
	CHECK_OK(pool);
	for (int i = 0; i < 6; i++) {
		guest.store = sv_pool_lease(pool, &error);
		CHECK_OK(guest.store);
		guest.instance = sv_store_instance(guest.store);
		CHECK_EQ(sv_pool_start(guest.store, &error), SV_RETURNED);
		CHECK_EQ(guest_number(&guest, "load", 5), 'x');
		CHECK_EQ(guest_number(&guest, "active", 0), -1);
		CHECK_EQ(guest_number(&guest, "entries", 0), -1);
		CHECK_EQ(guest_number(&guest, "init", 0), 0);
		if (i % 2 == 0) {
			CHECK_EQ(guest_number(&guest, "drop", 0), 0);
			CHECK_EQ(guest_number(&guest, "init", 0), -1);
		}
		sv_pool_return(pool, guest.store);
	}
	sv_pool_free(pool);
	sv_artifact_free(guest.artifact);
}

RUNTIME_TEST_MAIN(hardened_config())
