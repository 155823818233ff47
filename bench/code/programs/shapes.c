/* shapes.c: objects with tables of functions, called through them. */
#include <stdint.h>
#include <stdio.h>

#include "bench/code/programs/random.h"

#define SHAPES 1000
#define ROUNDS 50000

struct shape {
	const struct shape_kind *kind;
	int32_t x, y, size;
};

struct shape_kind {
	int32_t (*area)(const struct shape *shape);
	void (*move)(struct shape *shape, int32_t by);
	int (*covers)(const struct shape *shape, int32_t x, int32_t y);
};

static int32_t square_area(const struct shape *shape)
{
	return shape->size * shape->size;
}

static int32_t stripe_area(const struct shape *shape)
{
	return shape->size * 3;
}

static void move_right(struct shape *shape, int32_t by)
{
	shape->x += by & 1023;
}

static void move_down(struct shape *shape, int32_t by)
{
	shape->y -= by & 511;
}

static int square_covers(const struct shape *shape, int32_t x, int32_t y)
{
	return x - shape->x < shape->size && y - shape->y < shape->size;
}

static int stripe_covers(const struct shape *shape, int32_t x, int32_t y)
{
	return x - shape->x < 3 && y > shape->y;
}

static const struct shape_kind kinds[] = {
		{square_area, move_right, square_covers},
		{stripe_area, move_down, stripe_covers},
		{square_area, move_down, stripe_covers},
};

int main(void)
{
	static struct shape shapes[SHAPES];
	uint32_t state = 13, sum = 0;

	for (int i = 0; i < SHAPES; i++)
		shapes[i] = (struct shape){&kinds[random_next(&state) % 3], i, -i,
				(int32_t)(random_next(&state) % 50)};
	for (int round = 0; round < ROUNDS; round++)
		for (int i = 0; i < SHAPES; i++) {
			struct shape *shape = &shapes[i];

			if (shape->kind->covers(shape, round & 255, i & 127))
				sum += (uint32_t)shape->kind->area(shape);
			else if ((round + i) % 64 == 0)
				shape->kind->move(shape, round);
		}
	printf("shapes %08x\n", sum);
	return 0;
}
