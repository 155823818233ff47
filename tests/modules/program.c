/*
 * program.c: what the module tests need of the embedding API.
 *   program FILE.so            render() and write the bytes at render_ptr() to standard output
 *   program --stubs FILE.so    instantiate with stand-ins for all imports: functions that trap,
 *                              new memories, tables, globals, tags; print seconds of both steps
 *   program --call NAME NUMBER FILE.so   call i32 -> i32 and print; env.memory is shared
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/selvage.h"

static int fail(const char *text)
{
	fprintf(stderr, "program: %s\n", text);
	return 1;
}

static enum sv_host_result stub(struct sv_caller *caller, union sv_value *values)
{
	(void)values;
	sv_caller_set_trap(caller, SV_TRAP_HOST, "a stub was called");
	return SV_HOST_TRAP;
}

static bool define_stubs(struct sv_linker *linker, struct sv_artifact *artifact,
		struct sv_store *store, struct sv_error *error)
{
	for (uint32_t i = 0; i < sv_artifact_import_count(artifact); i++) {
		struct sv_import import;
		bool done = sv_artifact_import(artifact, i, &import);
		if (done && import.kind == SV_EXTERN_FUNCTION)
			done = sv_linker_define_import_function(
					linker, artifact, i, stub, NULL, error);
		else if (done)
			done = sv_linker_define_import_value(linker, artifact, i, store, error);
		if (!done)
			return false;
	}
	return true;
}

static bool call_number(struct sv_store *store, struct sv_instance *instance, const char *name,
		uint32_t *number)
{
	union sv_value value = {0};
	struct sv_error error = SV_ERROR_INIT;
	struct sv_funcref *function = sv_instance_function(instance, name);
	if (!function || sv_call(store, function, ":i", &value, &error) != SV_RETURNED)
		return false;
	*number = (uint32_t)value.i32;
	return true;
}

static int render(struct sv_store *store, struct sv_instance *instance)
{
	uint32_t length, address;
	if (!call_number(store, instance, "render", &length) ||
			!call_number(store, instance, "render_ptr", &address))
		return fail("render failed");
	struct sv_memory *memory = sv_instance_memory(instance, 0);
	if ((uint64_t)address + length > sv_memory_size(memory))
		return fail("the picture lies outside the memory");
	fwrite(sv_memory_view(memory) + address, 1, length, stdout);
	return 0;
}

/* What the module is made to do once its imports are defined. */
struct task {
	bool stubs;           /* instantiate only */
	const char *function; /* call it and print its result; NULL: render */
	int32_t argument;
};

static int task_run(const struct task *task, struct sv_store *store, struct sv_instance *instance)
{
	struct sv_error error = SV_ERROR_INIT;
	union sv_value value = {.i32 = task->argument};
	if (task->stubs)
		return 0;
	if (!task->function)
		return render(store, instance);
	struct sv_funcref *function = sv_instance_function(instance, task->function);
	if (!function || sv_call(store, function, "i:i", &value, &error) != SV_RETURNED)
		return fail("the call failed");
	printf("%" PRId32 "\n", value.i32);
	return 0;
}

/* The memory that a linker of programs with threads makes them import. */
static bool define_memory(struct sv_engine *engine, struct sv_linker *linker,
		struct sv_error *error)
{
	struct sv_size_limits limits = {.minimum = 2, .maximum = 16};
	struct sv_shared_memory *memory = sv_shared_memory_new(engine, limits, error);
	bool done = memory && sv_linker_define_shared_memory(
				linker, "env", "memory", memory, error);
	sv_shared_memory_free(memory);
	return done;
}

static bool task_parse(struct task *task, int argc, char **argv)
{
	if (argc == 2)
		return true;
	task->stubs = argc == 3 && strcmp(argv[1], "--stubs") == 0;
	if (argc == 5 && strcmp(argv[1], "--call") == 0) {
		task->function = argv[2];
		task->argument = (int32_t)strtol(argv[3], NULL, 10);
	}
	return task->stubs || task->function;
}

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
	struct task task = {0};
	if (!task_parse(&task, argc, argv))
		return fail("usage: program [--stubs | --call NAME NUMBER] FILE.so");
	struct sv_error error = SV_ERROR_INIT;
	struct sv_engine *engine = sv_engine_new(NULL, &error);
	if (!engine || !sv_thread_enter(engine, &error))
		return fail(error.text);
	double start = seconds();
	struct sv_artifact *artifact = sv_artifact_load(engine, argv[argc - 1], &error);
	double load = seconds() - start;
	struct sv_linker *linker = sv_linker_new(engine, &error);
	struct sv_store *store = sv_store_new(engine, NULL, &error);
	if (!artifact || !linker || !store || !define_memory(engine, linker, &error) ||
			(task.stubs && !define_stubs(linker, artifact, store, &error)))
		return fail(error.text);
	start = seconds();
	struct sv_instance *instance = sv_instance_new(store, artifact, linker, NULL, &error);
	if (!instance)
		return fail(error.text);
	if (task.stubs)
		printf("load %.6f\ninstantiate %.6f\n", load, seconds() - start);
	int status = task_run(&task, store, instance);
	sv_store_free(store);
	sv_linker_free(linker);
	sv_artifact_free(artifact);
	sv_engine_free(engine);
	return status;
}
