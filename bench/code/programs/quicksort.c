/* quicksort.c: sorts records by comparison functions that it gets as pointers. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bench/code/programs/random.h"

#define COUNT 300000
#define ROUNDS 5

struct record {
	uint32_t key;
	uint32_t serial;
};

typedef int (*compare_function)(const struct record *a, const struct record *b);

static int by_key(const struct record *a, const struct record *b)
{
	return (a->key > b->key) - (a->key < b->key);
}

static int by_low_byte(const struct record *a, const struct record *b)
{
	int order = (int)(a->key & 255) - (int)(b->key & 255);

	return order ? order : (a->serial > b->serial) - (a->serial < b->serial);
}

static void swap(struct record *a, struct record *b)
{
	struct record old = *a;

	*a = *b;
	*b = old;
}

static void sort(struct record *first, struct record *last, compare_function compare)
{
	while (first < last) {
		struct record *low = first, *high = last, pivot = first[(last - first) / 2];

		while (low <= high) {
			while (compare(low, &pivot) < 0)
				low++;
			while (compare(high, &pivot) > 0)
				high--;
			if (low <= high)
				swap(low++, high--);
		}
		sort(first, high, compare);
		first = low;
	}
}

int main(void)
{
	static struct record records[COUNT];
	/* Not constant, so that the calls stay calls. */
	compare_function volatile compare[] = {by_key, by_low_byte};
	uint32_t state = 1, sum = 0;

	for (int round = 0; round < ROUNDS; round++) {
		for (uint32_t i = 0; i < COUNT; i++)
			records[i] = (struct record){random_next(&state), i};
		for (int order = 0; order < 2; order++) {
			sort(records, records + COUNT - 1, compare[order]);
			for (int i = 0; i < COUNT; i++)
				sum = sum * 31 + (records[i].key ^ (uint32_t)i);
		}
	}
	printf("quicksort %08x\n", sum);
	return 0;
}
