/* gmp.c: mini-GMP with 64-bit digits: a factorial, its digits, powers modulo a prime. */
#include <stdio.h>
#include <stdlib.h>

#include <mini-gmp.h>

#include "bench/code/packaged/input.h"

int main(void)
{
	mpz_t product, base, power, modulus;

	mpz_init_set_ui(product, 1);
	for (unsigned i = 2; i <= 2200; i++)
		mpz_mul_ui(product, product, i);

	char *digits = mpz_get_str(NULL, 10, product);

	mpz_init_set_ui(base, 3);
	mpz_init_set_ui(modulus, 1);
	mpz_mul_2exp(modulus, modulus, 1279); /* a Mersenne prime */
	mpz_sub_ui(modulus, modulus, 1);
	mpz_init(power);
	mpz_mod(product, product, modulus);
	for (int round = 0; round < 6; round++) {
		mpz_powm(power, base, product, modulus);
		mpz_add(base, power, base);
	}
	printf("gmp %08x %lu\n", input_sum(digits, strlen(digits)), mpz_fdiv_ui(base, 1000003));
	return 0;
}
