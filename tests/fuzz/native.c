/*
 * native.c: a module through Selvage's own path, as any artifact goes: sv_compile, a file
 * descriptor, sv_artifact_load_fd, an instance.
 */
#include "tests/fuzz/native.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "base/profile.h"
#include "runtime/counts.h"
#include "runtime/selvage.h"

struct native {
	struct sv_engine *engine;
	struct sv_linker *linker;
	struct transcript *transcript; /* of the run at hand; borrowed */
	struct buffer profile; /* of the module at hand */
	uint64_t compiling, running;
};

const struct native_mode native_modes[NATIVE_MODES] = {
		{"O0 guard", 0, SV_BOUNDS_GUARD, PROFILE_NONE},
		{"O0 check", 0, SV_BOUNDS_CHECK, PROFILE_NONE},
		{"O1 guard", 1, SV_BOUNDS_GUARD, PROFILE_NONE},
		{"O1 check", 1, SV_BOUNDS_CHECK, PROFILE_NONE},
		{"O2 guard", 2, SV_BOUNDS_GUARD, PROFILE_NONE},
		{"O2 check", 2, SV_BOUNDS_CHECK, PROFILE_NONE},
		{"counting guard", 2, SV_BOUNDS_GUARD, PROFILE_GENERATE},
		{"profile guard", 2, SV_BOUNDS_GUARD, PROFILE_USE},
		{"false profile check", 2, SV_BOUNDS_CHECK, PROFILE_LIES},
};

/* A call of a module that loops for ever ends after this. */
static const uint64_t call_limit = UINT64_C(20) * 1000 * 1000 * 1000;

static uint64_t clock_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* ---- host functions ---- */

static enum sv_host_result host_i32(struct sv_caller *caller, union sv_value *values)
{
	struct native *native = sv_caller_data(caller);
	transcript_add(native->transcript, RECORD_NUMBER_I32, (uint32_t)values[0].i32);
	return SV_HOST_OK;
}

static enum sv_host_result host_i64(struct sv_caller *caller, union sv_value *values)
{
	struct native *native = sv_caller_data(caller);
	transcript_add(native->transcript, RECORD_NUMBER_I64, (uint64_t)values[0].i64);
	return SV_HOST_OK;
}

static enum sv_host_result host_f32(struct sv_caller *caller, union sv_value *values)
{
	struct native *native = sv_caller_data(caller);
	bool is_nan = values[0].f32 != values[0].f32;
	transcript_add(native->transcript, RECORD_NUMBER_F32,
			is_nan ? 0x7fc00000 : (uint32_t)values[0].i32);
	return SV_HOST_OK;
}

static enum sv_host_result host_f64(struct sv_caller *caller, union sv_value *values)
{
	struct native *native = sv_caller_data(caller);
	bool is_nan = values[0].f64 != values[0].f64;
	transcript_add(native->transcript, RECORD_NUMBER_F64,
			is_nan ? UINT64_C(0x7ff8000000000000) : (uint64_t)values[0].i64);
	return SV_HOST_OK;
}

static enum sv_host_result host_mix(struct sv_caller *caller, union sv_value *values)
{
	struct native *native = sv_caller_data(caller);
	uint32_t x = (uint32_t)values[0].i32;
	transcript_add(native->transcript, RECORD_MIX, x);
	values[0].i32 = (int32_t)(x * 0x9e3779b1u ^ x >> 15);
	return SV_HOST_OK;
}

static bool host_define(struct native *native, struct sv_error *error)
{
	static const struct {
		const char *name, *signature;
		sv_host_function function;
	} functions[] = {{"i", "i:", host_i32}, {"I", "I:", host_i64}, {"f", "f:", host_f32},
			{"F", "F:", host_f64}, {"mix", "i:i", host_mix}};
	for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
		TRY(sv_linker_define_function(native->linker, "h", functions[i].name,
				functions[i].signature, functions[i].function, native, error));
	return true;
}

struct native *native_new(struct sv_error *error)
{
	struct native *native = calloc(1, sizeof *native);
	if (!native)
		return NULL;
	native->engine = sv_engine_new(NULL, error);
	native->linker = native->engine ? sv_linker_new(native->engine, error) : NULL;
	if (!native->linker || !sv_thread_enter(native->engine, error) ||
			!host_define(native, error))
		return NULL;
	return native;
}

void native_times(const struct native *native, uint64_t *compiling, uint64_t *running)
{
	*compiling = native->compiling;
	*running = native->running;
}

/* ---- a module ---- */

static void native_refused(struct native *native, const char *what, const struct sv_error *error)
{
	struct transcript *transcript = native->transcript;
	transcript_add(transcript, RECORD_REFUSED, 0);
	snprintf(transcript->why, sizeof transcript->why, "%s: %.200s", what, error->text);
}

static struct sv_artifact *native_load(struct native *native, const struct buffer *artifact,
		struct sv_error *error)
{
	struct sv_artifact *loaded = NULL;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0) {
		sv_fail_errno(error, "memfd_create");
		return NULL;
	}
	if (write(fd, artifact->data, artifact->length) == (ssize_t)artifact->length)
		loaded = sv_artifact_load_fd(native->engine, fd, "fuzz", error);
	close(fd);
	return loaded;
}

static void native_memories(struct native *native, struct sv_instance *instance)
{
	struct sv_memory *memory;
	for (uint32_t i = 0; (memory = sv_instance_memory(instance, i)) != NULL; i++) {
		uint64_t size = sv_memory_size(memory);
		uint32_t sum = (uint32_t)crc32_z(0, sv_memory_view(memory), size);
		transcript_add(native->transcript, RECORD_MEMORY, sum | size >> 10 << 32);
	}
}

static void native_ended(struct native *native, struct sv_store *store, enum sv_outcome outcome,
		unsigned number)
{
	const struct sv_trap_info *trap = sv_store_trap(store);
	if (outcome == SV_RETURNED)
		transcript_add(native->transcript, RECORD_RETURN, number);
	else
		transcript_add(native->transcript, RECORD_TRAP, trap ? trap->kind : outcome);
}

static bool native_call(struct native *native, struct sv_store *store, struct sv_instance *instance,
		const char *name, unsigned number)
{
	struct sv_funcref *function = sv_instance_function(instance, name);
	if (!function)
		return false;
	struct sv_error error = SV_ERROR_INIT;
	union sv_value none;
	sv_store_set_deadline(store, clock_now() + call_limit);
	native_ended(native, store, sv_call(store, function, NULL, &none, &error), number);
	return true;
}

static void native_instance(struct native *native, struct sv_store *store,
		struct sv_artifact *artifact)
{
	enum sv_outcome outcome = SV_RETURNED;
	struct sv_error error = SV_ERROR_INIT;
	struct sv_instance *instance =
			sv_instance_new(store, artifact, native->linker, &outcome, &error);
	if (!instance && outcome == SV_RETURNED) {
		native_refused(native, "instantiate", &error);
		return;
	}
	if (!instance) {
		native_ended(native, store, outcome, 0);
		return;
	}
	char name[16] = "c0";
	for (unsigned i = 0; native_call(native, store, instance, name, i);) {
		native_call(native, store, instance, "o", i);
		native_memories(native, instance);
		snprintf(name, sizeof name, "c%u", ++i);
	}
}

/* ---- profiles ---- */

static void native_keep_profile(struct native *native, struct sv_artifact *artifact)
{
	struct sv_error error = SV_ERROR_INIT;
	native->profile.length = 0;
	if (!counts_write(artifact, &native->profile, &error))
		native_refused(native, "profile", &error);
}

/* Counts of all sizes, and most favourites that are none. */
static void native_spoil_profile(struct native *native)
{
	struct profile profile;
	struct sv_error error = SV_ERROR_INIT;
	uint64_t word = crc32_z(0, native->profile.data, native->profile.length);
	if (!profile_read(&profile, buffer_view(&native->profile), &error)) {
		native_refused(native, "profile", &error);
		return;
	}
	for (uint32_t i = 0; i < profile.counter_count; i++) {
		word = (word + i) * UINT64_C(0x9e3779b97f4a7c15);
		profile.counters[i] = word & 3 ? word >> (word >> 58) : 0;
	}
	for (uint32_t i = 0; i < profile.target_count; i++)
		profile.targets[i] = (struct profile_target){1000, i % 7, 900};
	native->profile.length = 0;
	if (!profile_write(&profile, &native->profile, &error))
		native_refused(native, "profile", &error);
	profile_finish(&profile);
}

static void native_use_profile(struct native *native, enum native_profile kind,
		struct sv_compile_options *options)
{
	options->profile_generate = kind == PROFILE_GENERATE;
	/* A module without functions, or one that was refused, has none. */
	if (kind < PROFILE_USE || !native->profile.length)
		return;
	if (kind == PROFILE_LIES)
		native_spoil_profile(native);
	options->profile_use = buffer_view(&native->profile);
}

void native_run(struct native *native, const struct native_mode *mode, struct sv_bytes module,
		struct transcript *transcript)
{
	struct sv_compile_options options;
	struct buffer bytes = {0};
	struct sv_error error = SV_ERROR_INIT;
	uint64_t start = clock_now();
	sv_compile_options_init(&options);
	options.level = mode->level;
	options.bounds = mode->bounds;
	options.jobs = 1;
	transcript_clear(transcript);
	native->transcript = transcript;
	if (mode->profile == PROFILE_NONE)
		native->profile.length = 0;
	native_use_profile(native, mode->profile, &options);
	bool compiled = sv_compile(module, &options, &bytes, &error);
	native->compiling += clock_now() - start;
	start = clock_now();
	struct sv_artifact *artifact = compiled ? native_load(native, &bytes, &error) : NULL;
	struct sv_store *store = artifact ? sv_store_new(native->engine, NULL, &error) : NULL;
	if (store)
		native_instance(native, store, artifact);
	else
		native_refused(native, compiled ? "load" : "compile", &error);
	sv_store_free(store);
	if (artifact && mode->profile == PROFILE_GENERATE)
		native_keep_profile(native, artifact);
	sv_artifact_free(artifact);
	buffer_finish(&bytes);
	native->running += clock_now() - start;
}
