/*
 * wasi_fake.h: a guest for tests of host/wasi without a runtime: its memory is an array, and
 * its calls go the way they would from a module, by the name in the linker. Included by one
 * file of a program; it defines the functions of runtime/selvage.h that host/wasi needs.
 */
#ifndef SELVAGE_TESTS_WASI_FAKE_H
#define SELVAGE_TESTS_WASI_FAKE_H

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/wasi/wasi.h"
#include "host/wasi/wasi_abi.h"
#include "runtime/selvage.h"
#include "tests/lib/test.h"

#define FAKE_MEMORY (1u << 20)
#define FAKE_FUNCTIONS 128

/* Where tests put what they pass: results, a path, a second path, buffers. */
#define AT_RESULT 64u
#define AT_PATH 4096u
#define AT_PATH2 16384u
#define AT_IOVEC 32768u
#define AT_DATA 65536u

struct sv_caller {
	void *data;
};

static struct {
	struct {
		const char *module, *name, *signature;
		sv_host_function function;
		void *data;
	} functions[FAKE_FUNCTIONS];
	size_t count;
	const char *const (*imports)[2]; /* module, name */
	size_t import_count;
	uint8_t memory[FAKE_MEMORY];
	void *store_data;
	int32_t exit_code;
	char trap[160];
	enum sv_host_result result; /* of the last call */
} fake;

/* ---- what the runtime would do ---- */

bool sv_linker_define_function(struct sv_linker *linker, const char *module, const char *name,
		const char *signature, sv_host_function function, void *data,
		struct sv_error *error)
{
	(void)linker;
	if (fake.count == FAKE_FUNCTIONS)
		return sv_fail(error, SV_ERROR_LIMIT, "more than %d functions", FAKE_FUNCTIONS);
	fake.functions[fake.count].module = module;
	fake.functions[fake.count].name = name;
	fake.functions[fake.count].signature = signature;
	fake.functions[fake.count].function = function;
	fake.functions[fake.count++].data = data;
	return true;
}

/* The imports of the only artifact there is. */
bool sv_artifact_import(const struct sv_artifact *artifact, uint32_t index,
		struct sv_import *import)
{
	(void)artifact;
	if (index >= fake.import_count)
		return false;
	const char *const *names = fake.imports[index];
	*import = (struct sv_import){.module = names[0],
			.module_length = strlen(names[0]),
			.name = names[1],
			.name_length = strlen(names[1]),
			.kind = SV_EXTERN_FUNCTION};
	return true;
}

void *sv_caller_data(struct sv_caller *caller)
{
	return caller->data;
}

struct sv_store *sv_caller_store(struct sv_caller *caller)
{
	return (struct sv_store *)caller;
}

void *sv_store_data(const struct sv_store *store)
{
	(void)store;
	return fake.store_data;
}

void *sv_caller_range(struct sv_caller *caller, uint64_t address, uint64_t length)
{
	(void)caller;
	if (address > FAKE_MEMORY || length > FAKE_MEMORY - address)
		return NULL;
	return fake.memory + address;
}

const void *sv_caller_view(struct sv_caller *caller, uint64_t address, uint64_t length)
{
	return sv_caller_range(caller, address, length);
}

void sv_caller_set_trap(struct sv_caller *caller, enum sv_trap kind, const char *format, ...)
{
	va_list list;
	(void)caller;
	(void)kind;
	va_start(list, format);
	vsnprintf(fake.trap, sizeof(fake.trap), format, list);
	va_end(list);
}

void sv_caller_set_exit(struct sv_caller *caller, int32_t code)
{
	(void)caller;
	fake.exit_code = code;
}

/* ---- what a guest would do ---- */

static size_t fake_find(const char *module, const char *name)
{
	for (size_t i = 0; i < fake.count; i++) {
		if (strcmp(fake.functions[i].module, module) == 0 &&
				strcmp(fake.functions[i].name, name) == 0)
			return i;
	}
	return FAKE_FUNCTIONS;
}

static int fake_call(const char *name, const uint64_t *arguments, size_t count)
{
	union sv_value values[12] = {{0}};
	size_t at = fake_find("wasi_snapshot_preview1", name);
	if (at == FAKE_FUNCTIONS) {
		printf("no function %s\n", name);
		abort();
	}
	if (strcspn(fake.functions[at].signature, ":") != count) {
		printf("%s takes \"%s\", not %zu arguments\n", name,
				fake.functions[at].signature, count);
		abort();
	}
	for (size_t i = 0; i < count; i++)
		values[i].i64 = (int64_t)arguments[i];
	struct sv_caller caller = {.data = fake.functions[at].data};
	fake.result = fake.functions[at].function(&caller, values);
	return values[0].i32;
}

/* Call a function with numbers as arguments; its errno. */
#define CALL(name, ...) \
	fake_call(#name, (const uint64_t[]){__VA_ARGS__}, \
			sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

/* Put a string into memory; its two arguments (address, length) in one. */
static inline uint64_t fake_put(uint32_t address, const char *text)
{
	memcpy(fake.memory + address, text, strlen(text));
	return strlen(text);
}

#define PATH(text) AT_PATH, fake_put(AT_PATH, text)
#define PATH2(text) AT_PATH2, fake_put(AT_PATH2, text)

static inline uint32_t fake_u32(uint32_t address)
{
	uint32_t value;
	memcpy(&value, fake.memory + address, sizeof(value));
	return value;
}

static inline uint64_t fake_u64(uint32_t address)
{
	uint64_t value;
	memcpy(&value, fake.memory + address, sizeof(value));
	return value;
}

/* One buffer at AT_DATA, described at AT_IOVEC. */
static inline void fake_iovec(uint32_t length)
{
	struct wasi_iovec iovec = {AT_DATA, length};
	memcpy(fake.memory + AT_IOVEC, &iovec, sizeof(iovec));
}

/* Write text to a descriptor; the errno. */
static inline int fake_write(uint32_t fd, const char *text)
{
	fake_iovec((uint32_t)fake_put(AT_DATA, text));
	return CALL(fd_write, fd, AT_IOVEC, 1, AT_RESULT);
}

/* Open with all rights a directory hands on; the descriptor or minus the errno. */
static inline int fake_open(uint32_t fd, uint32_t lookup, const char *path, uint32_t oflags,
		uint64_t rights)
{
	int error = CALL(path_open, fd, lookup, PATH(path), oflags, rights, UINT64_MAX, 0,
			AT_RESULT);
	return error ? -error : (int)fake_u32(AT_RESULT);
}

/* Make the state for `config` the guest's. */
static bool fake_start(const struct wasi_config *config, struct sv_error *error)
{
	memset(fake.memory, 0, sizeof(fake.memory));
	if (fake.count == 0)
		TRY(wasi_bind(NULL, NULL, error));
	if (fake.store_data)
		return wasi_reset(fake.store_data, config, error);
	fake.store_data = wasi_new(config, error);
	return fake.store_data != NULL;
}

#endif
