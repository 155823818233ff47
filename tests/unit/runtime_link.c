/*
 * runtime_link.c: instances share what they export and import; what does not fit is refused
 * by name.
 */
#include "tests/unit/runtime_fixture.h"

static const char provider_text[] =
		"(module (memory (export \"memory\") 1 3) (table (export \"table\") 2 5 funcref)\n"
		"(global (export \"counter\") (mut i32) (i32.const 7)) (global (export \"pi\") i32 "
                "(i32.const 3))\n"
		"(func (export \"get\") (param i32) (result i32) (i32.load (local.get 0)))\n"
		"(func (export \"count\") (param i32) (result i32)\n"
		"  (i32.load offset=0 (i32.const 0)))\n"
		"(func (export \"fail\") (param i32) (result i32) unreachable))";

static const char user_text[] =
		"(module (type $ii (func (param i32) (result i32)))\n"
		"(import \"p\" \"memory\" (memory 1)) (import \"p\" \"table\" (table 1 funcref))\n"
		"(import \"p\" \"counter\" (global $c (mut i32))) (import \"p\" \"pi\" (global $pi "
                "i32))\n"
		"(import \"p\" \"get\" (func $get (type $ii))) (import \"p\" \"fail\" (func $fail "
                "(type $ii)))\n"
		"(func $own (type $ii) (i32.mul (local.get 0) (i32.const 2)))\n"
		"(elem (i32.const 1) $own) (data (i32.const 8) \"\\2a\\00\\00\\00\")\n"
		"(global $copy i32 (global.get $pi)) (export \"copied\" (global $copy)) (export "
                "\"get\" (func $get))\n"
		"(func (export \"bump\") (type $ii)\n"
		"  (global.set $c (i32.add (global.get $c) (local.get 0))) (global.get $c))\n"
		"(func (export \"through\") (type $ii) (call $get (local.get 0)))\n"
		"(func (export \"fails\") (type $ii) (i32.add (i32.const 1) (call $fail (local.get "
                "0))))\n"
		"(func (export \"grow\") (type $ii) (memory.grow (local.get 0)))\n"
		"(func (export \"indirect\") (type $ii) (call_indirect (type $ii) (i32.const 21) "
                "(local.get 0))))";

static struct sv_linker *linker_of(struct sv_instance *instance)
{
	struct sv_linker *linker = sv_linker_new(engine, &error);
	fixture_need(linker && sv_linker_define_instance(linker, "p", instance, &error), "linker");
	return linker;
}

TEST(memory_table_globals_and_functions_are_shared)
{
	struct guest provider = guest_open(provider_text);
	struct sv_linker *linker = linker_of(provider.instance);
	struct guest user = {fixture_load(user_text), provider.store, NULL};
	struct sv_extern value;
	user.instance = sv_instance_new(user.store, user.artifact, linker, NULL, &error);
	CHECK_OK(user.instance);
	CHECK_EQ(guest_number(&provider, "get", 8), 42);
	CHECK_EQ(guest_number(&user, "through", 8), 42);
	CHECK(sv_instance_function(user.instance, "get") ==
			sv_instance_function(provider.instance, "get"));
	CHECK_EQ(guest_number(&user, "bump", 5), 12);
	CHECK(sv_instance_export(provider.instance, "counter", 7, &value));
	CHECK_EQ(sv_global_get(value.global).i32, 12);
	CHECK(sv_instance_export(user.instance, "copied", 6, &value));
	CHECK_EQ(sv_global_get(value.global).i32, 3);
	CHECK_EQ(guest_number(&user, "indirect", 1), 42);
	struct sv_table_object *table = sv_instance_table(provider.instance, 0);
	CHECK(sv_table_function(table, 1) && !sv_table_function(table, 0) &&
			!sv_table_function(table, 2));
	union sv_value argument = {.i32 = 4};
	CHECK_EQ(sv_call(user.store, sv_table_function(table, 1), "i:i", &argument, &error),
			SV_RETURNED);
	CHECK_EQ(argument.i32, 8);
	CHECK_EQ(guest_number(&user, "grow", 2), 1);
	CHECK_EQ(sv_memory_size(sv_instance_memory(provider.instance, 0)), 3 * 65536);
	CHECK_EQ(guest_number(&user, "grow", 1), 0xffffffff);
	CHECK_EQ(guest_number(&user, "fails", 1), -1);
	CHECK_EQ(sv_store_trap(user.store)->frame_count, 2);
	sv_linker_free(linker);
	guest_close(&provider);
	sv_artifact_free(user.artifact);
}

TEST(imports_that_do_not_fit_are_refused_by_name)
{
	static const struct {
		const char *import, *reason;
	} cases[] = {
			{"(import \"p\" \"nothing\" (func))",
					"unknown import: p.nothing (function :)"},
			{"(import \"q\" \"get\" (func))", "unknown import: q.get"},
			{"(import \"p\" \"get\" (func (param i64) (result i32)))",
					"incompatible import type: p.get"},
			{"(import \"p\" \"get\" (memory 1))",
					"incompatible import type: p.get (memory)"},
			{"(import \"p\" \"memory\" (memory 2))",
					"incompatible import type: p.memory"},
			{"(import \"p\" \"memory\" (memory 1 2))",
					"incompatible import type: p.memory"},
			{"(import \"p\" \"table\" (table 3 funcref))",
					"incompatible import type: p.table"},
			{"(import \"p\" \"table\" (table 1 4 funcref))",
					"incompatible import type: p.table"},
			{"(import \"p\" \"table\" (table 1 externref))",
					"incompatible import type: p.table"},
			{"(import \"p\" \"counter\" (global i32))",
					"incompatible import type: p.counter"},
			{"(import \"p\" \"pi\" (global (mut i32)))",
					"incompatible import type: p.pi"},
			{"(import \"p\" \"pi\" (global i64))", "incompatible import type: p.pi"},
	};
	struct guest provider = guest_open(provider_text);
	struct sv_linker *linker = linker_of(provider.instance);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char text[200];
		snprintf(text, sizeof text, "(module %s (func))", cases[i].import);
		struct sv_artifact *artifact = fixture_load(text);
		CHECK_ERROR(sv_instance_new(provider.store, artifact, linker, NULL, &error),
				SV_ERROR_LINK, cases[i].reason);
		CHECK_ERROR(sv_linker_check(linker, artifact, &error), SV_ERROR_LINK,
				cases[i].reason);
		CHECK_ERROR(sv_instance_new(provider.store, artifact, NULL, NULL, &error),
				SV_ERROR_LINK, "unknown import");
		sv_artifact_free(artifact);
	}
	sv_linker_free(linker);
	guest_close(&provider);
}

TEST(all_missing_imports_are_named_in_one_line)
{
	struct sv_linker *linker = sv_linker_new(engine, &error);
	struct sv_artifact *artifact =
			fixture_load("(module (import \"a\" \"one\" (func (param i32)))\n"
				     "(import \"a\" \"two\" (memory 1)) (import \"b\" \"three\" "
	                             "(global f32)) (func))");
	CHECK_ERROR(sv_linker_check(linker, artifact, &error), SV_ERROR_LINK,
			"unknown import: a.one (function i:), unknown import: a.two (memory), "
			"unknown import: b.three (global)");
	CHECK_EQ(sv_artifact_import_count(artifact), 3);
	struct sv_import import;
	CHECK(sv_artifact_import(artifact, 0, &import) &&
			!sv_artifact_import(artifact, 3, &import));
	CHECK_STR(import.signature, "i:");
	sv_artifact_free(artifact);
	sv_linker_free(linker);
}

TEST(values_of_another_store_are_refused)
{
	struct guest provider = guest_open(provider_text);
	struct sv_linker *linker = linker_of(provider.instance);
	struct sv_store *store = fixture_store();
	struct sv_artifact *artifact = fixture_load(user_text);
	CHECK_ERROR(sv_instance_new(store, artifact, linker, NULL, &error), SV_ERROR_LINK,
			"another store");
	sv_store_free(store);
	sv_artifact_free(artifact);
	sv_linker_free(linker);
	guest_close(&provider);
}

/* What was put into another's table before the trap finds its own memory as it was then. */
TEST(no_data_is_there_after_a_trap_in_the_segments_before_it)
{
	struct guest provider = guest_open(
			"(module (type $ii (func (param i32) (result i32)))\n"
			"(table (export \"table\") 1 funcref)\n"
			"(func (export \"call\") (type $ii)\n"
			"  (call_indirect (type $ii) (local.get 0) (i32.const 0))))");
	struct sv_linker *linker = linker_of(provider.instance);
	struct sv_artifact *user = fixture_load(
			"(module (import \"p\" \"table\" (table 1 funcref))\n"
			"(table $own 1 funcref) (memory 1)\n"
			"(func $f (param i32) (result i32)\n"
			"  (i32.add (i32.const 100) (i32.load8_u (local.get 0))))\n"
			"(elem (i32.const 0) $f)\n"
			"(elem (table $own) (i32.const 5) func $f)\n"
			"(data (i32.const 0) \"\\07\"))");
	CHECK_ERROR(sv_instance_new(provider.store, user, linker, NULL, &error), SV_ERROR_TRAP,
			"out of bounds table access");
	CHECK_EQ(guest_number(&provider, "call", 0), 100);
	guest_close(&provider);
	sv_artifact_free(user);
	sv_linker_free(linker);
}

TEST(guard_code_refuses_a_memory_without_guard)
{
	struct sv_store *store = fixture_store();
	struct sv_artifact *provider =
			fixture_load_as("(module (func) (memory (export \"memory\") 1 2))",
					SV_BOUNDS_CHECK, 2);
	struct sv_artifact *user =
			fixture_load("(module (import \"p\" \"memory\" (memory 1)) (func))");
	struct sv_artifact *checked = fixture_load_as(
			"(module (import \"p\" \"memory\" (memory 1)) (func))", SV_BOUNDS_CHECK, 2);
	struct sv_instance *instance = sv_instance_new(store, provider, NULL, NULL, &error);
	CHECK_OK(instance);
	struct sv_linker *linker = linker_of(instance);
	CHECK_ERROR(sv_instance_new(store, user, linker, NULL, &error), SV_ERROR_LINK,
			"--bounds=guard");
	CHECK_OK(sv_instance_new(store, checked, linker, NULL, &error));
	sv_linker_free(linker);
	sv_store_free(store);
	sv_artifact_free(provider);
	sv_artifact_free(user);
	sv_artifact_free(checked);
}

static enum sv_host_result host_nothing(struct sv_caller *caller, union sv_value *values)
{
	(void)caller;
	(void)values;
	return SV_HOST_OK;
}

TEST(host_made_memories_tables_and_globals_can_be_imported)
{
	struct sv_store *store = fixture_store();
	struct sv_linker *linker = sv_linker_new(engine, &error);
	struct sv_size_limits limits = {.minimum = 1, .maximum = UINT64_MAX};
	struct sv_extern memory = {.kind = SV_EXTERN_MEMORY,
			.memory = sv_memory_new(store, limits, &error)};
	struct sv_extern table = {.kind = SV_EXTERN_TABLE,
			.table = sv_table_new(store, SV_TYPE_FUNCREF, limits, &error)};
	union sv_value value = {.i64 = 77};
	struct sv_extern global = {.kind = SV_EXTERN_GLOBAL,
			.global = sv_global_new(store, SV_TYPE_I64, true, value, &error)};
	CHECK_OK(sv_linker_define(linker, "e", "m", memory, &error));
	CHECK_OK(sv_linker_define(linker, "e", "t", table, &error));
	CHECK_OK(sv_linker_define(linker, "e", "g", global, &error));
	struct sv_artifact *artifact = fixture_load(
			"(module (import \"e\" \"m\" (memory 1))\n"
			"(import \"e\" \"t\" (table 1 funcref)) (import \"e\" \"g\" (global $g "
	                "(mut i64)))\n"
			"(func $f (export \"f\") (i64.store (i32.const 0) (global.get $g))\n"
			"(global.set $g (i64.const 5))) (elem (i32.const 0) $f))");
	struct guest guest = {
			artifact, store, sv_instance_new(store, artifact, linker, NULL, &error)};
	CHECK_OK(guest.instance);
	CHECK_EQ(guest_call(&guest, "f", &value), SV_RETURNED);
	CHECK_EQ(sv_global_get(global.global).i64, 5);
	CHECK_EQ(sv_memory_data(memory.memory)[0], 77);
	CHECK(sv_table_function(table.table, 0) == sv_instance_function(guest.instance, "f"));
	CHECK_ERROR(sv_linker_define(linker, "e", "n", (struct sv_extern){.kind = SV_EXTERN_MEMORY},
			&error), SV_ERROR_USAGE, "NULL");
	CHECK_ERROR(sv_linker_define_function(linker, "e", "x", "i:", NULL, NULL, &error),
			SV_ERROR_USAGE, "NULL");
	CHECK_ERROR(sv_linker_define_function(linker, "e", "x", "iR:", host_nothing, NULL, &error),
			SV_ERROR_USAGE, "signature");
	CHECK_ERROR(sv_linker_define_function(linker, "e", "x", "ii", host_nothing, NULL, &error),
			SV_ERROR_USAGE, "signature");
	guest_close(&guest);
	sv_linker_free(linker);
}

RUNTIME_TEST_MAIN(NULL)
