/*
 * embed.c: runs WebAssembly in a C program.
 *
 *   selvage compile greet.wat -o greet.so
 *   cc embed.c $(pkg-config --cflags --libs selvage) -o embed
 *   ./embed greet.so
 *
 * The guest imports env.log(address, length) and exports greet(i32) -> i32, and wild(),
 * which reads outside its memory.
 */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <selvage.h>

/* A host function: prints text that lies in the guest's memory. */
static enum sv_host_result log_text(struct sv_caller *caller, union sv_value *values)
{
	uint32_t address = (uint32_t)values[0].i32;
	uint32_t length = (uint32_t)values[1].i32;
	const char *text = sv_caller_range(caller, address, length);
	if (!text) {
		sv_caller_set_trap(caller, SV_TRAP_HOST, "log: text outside the memory");
		return SV_HOST_TRAP;
	}
	printf("guest says: %.*s\n", (int)length, text);
	return SV_HOST_OK;
}

static int fail(const struct sv_error *error)
{
	fprintf(stderr, "embed: %s\n", error->text);
	return EXIT_FAILURE;
}

static uint64_t seconds_from_now(unsigned seconds)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)(now.tv_sec + seconds) * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Call both exports; a trap is an outcome, not an error of ours. */
static int run(struct sv_store *store, struct sv_instance *instance, struct sv_error *error)
{
	union sv_value value = {.i32 = 20};
	sv_store_set_deadline(store, seconds_from_now(2));
	struct sv_funcref *greet = sv_instance_function(instance, "greet");
	if (sv_call(store, greet, "i:i", &value, error) != SV_RETURNED)
		return fail(error);
	printf("greet(20) = %" PRId32 "\n", value.i32);

	struct sv_funcref *wild = sv_instance_function(instance, "wild");
	enum sv_outcome outcome = sv_call(store, wild, ":", &value, error);
	if (outcome == SV_TRAPPED)
		printf("wild() traps: %s\n", sv_store_trap(store)->text);
	return outcome == SV_TRAPPED ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct sv_error error = SV_ERROR_INIT;
	if (argc != 2) {
		fprintf(stderr, "usage: embed FILE.so\n");
		return EXIT_FAILURE;
	}
	struct sv_engine *engine = sv_engine_new(NULL, &error);
	if (!engine || !sv_thread_enter(engine, &error))
		return fail(&error);
	struct sv_artifact *artifact = sv_artifact_load(engine, argv[1], &error);
	struct sv_linker *linker = sv_linker_new(engine, &error);
	struct sv_store *store = sv_store_new(engine, NULL, &error);
	if (!artifact || !linker || !store)
		return fail(&error);
	if (!sv_linker_define_function(linker, "env", "log", "ii:", log_text, NULL, &error))
		return fail(&error);
	struct sv_instance *instance = sv_instance_new(store, artifact, linker, NULL, &error);
	if (!instance)
		return fail(&error);
	int status = run(store, instance, &error);
	sv_store_free(store);
	sv_linker_free(linker);
	sv_artifact_free(artifact);
	sv_thread_leave(engine);
	sv_engine_free(engine);
	return status;
}
