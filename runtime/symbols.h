/*
 * symbols.h: what the machine code of an artifact belongs to. Made at the first trap.
 */
#ifndef SELVAGE_RUNTIME_SYMBOLS_H
#define SELVAGE_RUNTIME_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

struct sv_artifact;
struct symbols;

/* One function at an address, an inlined one or the one that has the code. */
struct symbol {
	uint32_t function;    /* index in the module */
	uint32_t wasm_offset; /* 0: not known */
	uint32_t code_offset; /* from the start of the function that has the code */
	const char *source;   /* path of the source file; NULL: not known. The artifact's */
	uint32_t line, column; /* there, from 1; 0: not known */
};

/* First address of the function or stub that has `pc`; 0 if it is not known. */
uintptr_t symbols_start(struct sv_artifact *artifact, uintptr_t pc);

/* Code of own function `function`, up to the next function or stub; false without memory. */
bool symbols_code(struct sv_artifact *artifact, uint32_t function, uintptr_t *start,
		uintptr_t *end);

/*
 * Functions at `pc`, innermost first, at most `limit`: more than one if functions were
 * inlined. 0 if the code is no wasm function's (entry stubs, thunks).
 */
uint32_t symbols_find(struct sv_artifact *artifact, uintptr_t pc, struct symbol *symbols,
		uint32_t limit);

/* Release what an artifact has; NULL is allowed. */
void symbols_free(struct symbols *symbols);

#endif
