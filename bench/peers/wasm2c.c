/*
 * wasm2c.c: a fresh instance of a module that wasm2c has made C of.
 *   wasm2c COUNT
 * The build says what is called: FUNCTION and its ARGUMENTS, each behind a comma, and ABORT if
 * env.abort is imported.
 */
#include <stdio.h>
#include <stdlib.h>

#include <program.h>
#include <wasm-rt-impl.h>

#include "bench/timing.h"

#define JOIN_AGAIN(a, b) a##b
#define JOIN(a, b) JOIN_AGAIN(a, b)

#ifdef ABORT
#define IMPORTS , NULL

void Z_envZ_abort(struct Z_env_instance_t *env, u32 text, u32 file, u32 line, u32 column)
{
	(void)env, (void)text, (void)file, (void)line, (void)column;
	wasm_rt_trap(WASM_RT_TRAP_UNREACHABLE);
}
#else
#define IMPORTS
#endif

static bool instantiate(void *data)
{
	Z_program_instance_t program;

	(void)data;
	Z_program_instantiate(&program IMPORTS);
	JOIN(Z_programZ_, FUNCTION)(&program ARGUMENTS);
	Z_program_free(&program);
	return true;
}

int main(int argc, char **argv)
{
	wasm_rt_trap_t trap;

	if (argc != 2) {
		fprintf(stderr, "usage: %s COUNT\n", argv[0]);
		return 2;
	}
	wasm_rt_init();
	Z_program_init_module();
	trap = wasm_rt_impl_try();
	if (trap != WASM_RT_TRAP_NONE) {
		fprintf(stderr, "trap: %s\n", wasm_rt_strerror(trap));
		return 1;
	}
	return !timing_print("wasm2c", (unsigned)atoi(argv[1]), instantiate, NULL);
}
