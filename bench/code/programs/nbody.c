/* nbody.c: a sun and its planets, moved by the leapfrog method; prints the energy. */
#include <math.h>
#include <stdio.h>

#define BODIES 5
#define STEPS 5000000
#define DT 0.001

struct body {
	double x, y, z, vx, vy, vz, mass;
};

static struct body bodies[BODIES] = {
		{0, 0, 0, 0, 0, 0, 40.0},
		{5, 0, 0.1, 0, 2.8, 0, 0.04},
		{-9, 1, 0, 0.2, -2.1, 0.1, 0.01},
		{0, 14, -1, -1.7, 0, 0, 0.002},
		{3, -19, 0, 1.4, 0.3, -0.05, 0.003},
};

static void attract(struct body *p, struct body *q)
{
	double dx = p->x - q->x, dy = p->y - q->y, dz = p->z - q->z;
	double square = dx * dx + dy * dy + dz * dz;
	double pull = DT / (square * sqrt(square));

	p->vx -= dx * q->mass * pull;
	p->vy -= dy * q->mass * pull;
	p->vz -= dz * q->mass * pull;
	q->vx += dx * p->mass * pull;
	q->vy += dy * p->mass * pull;
	q->vz += dz * p->mass * pull;
}

static void step(void)
{
	for (int i = 0; i < BODIES; i++)
		for (int j = i + 1; j < BODIES; j++)
			attract(&bodies[i], &bodies[j]);
	for (int i = 0; i < BODIES; i++) {
		bodies[i].x += DT * bodies[i].vx;
		bodies[i].y += DT * bodies[i].vy;
		bodies[i].z += DT * bodies[i].vz;
	}
}

static double energy(void)
{
	double sum = 0;

	for (int i = 0; i < BODIES; i++) {
		struct body *p = &bodies[i];

		sum += 0.5 * p->mass * (p->vx * p->vx + p->vy * p->vy + p->vz * p->vz);
		for (int j = i + 1; j < BODIES; j++) {
			double dx = p->x - bodies[j].x, dy = p->y - bodies[j].y;
			double dz = p->z - bodies[j].z;

			sum -= p->mass * bodies[j].mass / sqrt(dx * dx + dy * dy + dz * dz);
		}
	}
	return sum;
}

int main(void)
{
	for (int i = 0; i < STEPS; i++)
		step();
	printf("nbody %.9f\n", energy());
	return 0;
}
