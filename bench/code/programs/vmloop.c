/* vmloop.c: an interpreter of byte code; its program counts the steps of Collatz sequences. */
#include <stdint.h>
#include <stdio.h>

#define LIMIT 280000

enum op { SET, COPY, ADD, ODD, HALF, TRIPLE, IF_ONE, IF_ZERO, IF_LESS, GOTO, STOP };

struct instruction {
	uint8_t op, a, b;
	int16_t target;
	uint32_t value;
};

/* r0: number under test, r1: its sequence, r2: is it odd, r3: 1, r4: limit, r5: steps. */
static const struct instruction program[] = {
		{SET, 0, 0, 0, 1},
		{SET, 3, 0, 0, 1},
		{SET, 4, 0, 0, LIMIT},
		{COPY, 1, 0, 0, 0}, /* 3 */
		{IF_ONE, 1, 0, 11, 0}, /* 4 */
		{ADD, 5, 3, 0, 0},
		{ODD, 2, 1, 0, 0},
		{IF_ZERO, 2, 0, 10, 0},
		{TRIPLE, 1, 0, 0, 0},
		{GOTO, 0, 0, 4, 0},
		{HALF, 1, 0, 14, 0}, /* 10 */
		{ADD, 0, 3, 0, 0}, /* 11 */
		{IF_LESS, 0, 4, 3, 0},
		{STOP, 0, 0, 0, 0},
		{GOTO, 0, 0, 4, 0}, /* 14 */
};

static uint64_t interpret(const struct instruction *at)
{
	uint64_t r[8] = {0}, executed = 0;
	const struct instruction *code = at;

	for (;; at++) {
		executed++;
		switch ((enum op)at->op) {
		case SET:
			r[at->a] = at->value;
			break;
		case COPY:
			r[at->a] = r[at->b];
			break;
		case ADD:
			r[at->a] += r[at->b];
			break;
		case ODD:
			r[at->a] = r[at->b] & 1;
			break;
		case HALF:
			r[at->a] >>= 1;
			at = code + at->target - 1;
			break;
		case TRIPLE:
			r[at->a] = 3 * r[at->a] + 1;
			break;
		case IF_ONE:
			if (r[at->a] == 1)
				at = code + at->target - 1;
			break;
		case IF_ZERO:
			if (r[at->a] == 0)
				at = code + at->target - 1;
			break;
		case IF_LESS:
			if (r[at->a] < r[at->b])
				at = code + at->target - 1;
			break;
		case GOTO:
			at = code + at->target - 1;
			break;
		case STOP:
			return r[5] * 1000003 + executed;
		}
	}
}

int main(void)
{
	printf("vmloop %llu\n", (unsigned long long)interpret(program));
	return 0;
}
