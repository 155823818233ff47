/*
 * guest.c: a module to instantiate. DATA_BYTES of it are not zero from the beginning; a
 * call of `touch` writes to `pages` pages of 4 KiB, the first of them and then each next.
 */
#define EXPORT(name) __attribute__((export_name(#name))) name

typedef int (*step_function)(int value);

unsigned char data[DATA_BYTES] __attribute__((aligned(4096))) = {[0 ... DATA_BYTES - 1] = 7};

static int add(int value)
{
	return value + data[0];
}

static int twist(int value)
{
	return value ^ data[DATA_BYTES - 1];
}

/* Called through a table, so that there is one. */
static step_function volatile steps[] = {add, twist};

int EXPORT(touch)(int pages)
{
	volatile unsigned char *at = data;

	for (int i = 0; i < pages; i++)
		at[i * 4096] = (unsigned char)(at[i * 4096] + 1);
	return steps[pages & 1](at[0]);
}
