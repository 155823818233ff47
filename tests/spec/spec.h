/*
 * spec.h: a runner for the official test suite's scripts (JSON with one .wasm a module).
 *
 * Every module goes through sv_compile, a file descriptor and sv_artifact_load_fd, as any
 * artifact does; each function called is checked to be native code of a loaded artifact.
 */
#ifndef SELVAGE_TESTS_SPEC_H
#define SELVAGE_TESTS_SPEC_H

#include <jansson.h>

#include "compiler/compiler.h"
#include "runtime/selvage.h"

#define MAX_MODULES 1024

/* A module of the script. */
struct entry {
	const char *name; /* "$M", borrowed from the script; NULL: none */
	struct sv_artifact *artifact;
	struct sv_instance *instance;
};

struct counts {
	unsigned passed, failed, skipped;
};

/* One script being run. */
struct script {
	struct sv_engine *engine;
	struct sv_compile_options *options;
	const char *folder;
	const char *file;  /* "i32" */
	json_t *skips;     /* object: "file:line" -> reason */
	struct sv_store *store;
	struct sv_linker *linker;
	struct entry entries[MAX_MODULES];
	unsigned entry_count;
	struct entry definitions[MAX_MODULES]; /* module definitions: name and, as artifact, code */
	unsigned definition_count;
	struct counts counts;
	char why[512]; /* of the failure at hand */
	bool is_unsupported; /* an invalid module was refused for a feature that is not there */
};

/* ---- spectest.c ---- */

/* Define the module `spectest` that scripts import from. */
bool spectest_define(struct script *script, struct sv_error *error);

/* ---- values.c ---- */

/* The value that a JSON constant stands for; false if it is none of ours. */
bool value_parse(json_t *constant, union sv_value *value);

/* True if a value of the type with this letter is what the JSON constant expects. */
bool value_matches(json_t *expected, char letter, const union sv_value *value);

/* Text of a value, for messages. */
void value_print(char letter, const union sv_value *value, char *text, size_t size);

/* ---- script.c ---- */

/* Run all commands of a script. False if it cannot be run at all. */
bool script_run(struct script *script);

/* ---- action.c ---- */

struct action_result {
	enum sv_outcome outcome;
	char letters[64];          /* of the results */
	union sv_value values[32];
};

/* Carry out an invoke or get. False, with script->why, if there is nothing to carry out. */
bool action_run(struct script *script, json_t *action, struct action_result *result);

/* The module of this name, or the last one for NULL. */
struct entry *script_find(struct script *script, const char *name);

#endif
