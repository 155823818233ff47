/*
 * rates.c: see rates.h. A counter has a sum for each of the last seconds.
 */
#include "host/rates.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "host/keyed.h"

#define SECOND UINT64_C(1000000000)

/* The second at hand, those that are looked back on, and the one that a window begins in. */
#define BUCKETS (RATES_MAX_WINDOW + 2)

struct entry {
	struct keyed_node node; /* first; its key is `key` */
	uint64_t until;         /* of a box */
	uint64_t second;        /* of a counter: the last one that something happened in */
	uint32_t *sums;         /* owned; of a counter, by second modulo BUCKETS */
	uint8_t key[];
};

struct rates {
	pthread_mutex_t lock;
	struct keyed counters, boxes;
};

struct rates *rates_new(void)
{
	struct rates *rates = calloc(1, sizeof *rates);
	if (rates)
		pthread_mutex_init(&rates->lock, NULL);
	return rates;
}

static void entry_drop(struct keyed *table, struct keyed_node *node)
{
	struct entry *entry = (struct entry *)node;
	keyed_remove(table, node);
	free(entry->sums);
	free(entry);
}

void rates_free(struct rates *rates)
{
	if (!rates)
		return;
	while (rates->counters.oldest)
		entry_drop(&rates->counters, rates->counters.oldest);
	while (rates->boxes.oldest)
		entry_drop(&rates->boxes, rates->boxes.oldest);
	keyed_finish(&rates->counters);
	keyed_finish(&rates->boxes);
	pthread_mutex_destroy(&rates->lock);
	free(rates);
}

/* Name, its length and entry: no two pairs are the same bytes. */
#define MAX_KEY (2 * RATES_MAX_NAME + sizeof(uint32_t))

static struct sv_bytes key_write(struct rates_key key, uint8_t *bytes)
{
	uint32_t length = (uint32_t)key.name.length;
	check(key.name.length <= RATES_MAX_NAME && key.entry.length <= RATES_MAX_NAME);
	memcpy(bytes, &length, sizeof length);
	if (length)
		memcpy(bytes + sizeof length, key.name.data, length);
	if (key.entry.length)
		memcpy(bytes + sizeof length + length, key.entry.data, key.entry.length);
	return (struct sv_bytes){bytes, sizeof length + length + key.entry.length};
}

static struct entry *entry_find(struct keyed *table, struct rates_key key)
{
	uint8_t bytes[MAX_KEY];
	return (struct entry *)keyed_find(table, key_write(key, bytes));
}

/* Found or made; NULL: no memory. */
static struct entry *entry_of(struct keyed *table, struct rates_key key, bool is_counter)
{
	uint8_t bytes[MAX_KEY];
	struct sv_bytes whole = key_write(key, bytes);
	struct entry *entry = (struct entry *)keyed_find(table, whole);
	if (entry) {
		keyed_touch(table, &entry->node);
		return entry;
	}
	if (table->count == RATES_MAX_ENTRIES)
		entry_drop(table, table->oldest);
	entry = calloc(1, sizeof *entry + whole.length);
	if (entry && is_counter)
		entry->sums = calloc(BUCKETS, sizeof *entry->sums);
	if (entry) {
		memcpy(entry->key, whole.data, whole.length);
		entry->node.key = (struct sv_bytes){entry->key, whole.length};
	}
	if (entry && (entry->sums || !is_counter) && keyed_add(table, &entry->node))
		return entry;
	if (entry)
		free(entry->sums);
	free(entry);
	return NULL;
}

/* Sums of seconds that have passed without anything are none. */
static void entry_advance(struct entry *entry, uint64_t second)
{
	uint64_t passed = second > entry->second ? second - entry->second : 0;
	for (uint64_t i = 1; i <= passed && i <= BUCKETS; i++)
		entry->sums[(entry->second + i) % BUCKETS] = 0;
	entry->second += passed;
}

bool rates_add(struct rates *rates, struct rates_key counter, uint32_t times, uint64_t now)
{
	pthread_mutex_lock(&rates->lock);
	struct entry *entry = entry_of(&rates->counters, counter, true);
	if (entry) {
		entry_advance(entry, now / SECOND);
		uint32_t *sum = &entry->sums[entry->second % BUCKETS];
		*sum = times > UINT32_MAX - *sum ? UINT32_MAX : *sum + times;
	}
	pthread_mutex_unlock(&rates->lock);
	return entry != NULL;
}

static uint64_t entry_count(struct entry *entry, uint32_t seconds, uint64_t now)
{
	uint64_t count = 0, into = now % SECOND;
	entry_advance(entry, now / SECOND);
	/* A window that is longer than the time there has been has fewer of them. */
	for (uint32_t back = 0; back <= seconds && back <= entry->second; back++) {
		uint64_t sum = entry->sums[(entry->second - back) % BUCKETS];
		count += back < seconds ? sum : sum * (SECOND - into) / SECOND;
	}
	return count;
}

uint64_t rates_count(struct rates *rates, struct rates_key counter, uint32_t seconds, uint64_t now)
{
	check(seconds <= RATES_MAX_WINDOW);
	pthread_mutex_lock(&rates->lock);
	struct entry *entry = entry_find(&rates->counters, counter);
	uint64_t count = entry ? entry_count(entry, seconds, now) : 0;
	pthread_mutex_unlock(&rates->lock);
	return count;
}

bool rates_punish(struct rates *rates, struct rates_key box, uint64_t until)
{
	pthread_mutex_lock(&rates->lock);
	struct entry *entry = entry_of(&rates->boxes, box, false);
	if (entry && entry->until < until)
		entry->until = until;
	pthread_mutex_unlock(&rates->lock);
	return entry != NULL;
}

bool rates_is_punished(struct rates *rates, struct rates_key box, uint64_t now)
{
	pthread_mutex_lock(&rates->lock);
	const struct entry *entry = entry_find(&rates->boxes, box);
	bool is_punished = entry && entry->until > now;
	pthread_mutex_unlock(&rates->lock);
	return is_punished;
}
