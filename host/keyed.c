/*
 * keyed.c: see keyed.h.
 */
#include "host/keyed.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

void keyed_finish(struct keyed *table)
{
	free(table->places);
	*table = (struct keyed){0};
}

static uint64_t key_hash(struct sv_bytes key)
{
	struct hash hash = hash_begin(hash_process_key());
	hash_add_bytes(&hash, key.data, key.length);
	return hash_end(&hash);
}

static struct keyed_node **place_of(const struct keyed *table, uint64_t hash)
{
	return &table->places[hash & (table->place_count - 1)];
}

struct keyed_node *keyed_find(const struct keyed *table, struct sv_bytes key)
{
	if (!table->count)
		return NULL;
	uint64_t hash = key_hash(key);
	struct keyed_node *node = *place_of(table, hash);
	while (node &&
			(node->hash != hash || node->key.length != key.length ||
					(key.length &&
							memcmp(node->key.data, key.data,
									key.length) != 0)))
		node = node->next;
	return node;
}

/* As many places as things, at least. */
static bool table_grow(struct keyed *table)
{
	struct keyed grown = *table;
	grown.place_count = table->place_count ? table->place_count * 2 : 16;
	grown.places = calloc(grown.place_count, sizeof(struct keyed_node *));
	if (!grown.places)
		return false;
	for (struct keyed_node *node = table->oldest; node; node = node->newer) {
		struct keyed_node **place = place_of(&grown, node->hash);
		node->next = *place;
		*place = node;
	}
	free(table->places);
	*table = grown;
	return true;
}

static void use_add(struct keyed *table, struct keyed_node *node)
{
	/* Who has come to the end goes on with it. */
	for (struct keyed_walk *walk = table->walks; walk; walk = walk->other)
		walk->at = walk->at ? walk->at : node;
	node->older = table->newest;
	node->newer = NULL;
	if (table->newest)
		table->newest->newer = node;
	else
		table->oldest = node;
	table->newest = node;
}

static void use_remove(struct keyed *table, struct keyed_node *node)
{
	for (struct keyed_walk *walk = table->walks; walk; walk = walk->other)
		walk->at = walk->at == node ? node->newer : walk->at;
	if (node->older)
		node->older->newer = node->newer;
	else
		table->oldest = node->newer;
	if (node->newer)
		node->newer->older = node->older;
	else
		table->newest = node->older;
}

bool keyed_add(struct keyed *table, struct keyed_node *node)
{
	if (table->count == table->place_count && !table_grow(table))
		return false;
	node->hash = key_hash(node->key);
	struct keyed_node **place = place_of(table, node->hash);
	node->next = *place;
	*place = node;
	use_add(table, node);
	table->count++;
	return true;
}

void keyed_remove(struct keyed *table, struct keyed_node *node)
{
	struct keyed_node **at = place_of(table, node->hash);
	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	use_remove(table, node);
	table->count--;
}

void keyed_touch(struct keyed *table, struct keyed_node *node)
{
	use_remove(table, node);
	use_add(table, node);
}

void keyed_walk_begin(struct keyed *table, struct keyed_walk *walk)
{
	*walk = (struct keyed_walk){table->oldest, table->walks};
	table->walks = walk;
}

struct keyed_node *keyed_walk_next(struct keyed_walk *walk)
{
	struct keyed_node *node = walk->at;
	if (node)
		walk->at = node->newer;
	return node;
}

void keyed_walk_end(struct keyed *table, struct keyed_walk *walk)
{
	struct keyed_walk **at = &table->walks;
	while (*at != walk)
		at = &(*at)->other;
	*at = walk->other;
}
