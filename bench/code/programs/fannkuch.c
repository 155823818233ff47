/* fannkuch.c: most prefix reversals that any permutation needs to bring 0 to the front. */
#include <stdio.h>
#include <string.h>

#define N 10

static int flips(const int *permutation)
{
	int cards[N], count = 0;

	memcpy(cards, permutation, sizeof cards);
	while (cards[0]) {
		for (int low = 0, high = cards[0]; low < high; low++, high--) {
			int card = cards[low];

			cards[low] = cards[high];
			cards[high] = card;
		}
		count++;
	}
	return count;
}

/* The next permutation, by rotating prefixes; false after the last. */
static int advance(int *permutation, int *rotations)
{
	for (int size = 1; size < N; size++) {
		int first = permutation[0];

		memmove(permutation, permutation + 1, (size_t)size * sizeof *permutation);
		permutation[size] = first;
		if (++rotations[size] <= size)
			return 1;
		rotations[size] = 0;
	}
	return 0;
}

int main(void)
{
	int permutation[N], rotations[N] = {0}, most = 0, sum = 0, sign = 1;

	for (int i = 0; i < N; i++)
		permutation[i] = i;
	do {
		int count = flips(permutation);

		most = count > most ? count : most;
		sum += sign * count;
		sign = -sign;
	} while (advance(permutation, rotations));
	printf("fannkuch %d %d\n", most, sum);
	return 0;
}
