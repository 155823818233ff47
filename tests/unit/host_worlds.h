/*
 * host_worlds.h: the worlds of guests, each with all its functions from the tables, for tests of
 * every one of them.
 */
#ifndef SELVAGE_TESTS_UNIT_HOST_WORLDS_H
#define SELVAGE_TESTS_UNIT_HOST_WORLDS_H

#include "host/host.h"

enum { MEMORY = 65536, MAX_PARAMETERS = 16, MAX_SETUP = 10 };

/* What is in memory before each call, and where. */
static const char texts[] = "GEThttp://127.0.0.1:9/store";
enum {
	METHOD = 1024,
	METHOD_LENGTH = 3,
	URL = 1027,
	URL_LENGTH = 19,
	STORE_NAME = 1046,
	STORE_LENGTH = 5
};

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

struct world {
	const char *name, *entry, *settings;
	const struct row *rows;
	size_t count;
	size_t bases; /* how many vectors of arguments to begin with */
	/* How many bytes a call with this result may have written. */
	size_t (*allowed)(const struct row *row, int64_t result);
	/* Calls before the tested one: function, arguments. */
	const char *setup[MAX_SETUP];
	int64_t arguments[MAX_SETUP][MAX_PARAMETERS];
};

#endif
