/*
 * wasm2c.c: the same for a module that wasm2c has made C of.
 *   wasm2c COUNT PAGES
 */
#include <stdio.h>
#include <stdlib.h>

#include <program.h>
#include <wasm-rt-impl.h>

#include "bench/instantiate/timing.h"

static bool instantiate(void *data)
{
	u32 *pages = data;
	Z_program_instance_t program;

	Z_program_instantiate(&program);
	Z_programZ_touch(&program, *pages);
	Z_program_free(&program);
	return true;
}

int main(int argc, char **argv)
{
	u32 pages;
	wasm_rt_trap_t trap;

	if (argc != 3) {
		fprintf(stderr, "usage: %s COUNT PAGES\n", argv[0]);
		return 2;
	}
	pages = (u32)atoi(argv[2]);
	wasm_rt_init();
	Z_program_init_module();
	trap = wasm_rt_impl_try();
	if (trap != WASM_RT_TRAP_NONE) {
		fprintf(stderr, "trap: %s\n", wasm_rt_strerror(trap));
		return 1;
	}
	return !timing_print("wasm2c: instantiate, call, free", (unsigned)atoi(argv[1]),
			instantiate, &pages);
}
