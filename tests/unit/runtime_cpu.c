/*
 * runtime_cpu.c: what is said about this machine is what the machine says, leaf by leaf.
 */
#include <cpuid.h>
#include <string.h>

#include "runtime/artifact.h"
#include "tests/lib/test.h"

struct asked {
	const char *name;
	uint32_t leaf, subleaf;
	unsigned at, bit; /* register: a, b, c, d */
};

/* One of each register that is used, without those that need something of the system. */
static const struct asked asked[] = {
		{"cmov", 0x1, 0, 3, 15},
		{"pclmul", 0x1, 0, 2, 1},
		{"popcnt", 0x1, 0, 2, 23},
		{"bmi2", 0x7, 0, 1, 8},
		{"sha", 0x7, 0, 1, 29},
		{"gfni", 0x7, 0, 2, 8},
		{"serialize", 0x7, 0, 3, 14},
		{"cmpccxadd", 0x7, 1, 0, 7},
		{"prefetchi", 0x7, 1, 3, 14},
		{"xsavec", 0xd, 1, 0, 1},
		{"ptwrite", 0x14, 0, 1, 4},
		{"lzcnt", 0x80000001, 0, 2, 5},
		{"64bit", 0x80000001, 0, 3, 29},
		{"clzero", 0x80000008, 0, 1, 0},
};

static bool machine_has(const struct asked *row)
{
	uint32_t registers[4] = {0};
	return __get_cpuid_count(row->leaf, row->subleaf, &registers[0], &registers[1],
			       &registers[2], &registers[3]) &&
			(registers[row->at] >> row->bit & 1);
}

TEST(features_are_those_that_cpuid_tells)
{
	for (size_t i = 0; i < ARRAY_LENGTH(asked); i++) {
		struct sv_error error = SV_ERROR_INIT;
		CHECK_EQ(cpu_check(asked[i].name, &error), machine_has(&asked[i]));
	}
}

TEST(the_name_of_a_missing_feature_is_told)
{
	struct sv_error error = SV_ERROR_INIT;
	CHECK(cpu_check("", &error));
	CHECK(cpu_check("sse2,cmov", &error));
	CHECK(!cpu_check("sse2,hyperspace", &error));
	CHECK_EQ(error.code, SV_ERROR_CPU);
	CHECK(strstr(error.text, "\"hyperspace\""));
}

TEST_MAIN()
