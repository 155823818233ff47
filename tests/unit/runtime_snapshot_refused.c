/*
 * runtime_snapshot_refused.c: what no file can hold is refused by name, and so are instances that
 * are not at rest.
 */
#include "runtime/selvage_serve.h"
#include "tests/unit/snapshot_fixture.h"

static const char holder_text[] =
		"(module (table $t (export \"slots\") 4 funcref) (table $x 3 externref)\n"
		"(global $f (export \"held\") (mut funcref) (ref.null func))\n"
		"(global $e (mut externref) (ref.null extern)) (func (export \"init\"))\n"
		"(func (export \"global\") (param funcref) (global.set $f (local.get 0)))\n"
		"(func (export \"table\") (param funcref)\n"
		"  (table.set $t (i32.const 3) (local.get 0)))\n"
		"(func (export \"extern\") (param externref) (global.set $e (local.get 0)))\n"
		"(func (export \"entry\") (param externref)\n"
		"  (table.set $x (i32.const 2) (local.get 0))))";

static void check_held(struct guest *guest, const char *name, void *reference, const char *text)
{
	struct buffer bytes = {0};
	union sv_value value = {.ref = reference};
	CHECK_EQ(guest_call(guest, name, &value), SV_RETURNED);
	CHECK_ERROR(snapshot_make(guest->instance, &keep_all, &bytes, &error), SV_ERROR_UNSUPPORTED,
			text);
	buffer_finish(&bytes);
	value.ref = NULL;
	CHECK_EQ(guest_call(guest, name, &value), SV_RETURNED);
	CHECK_OK(snapshot_make(guest->instance, &keep_all, &bytes, &error));
	buffer_finish(&bytes);
}

TEST(references_that_no_file_can_hold_are_named)
{
	struct guest guest = initialised(fixture_load(holder_text), NULL);
	struct sv_artifact *other = fixture_load("(module (func (export \"f\")))");
	struct sv_instance *instance = sv_instance_new(guest.store, other, NULL, NULL, &error);
	CHECK_OK(instance);
	struct sv_funcref *function = sv_instance_function(instance, "f");
	check_held(&guest, "global", function,
			"global 0 (\"held\") holds a function that is not of this module; a "
			"snapshot can hold no reference but null and the module's functions");
	check_held(&guest, "table", function, "table 0 (\"slots\"), entry 3, holds a function");
	check_held(&guest, "extern", &guest, "global 1 holds a reference of the host");
	check_held(&guest, "entry", &guest, "table 1, entry 2, holds a reference of the host");
	check_held(&guest, "table", sv_instance_function(instance, "f"), "holds a function");
	guest_close(&guest);
	sv_artifact_free(other);
}

TEST(imported_state_is_named)
{
	static const struct {
		const char *text, *reason;
	} cases[] = {
			{"(module (import \"a\" \"m\" (memory 1)))",
					"the memory \"a.m\" is imported"},
			{"(module (import \"a\" \"t\" (table 1 funcref)))", "the table \"a.t\""},
			{"(module (import \"a\" \"g\" (global i32)))", "the global \"a.g\""},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct buffer bytes = {0};
		struct sv_artifact *artifact = fixture_load(cases[i].text);
		struct sv_linker *linker = sv_linker_new(engine, &error);
		struct sv_store *store = fixture_store();
		CHECK_OK(sv_linker_define_import_value(linker, artifact, 0, store, &error));
		struct sv_instance *instance =
				sv_instance_new(store, artifact, linker, NULL, &error);
		CHECK_OK(instance);
		CHECK_ERROR(snapshot_make(instance, &keep_all, &bytes, &error),
				SV_ERROR_UNSUPPORTED, cases[i].reason);
		buffer_finish(&bytes);
		sv_store_free(store);
		sv_linker_free(linker);
		sv_artifact_free(artifact);
	}
}

/* Tries to make a snapshot of who called it, then suspends it. */
static enum sv_host_result host_snapshot(struct sv_caller *caller, union sv_value *values)
{
	struct buffer bytes = {0};
	struct sv_error *seen = sv_caller_data(caller);
	values[0].i32 = snapshot_make(sv_caller_instance(caller), &keep_all, &bytes, seen);
	buffer_finish(&bytes);
	return SV_HOST_SUSPEND;
}

static const char busy_text[] =
		"(module (import \"host\" \"stop\" (func $stop (param i32) (result i32)))\n"
		"(memory 1) (table 2 funcref) (elem (i32.const 0) $stop) (func (export \"init\"))\n"
		"(func (export \"call\") (param i32) (result i32) (call $stop (local.get 0))))";

static struct sv_linker *busy_linker(struct sv_error *seen)
{
	struct sv_linker *linker = sv_linker_new(engine, &error);
	fixture_need(linker &&
					sv_linker_define_function(linker, "host", "stop", "i:i",
							host_snapshot, seen, &error),
			"linker");
	return linker;
}

TEST(an_instance_that_has_not_started_has_no_snapshot)
{
	struct sv_linker *linker = busy_linker(NULL);
	struct sv_artifact *artifact = fixture_load(busy_text);
	struct sv_pool *pool = sv_pool_new(engine, artifact, linker, NULL, 1, &error);
	CHECK_OK(pool);
	struct sv_store *store = sv_pool_lease(pool, &error);
	CHECK_OK(store);
	struct buffer bytes = {0};
	CHECK_ERROR(snapshot_make(sv_store_instance(store), &keep_all, &bytes, &error),
			SV_ERROR_USAGE, "the instance of fixture.so has not been started");
	CHECK_EQ(sv_pool_start(store, &error), SV_RETURNED);
	CHECK_OK(snapshot_make(sv_store_instance(store), &keep_all, &bytes, &error));
	buffer_finish(&bytes);
	sv_pool_return(pool, store);
	sv_pool_free(pool);
	sv_artifact_free(artifact);
	sv_linker_free(linker);
}

TEST(an_instance_in_the_middle_of_a_call_has_no_snapshot)
{
	static const char text[] = "the instance of fixture.so is in the middle of a call";
	struct sv_error seen = SV_ERROR_INIT;
	struct buffer bytes = {0};
	union sv_value value = {.i32 = 1};
	struct sv_linker *linker = busy_linker(&seen);
	struct guest guest = initialised(fixture_load(busy_text), linker);
	CHECK_EQ(guest_call(&guest, "call", &value), SV_SUSPENDED);
	CHECK_EQ(seen.code, SV_ERROR_USAGE);
	CHECK_STR(seen.text, text);
	CHECK_ERROR(snapshot_make(guest.instance, &keep_all, &bytes, &error), SV_ERROR_USAGE, text);
	value.i32 = 5;
	CHECK_EQ(sv_resume(guest.store, &value, &error), SV_RETURNED);
	CHECK_OK(snapshot_make(guest.instance, &keep_all, &bytes, &error));
	buffer_finish(&bytes);
	guest_close(&guest);
	sv_linker_free(linker);
}

RUNTIME_TEST_MAIN(hardened_config())
