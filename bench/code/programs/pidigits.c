/* pidigits.c: digits of pi by Machin's formula, with long fixed-point numbers. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define DIGITS 21000
#define WORDS (DIGITS / 9 + 4) /* nine digits in each; the first is the whole part */
#define BASE UINT32_C(1000000000)

struct number {
	uint32_t words[WORDS];
};

static int divide(struct number *number, uint32_t by, int from)
{
	uint64_t rest = 0;

	for (int i = from; i < WORDS; i++) {
		rest = rest * BASE + number->words[i];
		number->words[i] = (uint32_t)(rest / by);
		rest %= by;
	}
	while (from < WORDS && !number->words[from])
		from++;
	return from;
}

static void add(struct number *to, const struct number *number, int from, int sign)
{
	int64_t carry = 0;

	for (int i = WORDS - 1; i >= 0 && (i >= from || carry); i--) {
		int64_t sum = (int64_t)to->words[i] + carry;

		if (i >= from)
			sum += sign * (int64_t)number->words[i];
		carry = sum < 0 ? -1 : sum >= BASE;
		to->words[i] = (uint32_t)(sum - carry * (int64_t)BASE);
	}
}

/* Add sign * factor * arctan(1/x) to `pi`. */
static void add_arctan(struct number *pi, uint32_t factor, uint32_t x, int sign)
{
	struct number power = {{factor}}, term;
	int from = divide(&power, x, 0);

	for (uint32_t n = 1; from < WORDS; n += 2, sign = -sign) {
		memcpy(&term, &power, sizeof term);
		add(pi, &term, divide(&term, n, from), sign);
		from = divide(&power, x * x, from);
	}
}

int main(void)
{
	static struct number pi;
	uint32_t sum = 0;

	add_arctan(&pi, 16, 5, 1);
	add_arctan(&pi, 4, 239, -1);
	for (int i = 0; i < WORDS - 3; i++)
		sum = sum * 31 + pi.words[i];
	printf("pidigits %u.%09u ... %08x\n", pi.words[0], pi.words[1], sum);
	return 0;
}
