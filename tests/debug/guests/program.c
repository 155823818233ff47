/*
 * program.c: traps in places that the suite names by the marks at the ends of lines. Compiled with
 * -g for WebAssembly.
 */
struct node {
	struct node *next;
	int value;
};

static int divide(int a, int b)
{
	return a / b; /* divide */
}

__attribute__((noinline)) static int sum(const int *numbers, int count)
{
	int all = 0;
	for (int i = 0; i < count; i++)
		all += divide(numbers[i], count - i - 3); /* loop */
	return all;
}

static int numbers[] = {1, 2, 3, 4, 5, 6};

__attribute__((export_name("average"))) int average(int count)
{
	return sum(numbers, count) + /* average */
			count;
}

__attribute__((export_name("last"))) int last(unsigned address)
{
	struct node *at = (struct node *)address;
	while (at->next) /* next */
		at = at->next;
	return at->value;
}

__attribute__((export_name("never"))) void never(void)
{
	__builtin_trap(); /* never */
}

__attribute__((export_name("count"))) unsigned count(unsigned rounds)
{
	static volatile unsigned sink;
	unsigned value = 1;
	for (unsigned i = 0; i < rounds; i++)
		sink = value = value * 1664525 + i;
	return value;
}
