/*
 * collect.h: free the objects of a store that no root leads to.
 */
#ifndef SELVAGE_RUNTIME_COLLECT_H
#define SELVAGE_RUNTIME_COLLECT_H

#include <stdbool.h>

struct heap;
struct sv_store;

/* Of a heap without objects that are known: nothing is live, and no block has free cells. */
void collect_begin(struct heap *heap);

/*
 * Collect the store's heap, if it has one. False, with nothing freed, if the running guest is to
 * end meanwhile (its deadline).
 */
bool collect(struct sv_store *store);

#endif
