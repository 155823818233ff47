/* rays.c: a small ray tracer: spheres, one light, reflections. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>

#define WIDTH 2560
#define HEIGHT 1920
#define SPHERES 24
#define BOUNCES 3

struct vector {
	double x, y, z;
};

struct sphere {
	struct vector centre;
	double radius;
};

static struct sphere spheres[SPHERES];
static const struct vector light = {0.48, 0.64, -0.6};

static struct vector add(struct vector a, struct vector b, double factor)
{
	return (struct vector){a.x + factor * b.x, a.y + factor * b.y, a.z + factor * b.z};
}

static double dot(struct vector a, struct vector b)
{
	return a.x * b.x + a.y * b.y + a.z * b.z;
}

static struct vector unit(struct vector a)
{
	return add((struct vector){0, 0, 0}, a, 1 / sqrt(dot(a, a)));
}

/* The nearest sphere that the ray hits, or NULL; its distance in *distance. */
static const struct sphere *hit(struct vector from, struct vector along, double *distance)
{
	const struct sphere *nearest = NULL;

	*distance = 1e30;
	for (int i = 0; i < SPHERES; i++) {
		struct vector to = add(spheres[i].centre, from, -1);
		double middle = dot(to, along);
		double depth = spheres[i].radius * spheres[i].radius - dot(to, to) +
				middle * middle;
		double at;

		if (depth < 0)
			continue;
		at = middle - sqrt(depth);
		if (at > 1e-6 && at < *distance) {
			*distance = at;
			nearest = &spheres[i];
		}
	}
	return nearest;
}

static double brightness(struct vector from, struct vector along)
{
	double sum = 0, weight = 1;

	for (int bounce = 0; bounce < BOUNCES; bounce++) {
		double distance, shadow, lit;
		const struct sphere *sphere = hit(from, along, &distance);
		struct vector normal;

		if (!sphere)
			return sum + weight * (0.5 + 0.5 * along.y);
		from = add(from, along, distance);
		normal = unit(add(from, sphere->centre, -1));
		lit = dot(normal, light);
		if (lit > 0 && !hit(from, light, &shadow))
			sum += weight * lit;
		along = add(along, normal, -2 * dot(along, normal));
		weight *= 0.5;
	}
	return sum;
}

int main(void)
{
	uint64_t sum = 0;

	for (int i = 0; i < SPHERES; i++)
		spheres[i] = (struct sphere){
				{i % 6 - 2.5, i / 6 - 1.5, 6 + i % 5}, 0.3 + i % 3 * 0.1};
	for (int y = 0; y < HEIGHT; y++)
		for (int x = 0; x < WIDTH; x++) {
			struct vector along = {
					x / (WIDTH / 2.0) - 1, 0.75 - y / (WIDTH / 2.0), 1.5};

			sum += (uint64_t)(brightness((struct vector){0, 0, -2}, unit(along)) * 255);
		}
	printf("rays %llu\n", (unsigned long long)sum);
	return 0;
}
