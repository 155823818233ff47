/* mandelbrot.c: counts the steps to escape for each point of a grid. */
#include <stdint.h>
#include <stdio.h>

#define WIDTH 1600
#define HEIGHT 1300
#define STEPS 250

static unsigned escape(double cx, double cy)
{
	double x = 0, y = 0;
	unsigned n = 0;

	while (n < STEPS && x * x + y * y <= 4) {
		double next = x * x - y * y + cx;

		y = 2 * x * y + cy;
		x = next;
		n++;
	}
	return n;
}

int main(void)
{
	uint64_t sum = 0;

	for (int j = 0; j < HEIGHT; j++)
		for (int i = 0; i < WIDTH; i++)
			sum = sum * 31 + escape(3.0 * i / WIDTH - 2.2, 2.4 * j / HEIGHT - 1.2);
	printf("mandelbrot %016llx\n", (unsigned long long)sum);
	return 0;
}
