/*
 * cpu.c: x86-64: does this machine have the features that an artifact needs?
 */
#include <pthread.h>
#include <string.h>
#include <sys/platform/x86.h>

#include "base/check.h"
#include "runtime/artifact.h"

/* Places in the C library's copy of a leaf. */
enum cpu_place {
	EAX,
	EBX,
	ECX,
	EDX,
};

/* Register sets that the system saves, as masks of XCR0. */
enum cpu_state {
	NONE = 0,
	AVX = 0x6,
	AVX512 = 0xe6,
};

struct cpu_feature {
	const char *name;
	size_t length; /* of the name */
	uint32_t leaf, subleaf;
	enum cpu_place at;
	unsigned bit;
	enum cpu_state state;
};

static const struct cpu_feature cpu_features[] = {
#define CPU_FEATURE(name, leaf, subleaf, at, bit, state) \
	{name, sizeof name - 1, leaf, subleaf, at, bit, state},
#include "runtime/arch/x86_64/cpu_features.def"
#undef CPU_FEATURE
};

/* XCR0, or 0 if the system does not use XSAVE. */
static uint64_t cpu_saved_state(void)
{
	uint32_t low, high;
	if (!x86_cpu_present(x86_cpu_OSXSAVE))
		return 0;
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return low | (uint64_t)high << 32;
}

/* The leaves of the list, and which copy the C library has of each: zeros, if there is none. */
static const struct {
	uint32_t leaf, subleaf;
	unsigned copy;
} cpu_leaves[] = {
		{0x1, 0, CPUID_INDEX_1},
		{0x7, 0, CPUID_INDEX_7},
		{0x7, 1, CPUID_INDEX_7_ECX_1},
		{0xd, 1, CPUID_INDEX_D_ECX_1},
		{0x14, 0, CPUID_INDEX_14_ECX_0},
		{0x80000001, 0, CPUID_INDEX_80000001},
		{0x80000008, 0, CPUID_INDEX_80000008},
};

/*
 * From what the C library was told when the process began: in a virtual machine each cpuid is an
 * exit of 4 us, and one for each feature would be most of the time of a first load.
 */
static uint32_t cpu_register(const struct cpu_feature *feature)
{
	for (size_t i = 0; i < ARRAY_LENGTH(cpu_leaves); i++) {
		if (cpu_leaves[i].leaf == feature->leaf &&
				cpu_leaves[i].subleaf == feature->subleaf)
			return __x86_get_cpuid_feature_leaf(cpu_leaves[i].copy)
					->cpuid_array[feature->at];
	}
	return 0;
}

static bool cpu_ask(const struct cpu_feature *feature, uint64_t saved)
{
	return (cpu_register(feature) >> feature->bit & 1) &&
			(saved & (uint64_t)feature->state) == (uint64_t)feature->state;
}

static bool cpu_present[ARRAY_LENGTH(cpu_features)];

static void cpu_ask_all(void)
{
	uint64_t saved = cpu_saved_state();
	for (size_t i = 0; i < ARRAY_LENGTH(cpu_features); i++)
		cpu_present[i] = cpu_ask(&cpu_features[i], saved);
}

static bool cpu_has(const struct cpu_feature *feature)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, cpu_ask_all);
	return cpu_present[feature - cpu_features];
}

static const struct cpu_feature *cpu_find(const char *name, size_t length)
{
	for (size_t i = 0; i < ARRAY_LENGTH(cpu_features); i++) {
		const struct cpu_feature *known = &cpu_features[i];
		if (known->length == length && memcmp(known->name, name, length) == 0)
			return known;
	}
	return NULL;
}

bool cpu_check(const char *features, struct sv_error *error)
{
	for (const char *at = features; *at;) {
		size_t length = strcspn(at, ",");
		const struct cpu_feature *feature = cpu_find(at, length);
		if (length && !feature)
			return sv_fail(error, SV_ERROR_CPU,
					"needs the CPU feature \"%.*s\", which this version does "
			                "not know",
					(int)length, at);
		if (length && !cpu_has(feature))
			return sv_fail(error, SV_ERROR_CPU,
					"needs the CPU feature \"%.*s\", which this machine lacks",
					(int)length, at);
		at += length + (at[length] == ',');
	}
	return true;
}
