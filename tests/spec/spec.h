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

/* Most parameters or results of a function: the limit of the compiler. */
#define MAX_VALUES 1000

/* A module of the script; it stays when instantiation fails, for its code may be referred to. */
struct entry {
	const char *name;             /* "$M", borrowed from the script; NULL: none */
	struct sv_artifact *artifact; /* owned, except in instances of a definition */
	struct sv_instance *instance; /* NULL: a definition, or instantiation failed */
};

struct entries {
	struct entry *items;
	size_t count;
};

/* What a script has come to; in shared memory where a script has a process of its own. */
struct progress {
	unsigned passed, failed, skipped;
	unsigned text;  /* of the skipped: modules in text, which test a text parser */
	unsigned calls; /* of functions found to be native code */
	long line;      /* of the command being run */
	bool is_finished;
};

/* One script being run. */
struct script {
	struct sv_engine *engine;
	const struct sv_compile_options *options;
	const char *suite; /* path of the folder's parent */
	const char *name;  /* "core/i32" */
	json_t *skips;     /* object: "core/i32:line" -> reason */
	struct progress *progress;
	struct sv_store *store;
	struct sv_linker *linker;
	struct entries modules;     /* in the order of the script */
	struct entries definitions; /* `module definition` and what is only linked or refused */
	char why[512];              /* why the last command failed */
};

/* What scripts are run with. */
struct plan {
	struct sv_compile_options options;
	const char *suite;
	json_t *skips;
	unsigned jobs;
};

/* ---- script.c ---- */

/* Run all commands of a script, in an engine of its own; prints a line for each that fails. */
void script_run(const struct plan *plan, const char *name, struct progress *progress);

/* ---- every.c ---- */

/*
 * Run the scripts whose names are the lines of `list` in each mode, each in a process of its own,
 * and print the sums. False if anything failed.
 */
bool every_run(const struct plan *plan, FILE *list);

/* ---- module.c ---- */

/* Read the .wasm file of a command. */
bool command_bytes(struct script *script, json_t *command, struct buffer *bytes);

/* Compile and load the module of a command; it is kept until the script ends. NULL on failure. */
struct sv_artifact *command_compile(struct script *script, json_t *command,
		struct sv_error *error);

/* Instantiate it and make it the last module of the script. */
bool module_instantiate(struct script *script, struct sv_artifact *artifact, const char *name,
		enum sv_outcome *outcome, struct sv_error *error);

/* Add to the modules or definitions. */
void entries_add(struct entries *entries, struct entry entry);

/* The entry of this name, or the last one for NULL; NULL if there is none. */
struct entry *entries_find(const struct entries *entries, const char *name);

/* ---- spectest.c ---- */

/* Define the module "spectest" that scripts import from. */
bool spectest_define(struct script *script, struct sv_error *error);

/* ---- values.c ---- */

/* True for a reference of the host that is to be an anyref; value_parse gives it as externref. */
bool value_is_host_reference(json_t *constant);

/* The value that a JSON constant stands for; false if it is none of ours. */
bool value_parse(json_t *constant, union sv_value *value);

/* True if a value of the type with this letter is what the JSON constant expects. */
bool value_matches(json_t *expected, char letter, const union sv_value *value);

/* False for a reference that is not of the type the constant names, such as "structref". */
bool value_is_of_kind(struct sv_store *store, json_t *expected, const void *reference);

/* Text of a value, for messages. */
void value_print(char letter, const union sv_value *value, char *text, size_t size);

/* Letter of a type in signatures. */
char value_letter(enum sv_type type);

/* ---- action.c ---- */

struct action_result {
	enum sv_outcome outcome;
	char letters[MAX_VALUES + 1]; /* of the results */
	union sv_value values[MAX_VALUES];
};

/* Carry out an invoke or get. False, with script->why, if there is nothing to carry out. */
bool action_run(struct script *script, json_t *action, struct action_result *result);

#endif
