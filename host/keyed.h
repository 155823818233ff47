/*
 * keyed.h: a table of things by the bytes that are their keys, which knows which of them was used
 * last and which has been idle the longest. Things are the caller's; each begins with a node.
 * One thread at a time.
 */
#ifndef SELVAGE_HOST_KEYED_H
#define SELVAGE_HOST_KEYED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* The first member of a thing. */
struct keyed_node {
	struct keyed_node *next;          /* in its place of the table */
	struct keyed_node *older, *newer; /* by use */
	uint64_t hash;
	struct sv_bytes key; /* the thing's own; lives as long as it is in the table */
};

/* Somebody who goes from the oldest thing to the newest, while the table may change in between. */
struct keyed_walk {
	struct keyed_node *at; /* the next one; NULL: there is none */
	struct keyed_walk *other;
};

/* All zero is an empty table. */
struct keyed {
	struct keyed_node **places; /* owned; a power of two of them */
	size_t place_count, count;
	struct keyed_node *oldest, *newest;
	struct keyed_walk *walks;
};

/* The table's own memory; the things in it are the caller's. */
void keyed_finish(struct keyed *table);

/* NULL: there is none. It does not become the newest. */
struct keyed_node *keyed_find(const struct keyed *table, struct sv_bytes key);

/* Add a thing whose key is set and not in the table, as the newest. False: no memory. */
SV_MUST_USE bool keyed_add(struct keyed *table, struct keyed_node *node);

void keyed_remove(struct keyed *table, struct keyed_node *node);

/*
 * Begin at the oldest; the next thing, or NULL; end, also before that. What is there from the
 * beginning is met at least once; what is used meanwhile, perhaps again.
 */
void keyed_walk_begin(struct keyed *table, struct keyed_walk *walk);
struct keyed_node *keyed_walk_next(struct keyed_walk *walk);
void keyed_walk_end(struct keyed *table, struct keyed_walk *walk);

/* It is used now. */
void keyed_touch(struct keyed *table, struct keyed_node *node);

#endif
