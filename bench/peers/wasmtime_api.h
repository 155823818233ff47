/*
 * wasmtime_api.h: what of Wasmtime's C API is used here, declared by hand from its documentation
 * (https://docs.wasmtime.dev/c-api/), as the wheel that has the library has no headers.
 */
#ifndef SELVAGE_BENCH_WASMTIME_API_H
#define SELVAGE_BENCH_WASMTIME_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wasi_config;
struct wasm_config;
struct wasm_engine;
struct wasm_trap;
struct wasmtime_pooling;
struct wasmtime_context;
struct wasmtime_error;
struct wasmtime_instance_pre;
struct wasmtime_linker;
struct wasmtime_module;
struct wasmtime_store;

struct wasm_bytes {
	size_t size;
	char *data;
};

struct wasmtime_func {
	uint64_t store;
	void *private;
};

struct wasmtime_instance {
	uint64_t store;
	size_t private;
};

enum { WASMTIME_EXTERN_FUNC = 0 };

struct wasmtime_extern {
	uint8_t kind;
	union {
		struct wasmtime_func func;
		uint64_t room[4]; /* other kinds are larger */
	};
};

/* One argument or result of an unchecked call. */
union wasmtime_value {
	int32_t i32;
	int64_t i64;
	uint8_t v128[16];
};

struct wasm_config *wasm_config_new(void);
struct wasm_engine *wasm_engine_new_with_config(struct wasm_config *config);
void wasm_engine_delete(struct wasm_engine *engine);
void wasm_byte_vec_delete(struct wasm_bytes *bytes);
void wasm_trap_message(const struct wasm_trap *trap, struct wasm_bytes *text);

void wasmtime_config_memory_init_cow_set(struct wasm_config *config, bool on);
void wasmtime_config_epoch_interruption_set(struct wasm_config *config, bool on);
void wasmtime_config_concurrency_support_set(struct wasm_config *config, bool on);
void wasmtime_pooling_allocation_strategy_set(
		struct wasm_config *config, const struct wasmtime_pooling *pooling);

struct wasmtime_pooling *wasmtime_pooling_allocation_config_new(void);
void wasmtime_pooling_allocation_config_delete(struct wasmtime_pooling *pooling);
#define WASMTIME_POOLING(name, type) \
	void wasmtime_pooling_allocation_config_##name##_set( \
			struct wasmtime_pooling *pooling, type value)
WASMTIME_POOLING(total_core_instances, uint32_t);
WASMTIME_POOLING(total_memories, uint32_t);
WASMTIME_POOLING(total_tables, uint32_t);
WASMTIME_POOLING(max_unused_warm_slots, uint32_t);
WASMTIME_POOLING(max_core_instance_size, size_t);
WASMTIME_POOLING(table_elements, size_t);
WASMTIME_POOLING(linear_memory_keep_resident, size_t);
WASMTIME_POOLING(table_keep_resident, size_t);
#undef WASMTIME_POOLING

bool wasmtime_error_exit_status(const struct wasmtime_error *error, int *status);
void wasmtime_error_message(const struct wasmtime_error *error, struct wasm_bytes *text);
struct wasmtime_error *wasmtime_module_new(struct wasm_engine *engine, const uint8_t *wasm,
		size_t size, struct wasmtime_module **module);
struct wasmtime_error *wasmtime_module_serialize(
		struct wasmtime_module *module, struct wasm_bytes *bytes);
struct wasmtime_error *wasmtime_module_deserialize_file(
		struct wasm_engine *engine, const char *path, struct wasmtime_module **module);
void wasmtime_module_delete(struct wasmtime_module *module);

struct wasmtime_linker *wasmtime_linker_new(struct wasm_engine *engine);
void wasmtime_linker_delete(struct wasmtime_linker *linker);
struct wasmtime_error *wasmtime_linker_define_unknown_imports_as_traps(
		struct wasmtime_linker *linker, struct wasmtime_module *module);
struct wasmtime_error *wasmtime_linker_instantiate_pre(const struct wasmtime_linker *linker,
		const struct wasmtime_module *module, struct wasmtime_instance_pre **pre);
void wasmtime_instance_pre_delete(struct wasmtime_instance_pre *pre);
struct wasmtime_error *wasmtime_instance_pre_instantiate(const struct wasmtime_instance_pre *pre,
		struct wasmtime_context *context, struct wasmtime_instance *instance,
		struct wasm_trap **trap);

struct wasmtime_error *wasmtime_linker_define_wasi(struct wasmtime_linker *linker);
struct wasmtime_error *wasmtime_linker_module(struct wasmtime_linker *linker,
		struct wasmtime_context *context, const char *name, size_t length,
		const struct wasmtime_module *module);
struct wasmtime_error *wasmtime_linker_get_default(const struct wasmtime_linker *linker,
		struct wasmtime_context *context, const char *name, size_t length,
		struct wasmtime_func *func);

struct wasi_config *wasi_config_new(void);
void wasi_config_inherit_stdout(struct wasi_config *config);
void wasi_config_inherit_stderr(struct wasi_config *config);
struct wasmtime_error *wasmtime_context_set_wasi(
		struct wasmtime_context *context, struct wasi_config *config);

struct wasmtime_store *wasmtime_store_new(
		struct wasm_engine *engine, void *data, void (*finalizer)(void *));
void wasmtime_store_delete(struct wasmtime_store *store);
struct wasmtime_context *wasmtime_store_context(struct wasmtime_store *store);
bool wasmtime_instance_export_get(struct wasmtime_context *context,
		const struct wasmtime_instance *instance, const char *name, size_t length,
		struct wasmtime_extern *item);
struct wasmtime_error *wasmtime_func_call(struct wasmtime_context *context,
		const struct wasmtime_func *func, const void *arguments, size_t argument_count,
		void *results, size_t result_count, struct wasm_trap **trap);
struct wasmtime_error *wasmtime_func_call_unchecked(struct wasmtime_context *context,
		const struct wasmtime_func *func, union wasmtime_value *values, size_t count,
		struct wasm_trap **trap);

#endif
