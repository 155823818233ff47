/*
 * worker.h: one process that compares modules; its parent watches what it says in shared memory.
 */
#ifndef SELVAGE_TESTS_FUZZ_WORKER_H
#define SELVAGE_TESTS_FUZZ_WORKER_H

#include "compiler/op.h"
#include "tests/fuzz/native.h"

/* Shared with the parent; written by the worker. */
struct worker_state {
	uint64_t number;  /* of the module at hand */
	uint64_t modules, differences, bytes;
	uint64_t returned, trapped, refused; /* calls, in the first mode; modules refused by V8 */
	uint64_t asked, answered;            /* of V8 */
	uint64_t compiling, running, waiting; /* nanoseconds */
	uint32_t coverage[OP_COUNT];
};

struct run_options {
	uint64_t seed, first, modules;
	unsigned workers;
	const char *node, *server; /* NULL: no V8 */
	const char *folder;        /* for modules that differ */
	const char *file;          /* one module from a file instead */
	bool coverage;
};

enum { WORKER_ORACLE_ENDED = 3, WORKER_FAILED = 4 };

/*
 * Compare modules number `next`, next + workers... up to the end; `socket` leads to V8 or is -1.
 * Returns the exit code.
 */
int worker_run(const struct run_options *options, struct worker_state *state, uint64_t next,
		int socket);

/* Write the module to the folder, and a line about it to standard output and `differences.txt`. */
void worker_report(const struct run_options *options, uint64_t number, struct sv_bytes module,
		const char *text);

#endif
