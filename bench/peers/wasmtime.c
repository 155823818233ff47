/*
 * wasmtime.c: a fresh instance in Wasmtime, as its own advice for fast instantiation has it: the
 * pooling allocator, images mapped copy-on-write, imports resolved once, no epochs, no fuel.
 *   wasmtime COUNT KEEP MODULE.cwasm FUNCTION [I32...]
 *   wasmtime compile MODULE.wasm MODULE.cwasm
 * KEEP: bytes of each memory and table that are put back by copying and not by the system; "none"
 * is no pooling at all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/timing.h"
#include "bench/peers/wasmtime_api.h"

enum { MAX_VALUES = 8 };

struct bench {
	struct wasm_engine *engine;
	struct wasmtime_module *module;
	struct wasmtime_linker *linker;
	struct wasmtime_instance_pre *pre;
	const char *function;
	union wasmtime_value arguments[MAX_VALUES];
};

static bool fine(const char *what, struct wasmtime_error *error, struct wasm_trap *trap)
{
	struct wasm_bytes text = {0};

	if (!error && !trap)
		return true;
	if (error)
		wasmtime_error_message(error, &text);
	else
		wasm_trap_message(trap, &text);
	fprintf(stderr, "%s: %.*s\n", what, (int)text.size, text.data);
	return false;
}

static bool once(void *data)
{
	struct bench *bench = data;
	struct wasm_trap *trap = NULL;
	struct wasmtime_instance instance;
	struct wasmtime_extern item;
	union wasmtime_value values[MAX_VALUES];
	struct wasmtime_store *store = wasmtime_store_new(bench->engine, NULL, NULL);
	struct wasmtime_context *context = wasmtime_store_context(store);

	if (!fine("instantiate",
			    wasmtime_instance_pre_instantiate(
					    bench->pre, context, &instance, &trap),
			    trap))
		return false;
	if (!wasmtime_instance_export_get(context, &instance, bench->function,
			    strlen(bench->function), &item) ||
			item.kind != WASMTIME_EXTERN_FUNC) {
		fprintf(stderr, "no function %s\n", bench->function);
		return false;
	}
	memcpy(values, bench->arguments, sizeof values);
	bool done = fine("call",
			wasmtime_func_call_unchecked(
					context, &item.func, values, MAX_VALUES, &trap),
			trap);

	wasmtime_store_delete(store);
	return done;
}

/* Slots for this one thread, and room for the largest module measured. */
static void pool_configure(struct wasm_config *config, size_t keep)
{
	struct wasmtime_pooling *pooling = wasmtime_pooling_allocation_config_new();

#define SET(name, value) wasmtime_pooling_allocation_config_##name##_set(pooling, value)
	SET(total_core_instances, 4);
	SET(total_memories, 4);
	SET(total_tables, 4);
	SET(max_unused_warm_slots, 4);
	SET(max_core_instance_size, 16 << 20);
	SET(table_elements, 20000);
	SET(linear_memory_keep_resident, keep);
	SET(table_keep_resident, keep);
#undef SET
	wasmtime_pooling_allocation_strategy_set(config, pooling);
	wasmtime_pooling_allocation_config_delete(pooling);
}

static struct wasm_engine *make_engine(const char *keep)
{
	struct wasm_config *config = wasm_config_new();

	wasmtime_config_memory_init_cow_set(config, true);
	wasmtime_config_epoch_interruption_set(config, false);
	/* Without the component model's tasks a store is made faster. */
	wasmtime_config_concurrency_support_set(config, false);
	if (strcmp(keep, "none") != 0)
		pool_configure(config, (size_t)strtoull(keep, NULL, 10));
	return wasm_engine_new_with_config(config);
}

static bool measure(struct bench *bench, unsigned count, const char *path)
{
	if (!fine(path,
			    wasmtime_module_deserialize_file(
					    bench->engine, path, &bench->module),
			    NULL))
		return false;
	bench->linker = wasmtime_linker_new(bench->engine);
	return fine("link",
			       wasmtime_linker_define_unknown_imports_as_traps(
					       bench->linker, bench->module),
			       NULL) &&
			fine("link", wasmtime_linker_instantiate_pre(
						     bench->linker, bench->module, &bench->pre),
					NULL) &&
			timing_print("wasmtime", count, once, bench);
}

static bool compile(struct wasm_engine *engine, const char *from, const char *to)
{
	static uint8_t wasm[64 << 20];
	struct wasmtime_module *module;
	struct wasm_bytes bytes;
	FILE *file = fopen(from, "re");

	if (!file) {
		perror(from);
		return false;
	}
	size_t size = fread(wasm, 1, sizeof wasm, file);

	fclose(file);
	if (!fine(from, wasmtime_module_new(engine, wasm, size, &module), NULL) ||
			!fine(from, wasmtime_module_serialize(module, &bytes), NULL))
		return false;
	file = fopen(to, "we");
	if (!file || fwrite(bytes.data, 1, bytes.size, file) != bytes.size || fclose(file) != 0) {
		perror(to);
		return false;
	}
	wasm_byte_vec_delete(&bytes);
	wasmtime_module_delete(module);
	return true;
}

int main(int argc, char **argv)
{
	struct bench bench = {0};

	if (argc == 4 && strcmp(argv[1], "compile") == 0)
		return !compile(make_engine("0"), argv[2], argv[3]);
	if (argc < 5 || argc > 5 + MAX_VALUES) {
		fprintf(stderr, "usage: %s COUNT KEEP MODULE.cwasm FUNCTION [I32...]\n", argv[0]);
		return 2;
	}
	bench.engine = make_engine(argv[2]);
	bench.function = argv[4];
	for (int i = 5; i < argc; i++)
		bench.arguments[i - 5].i32 = (int32_t)strtol(argv[i], NULL, 10);
	return !measure(&bench, (unsigned)atoi(argv[1]), argv[3]);
}
