/*
 * wasmtime.c: a WASI program in Wasmtime, compiled before.
 *   wasmtime compile MODULE.wasm MODULE.cwasm
 *   wasmtime MODULE.cwasm
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peers/wasmtime_api.h"

static bool fine(const char *what, struct wasmtime_error *error, struct wasm_trap *trap)
{
	struct wasm_bytes text = {0};
	int status;

	if (!error && !trap)
		return true;
	if (error && wasmtime_error_exit_status(error, &status))
		return status == 0;
	if (error)
		wasmtime_error_message(error, &text);
	else
		wasm_trap_message(trap, &text);
	fprintf(stderr, "%s: %.*s\n", what, (int)text.size, text.data);
	return false;
}

static bool compile(struct wasm_engine *engine, const char *from, const char *to)
{
	static uint8_t wasm[16 << 20];
	struct wasmtime_module *module;
	struct wasm_bytes bytes;
	FILE *file = fopen(from, "re");
	size_t size = file ? fread(wasm, 1, sizeof wasm, file) : 0;

	if (!file || fclose(file) != 0 || size == sizeof wasm) {
		fprintf(stderr, "%s: cannot be read\n", from);
		return false;
	}
	if (!fine(from, wasmtime_module_new(engine, wasm, size, &module), NULL) ||
			!fine(from, wasmtime_module_serialize(module, &bytes), NULL))
		return false;
	file = fopen(to, "we");
	if (file && fwrite(bytes.data, 1, bytes.size, file) == bytes.size && fclose(file) == 0)
		return true;
	perror(to);
	return false;
}

static bool run(struct wasm_engine *engine, const char *path)
{
	struct wasmtime_store *store = wasmtime_store_new(engine, NULL, NULL);
	struct wasmtime_context *context = wasmtime_store_context(store);
	struct wasmtime_linker *linker = wasmtime_linker_new(engine);
	struct wasi_config *wasi = wasi_config_new();
	struct wasmtime_module *module;
	struct wasmtime_func start;
	struct wasm_trap *trap = NULL;

	wasi_config_inherit_stdout(wasi);
	wasi_config_inherit_stderr(wasi);
	if (!fine(path, wasmtime_context_set_wasi(context, wasi), NULL) ||
			!fine(path, wasmtime_linker_define_wasi(linker), NULL) ||
			!fine(path, wasmtime_module_deserialize_file(engine, path, &module),
					NULL) ||
			!fine(path, wasmtime_linker_module(linker, context, "", 0, module), NULL) ||
			!fine(path, wasmtime_linker_get_default(linker, context, "", 0, &start),
					NULL))
		return false;

	struct wasmtime_error *error = wasmtime_func_call(context, &start, NULL, 0, NULL, 0, &trap);

	return fine(path, error, trap);
}

int main(int argc, char **argv)
{
	struct wasm_engine *engine = wasm_engine_new_with_config(wasm_config_new());

	if (argc == 4 && strcmp(argv[1], "compile") == 0)
		return !compile(engine, argv[2], argv[3]);
	if (argc == 2)
		return !run(engine, argv[1]);
	fprintf(stderr, "usage: %s MODULE.cwasm | compile MODULE.wasm MODULE.cwasm\n", argv[0]);
	return 2;
}
