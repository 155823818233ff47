/*
 * spectest.c: the host module of the official suite: functions that take arguments and do
 * nothing, globals of 666, a table and a memory.
 */
#include "tests/spec/spec.h"

static enum sv_host_result print(struct sv_caller *caller, union sv_value *values)
{
	(void)caller, (void)values;
	return SV_HOST_OK;
}

static bool spectest_functions(struct script *script, struct sv_error *error)
{
	static const char *const functions[][2] = {
			{"print", ":"},
			{"print_i32", "i:"},
			{"print_i64", "I:"},
			{"print_f32", "f:"},
			{"print_f64", "F:"},
			{"print_i32_f32", "if:"},
			{"print_f64_f64", "FF:"},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(functions); i++)
		TRY(sv_linker_define_function(script->linker, "spectest", functions[i][0],
				functions[i][1], print, NULL, error));
	return true;
}

static bool spectest_global(struct script *script, const char *name, enum sv_type type,
		union sv_value value, struct sv_error *error)
{
	struct sv_extern item = {.kind = SV_EXTERN_GLOBAL};
	item.global = sv_global_new(script->store, type, false, value, error);
	return item.global && sv_linker_define(script->linker, "spectest", name, item, error);
}

static bool spectest_table(struct script *script, const char *name, bool is_64,
		struct sv_error *error)
{
	struct sv_size_limits limits = {.minimum = 10, .maximum = 20, .is_64 = is_64};
	struct sv_extern item = {.kind = SV_EXTERN_TABLE};
	item.table = sv_table_new(script->store, SV_TYPE_FUNCREF, limits, error);
	return item.table && sv_linker_define(script->linker, "spectest", name, item, error);
}

/* For the scripts of threads. */
static bool spectest_shared_memory(struct script *script, struct sv_error *error)
{
	struct sv_size_limits limits = {.minimum = 1, .maximum = 2};
	struct sv_shared_memory *memory = sv_shared_memory_new(script->engine, limits, error);
	bool done = memory && sv_linker_define_shared_memory(script->linker, "spectest",
				"shared_memory", memory, error);
	sv_shared_memory_free(memory);
	return done;
}

bool spectest_define(struct script *script, struct sv_error *error)
{
	TRY(spectest_functions(script, error));
	TRY(spectest_global(script, "global_i32", SV_TYPE_I32, (union sv_value){.i32 = 666},
			error));
	TRY(spectest_global(script, "global_i64", SV_TYPE_I64, (union sv_value){.i64 = 666},
			error));
	TRY(spectest_global(script, "global_f32", SV_TYPE_F32, (union sv_value){.f32 = 666.6f},
			error));
	TRY(spectest_global(script, "global_f64", SV_TYPE_F64, (union sv_value){.f64 = 666.6},
			error));
	TRY(spectest_table(script, "table", false, error));
	TRY(spectest_table(script, "table64", true, error));
	struct sv_extern memory = {.kind = SV_EXTERN_MEMORY};
	memory.memory = sv_memory_new(script->store,
			(struct sv_size_limits){.minimum = 1, .maximum = 2}, error);
	TRY(memory.memory && sv_linker_define(script->linker, "spectest", "memory", memory, error));
	return spectest_shared_memory(script, error);
}
