/* sieve.c: primes by Eratosthenes, a byte for each number. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define LIMIT 4000000
#define ROUNDS 36

static uint8_t composite[LIMIT + 1];

int main(void)
{
	uint64_t sum = 0;
	int count = 0;

	for (int round = 0; round < ROUNDS; round++) {
		memset(composite, 0, sizeof composite);
		for (int i = 2; i <= LIMIT; i++) {
			if (composite[i])
				continue;
			count++;
			sum += (uint64_t)i;
			for (int64_t j = (int64_t)i * i; j <= LIMIT; j += i)
				composite[j] = 1;
		}
	}
	printf("sieve %d %llu\n", count, (unsigned long long)sum);
	return 0;
}
