/*
 * native.cc: what modules.py does, in C++.
 *   native WHAT COUNT    WHAT: plain, throwing, try, throw1, throw10, indirect
 */
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

static const int32_t rare = 0x10000;

[[gnu::noinline]] static int32_t never(int32_t x)
{
	return x * 77;
}

template <bool can_throw> [[gnu::noinline]] static int32_t callee(int32_t depth, int32_t x)
{
	if (x < 0)
		return never(x);
	if (depth)
		return static_cast<int32_t>(
				static_cast<uint32_t>(callee<can_throw>(depth - 1, x)) * 3 ^ 1);
	if (can_throw && x == rare)
		throw x;
	return x + 7;
}

/* Not static: the compiler does not know that it never changes. */
int32_t (*table[])(int32_t, int32_t) = {callee<false>};

static int32_t call_plain(int32_t i)
{
	return callee<false>(0, i & 0xffff);
}

static int32_t call_throwing(int32_t i)
{
	return callee<true>(0, i & 0xffff);
}

static int32_t call_indirect(int32_t i)
{
	return table[0](0, i & 0xffff);
}

static int32_t call_in_try(int32_t i)
{
	try {
		return callee<true>(0, i & 0xffff);
	} catch (int32_t value) {
		return value;
	}
}

template <int32_t depth> static int32_t call_and_catch(int32_t)
{
	try {
		return callee<true>(depth - 1, rare);
	} catch (int32_t value) {
		return value;
	}
}

template <int32_t (*call)(int32_t)> static int32_t run(int32_t count)
{
	uint32_t sum = 0;
	for (int32_t i = 0; i < count; i++)
		sum += static_cast<uint32_t>(call(i) ^ i);
	return static_cast<int32_t>(sum);
}

static const struct {
	const char *name;
	int32_t (*run)(int32_t);
} programs[] = {
		{"plain", run<call_plain>},
		{"throwing", run<call_throwing>},
		{"try", run<call_in_try>},
		{"throw1", run<call_and_catch<1>>},
		{"throw10", run<call_and_catch<10>>},
		{"indirect", run<call_indirect>},
};

int main(int argc, char **argv)
{
	for (const auto &program : programs) {
		if (argc == 3 && strcmp(program.name, argv[1]) == 0) {
			printf("%d\n", program.run(atoi(argv[2])));
			return 0;
		}
	}
	return 2;
}
