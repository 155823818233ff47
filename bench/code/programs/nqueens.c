/* nqueens.c: ways to place queens on a board so that none attacks another. */
#include <stdio.h>

#define N 14

static unsigned count(unsigned columns, unsigned left, unsigned right)
{
	const unsigned all = (1u << N) - 1;
	unsigned free = all & ~(columns | left | right), ways = 0;

	if (columns == all)
		return 1;
	while (free) {
		unsigned place = free & -free;

		free ^= place;
		ways += count(columns | place, (left | place) << 1, (right | place) >> 1);
	}
	return ways;
}

int main(void)
{
	printf("nqueens %u\n", count(0, 0, 0));
	return 0;
}
