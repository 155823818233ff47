/*
 * runtime_fixture.h: what tests of the runtime share: an engine, and modules written as text,
 * compiled in the process and loaded. Checks that a fixture could not be made end the program:
 * no test means anything without it.
 */
#ifndef SELVAGE_TESTS_RUNTIME_FIXTURE_H
#define SELVAGE_TESTS_RUNTIME_FIXTURE_H

#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "compiler/compiler.h"
#include "runtime/selvage_serve.h"
#include "tests/lib/test.h"

static struct sv_engine *engine;
static struct sv_error error = SV_ERROR_INIT;

static inline void fixture_need(bool is_good, const char *what)
{
	if (is_good)
		return;
	printf("fixture: %s: %s\n", what, error.text);
	exit(1);
}

/* The bytes of an artifact; the caller finishes the buffer. */
static inline struct buffer fixture_compile_with(const char *text,
		struct sv_compile_options options)
{
	struct buffer binary = {0}, artifact = {0};
	struct sv_bytes view = {(const uint8_t *)text, strlen(text)};
	options.jobs = 1;
	fixture_need(sv_text_to_binary(view, "fixture", &binary, &error), "text");
	fixture_need(sv_compile(buffer_view(&binary), &options, &artifact, &error), "compile");
	buffer_finish(&binary);
	return artifact;
}

static inline struct buffer fixture_compile(const char *text, enum sv_bounds bounds, unsigned level)
{
	struct sv_compile_options options;
	sv_compile_options_init(&options);
	options.bounds = bounds;
	options.level = level;
	return fixture_compile_with(text, options);
}

/* A file without name that holds `bytes`. */
static inline int fixture_file(const void *bytes, size_t length)
{
	int fd = memfd_create("fixture", MFD_CLOEXEC);
	fixture_need(fd >= 0 && write(fd, bytes, length) == (ssize_t)length, "file");
	return fd;
}

/* Takes the buffer. */
static inline struct sv_artifact *fixture_load_bytes(struct buffer bytes)
{
	int fd = fixture_file(bytes.data, bytes.length);
	struct sv_artifact *artifact = sv_artifact_load_fd(engine, fd, "fixture.so", &error);
	fixture_need(artifact != NULL, "load");
	close(fd);
	buffer_finish(&bytes);
	return artifact;
}

static inline struct sv_artifact *fixture_load_with(const char *text,
		struct sv_compile_options options)
{
	return fixture_load_bytes(fixture_compile_with(text, options));
}

static inline struct sv_artifact *fixture_load_as(const char *text, enum sv_bounds bounds,
		unsigned level)
{
	return fixture_load_bytes(fixture_compile(text, bounds, level));
}

static inline struct sv_artifact *fixture_load(const char *text)
{
	return fixture_load_as(text, SV_BOUNDS_GUARD, 2);
}

static inline struct sv_store *fixture_store(void)
{
	struct sv_store *store = sv_store_new(engine, NULL, &error);
	fixture_need(store != NULL, "store");
	return store;
}

/* One module with one instance in a store of its own. */
struct guest {
	struct sv_artifact *artifact;
	struct sv_store *store;
	struct sv_instance *instance;
};

static inline struct guest guest_open_linked(const char *text, struct sv_linker *linker)
{
	struct guest guest = {fixture_load(text), fixture_store(), NULL};
	guest.instance = sv_instance_new(guest.store, guest.artifact, linker, NULL, &error);
	fixture_need(guest.instance != NULL, "instance");
	return guest;
}

static inline struct guest guest_open(const char *text)
{
	return guest_open_linked(text, NULL);
}

static inline void guest_close(struct guest *guest)
{
	sv_store_free(guest->store);
	sv_artifact_free(guest->artifact);
}

static inline enum sv_outcome guest_call(struct guest *guest, const char *name,
		union sv_value *values)
{
	struct sv_funcref *function = sv_instance_function(guest->instance, name);
	fixture_need(function != NULL, name);
	return sv_call(guest->store, function, NULL, values, &error);
}

/* Call an export that takes and gives one i32; -1 stands for any outcome but a return. */
static inline int64_t guest_number(struct guest *guest, const char *name, int32_t argument)
{
	union sv_value value = {.i32 = argument};
	return guest_call(guest, name, &value) == SV_RETURNED ? (int64_t)(uint32_t)value.i32 : -1;
}

static inline uint64_t fixture_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/*
 * A configuration in which returned stores are looked through, dead objects overwritten and
 * references to them found.
 */
static inline const struct sv_engine_config *hardened_config(void)
{
	static struct sv_engine_config config;
	sv_engine_config_init(&config);
	config.hardened_scan = true;
	return &config;
}

/* main of a test program: all tests with one engine, whose end finds what was not released. */
#define RUNTIME_TEST_MAIN(config) \
	int main(int argc, char **argv) \
	{ \
		engine = sv_engine_new(config, &error); \
		fixture_need(engine != NULL, "engine"); \
		fixture_need(sv_thread_enter(engine, &error), "thread"); \
		int code = test_main(argc, argv); \
		if (code == 0) \
			sv_engine_free(engine); \
		return code; \
	}

#endif
