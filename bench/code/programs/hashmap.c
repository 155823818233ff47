/* hashmap.c: a map with chains; words come, are counted, and go. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/code/programs/random.h"

#define BUCKETS 65536
#define STEPS 10000000
#define KEYS 200000

struct node {
	struct node *next;
	uint32_t key;
	uint32_t count;
};

static struct node *buckets[BUCKETS];

static struct node **find(uint32_t key)
{
	struct node **at = &buckets[key * 0x9e3779b1u >> 16];

	while (*at && (*at)->key != key)
		at = &(*at)->next;
	return at;
}

static void count(uint32_t key)
{
	struct node **at = find(key);

	if (!*at) {
		*at = calloc(1, sizeof **at);
		if (!*at)
			abort();
		(*at)->key = key;
	}
	(*at)->count++;
}

static uint32_t drop(uint32_t key)
{
	struct node **at = find(key), *node = *at;
	uint32_t had;

	if (!node)
		return 0;
	had = node->count;
	*at = node->next;
	free(node);
	return had;
}

int main(void)
{
	uint32_t state = 7, sum = 0;

	for (int i = 0; i < STEPS; i++) {
		uint32_t key = random_next(&state) % KEYS;

		if (key % 4 == 0)
			sum = sum * 7 + drop(key ^ 1);
		else
			count(key);
	}
	for (uint32_t key = 0; key < KEYS; key++)
		sum = sum * 31 + drop(key);
	printf("hashmap %08x\n", sum);
	return 0;
}
