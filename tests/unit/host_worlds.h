/*
 * host_worlds.h: the worlds of guests, each with all its functions from the tables, for tests of
 * every one of them.
 */
#ifndef SELVAGE_TESTS_UNIT_HOST_WORLDS_H
#define SELVAGE_TESTS_UNIT_HOST_WORLDS_H

#include "host/host.h"

enum { MEMORY = 65536, MAX_PARAMETERS = 16 };

/* ---- what is in memory before each call, and where (host_memory.def) ---- */

enum { TEXTS = 1024, BLOCKS = 4096, OUTPUTS = 16384, OUTPUT_SIZE = 256 };

static const struct texts {
#define TEXT(name, text) char name[sizeof(text) - 1];
#include "tests/unit/host_memory.def"
} texts = {
#define TEXT(name, text) .name = text,
#include "tests/unit/host_memory.def"
};

enum {
#define TEXT(name, text) \
	TEXT_##name = TEXTS + offsetof(struct texts, name), \
	TEXT_##name##_LENGTH = sizeof(text) - 1,
#include "tests/unit/host_memory.def"
};

#define T(name) TEXT_##name, TEXT_##name##_LENGTH
#define B(name) BLOCKS + offsetof(struct blocks, name)
#define O(number) OUTPUTS + (number) * OUTPUT_SIZE

static const struct blocks {
#define BLOCK(name, ...) \
	_Alignas(8) uint32_t name[sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t)];
#include "tests/unit/host_memory.def"
} blocks = {
#define BLOCK(name, ...) .name = {__VA_ARGS__},
#include "tests/unit/host_memory.def"
};

/* Where they are, for tests that change a word of one. */
static const struct {
	uint32_t place, words;
} block_places[] = {
#define BLOCK(name, ...) {B(name), sizeof blocks.name / sizeof(uint32_t)},
#include "tests/unit/host_memory.def"
};

enum group_number {
#define GROUP(name) NUMBER_##name,
#include "tests/unit/host_memory.def"
};

enum {
#define GROUP(name) name = 1 << NUMBER_##name,
#include "tests/unit/host_memory.def"
};

/* ---- functions ---- */

struct row {
	const char *module, *name, *signature;
};

static const struct row wasi_rows[] = {
#define WASI_FUNCTION(name, signature, modules) {"wasi_snapshot_preview1", #name, signature},
#include "host/wasi/wasi.def"
#undef WASI_FUNCTION
		{"env", "abort", "iiii:"}, /* AssemblyScript's */
};

static const struct row terrarium_rows[] = {
#define TERRARIUM_CALL(name, signature) {"env", "hostcall_" #name, signature},
#include "host/terrarium/terrarium.def"
#undef TERRARIUM_CALL
		{"env", "abort", "iiii:"},
};

static const struct row fastly_rows[] = {
#define FASTLY_CALL(module, name, signature) {"fastly_" #module, #name, signature},
#define FASTLY_LATER FASTLY_CALL
#include "host/fastly/fastly.def"
#undef FASTLY_LATER
#undef FASTLY_CALL
};

/* Older names of some of these. */
static const struct {
	const char *old, *module, *name;
} fastly_aliases[] = {
#define FASTLY_LEGACY(old, module, name) {"xqd_" #old, "fastly_" #module, #name},
#include "host/fastly/legacy.def"
#undef FASTLY_LEGACY
};

/* A call that prepares for rows of these groups; 0: for all. */
struct step {
	unsigned groups;
	const char *function; /* with its module, or without */
	int64_t arguments[MAX_PARAMETERS];
};

/* A call that succeeds behind its steps; or one that cannot, and why. */
struct good {
	const char *module, *name, *reason;
	unsigned groups;
	int64_t arguments[MAX_PARAMETERS];
};

struct world {
	const char *name, *entry;
	const char *settings; /* with a %u for the port of a server, or NULL */
	const struct row *rows;
	size_t count;
	const struct step *steps;
	size_t step_count;
	const struct good *goods;
	size_t good_count;
	/* How many bytes a call with this result may have written; SIZE_MAX: it has succeeded. */
	size_t (*allowed)(const struct row *row, int64_t result);
	void (*refresh)(int folder); /* before each case; NULL: nothing */
};

#endif
