/* sorts.c: a heap, merged runs, and the C library's qsort with its call for each comparison. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/code/programs/random.h"

#define SIZE 150000
#define ROUNDS 4

static int32_t numbers[SIZE], copy[SIZE], spare[SIZE];

static int compare(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

static void sink(int32_t *heap, int at, int size)
{
	int32_t value = heap[at];

	for (int child; (child = 2 * at + 1) < size; at = child) {
		if (child + 1 < size && heap[child + 1] > heap[child])
			child++;
		if (heap[child] <= value)
			break;
		heap[at] = heap[child];
	}
	heap[at] = value;
}

static void heap_sort(int32_t *heap, int size)
{
	for (int i = size / 2; i-- > 0;)
		sink(heap, i, size);
	for (int end = size - 1; end > 0; end--) {
		int32_t largest = heap[0];

		heap[0] = heap[end];
		heap[end] = largest;
		sink(heap, 0, end);
	}
}

static void merge_sort(int32_t *data, int32_t *to, int size)
{
	int half = size / 2, left = 0, right = half;

	if (size < 2)
		return;
	merge_sort(data, to, half);
	merge_sort(data + half, to, size - half);
	for (int i = 0; i < size; i++)
		to[i] = left < half && (right == size || data[left] <= data[right]) ? data[left++]
										    : data[right++];
	memcpy(data, to, (size_t)size * sizeof *data);
}

int main(void)
{
	uint32_t state = 7, sum = 0;

	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < SIZE; i++)
			numbers[i] = (int32_t)random_next(&state);
		memcpy(copy, numbers, sizeof copy);
		heap_sort(copy, SIZE);
		sum = sum * 31 + (uint32_t)copy[SIZE / 3];
		memcpy(copy, numbers, sizeof copy);
		merge_sort(copy, spare, SIZE);
		sum = sum * 31 + (uint32_t)copy[SIZE / 4];
		qsort(numbers, SIZE, sizeof *numbers, compare);
		sum = sum * 31 + (uint32_t)numbers[SIZE / 5];
	}
	printf("sorts %08x\n", sum);
	return 0;
}
