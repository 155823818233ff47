/*
 * roots.h: where references are that keep objects of a store alive.
 */
#ifndef SELVAGE_RUNTIME_ROOTS_H
#define SELVAGE_RUNTIME_ROOTS_H

#include <stdint.h>

struct sv_store;

/*
 * Call `visit` with every value that may be a reference to an object; NULL among them. How
 * many there were.
 */
uint64_t roots_visit(const struct sv_store *store, void (*visit)(void *data, void *reference),
		void *data);

#endif
