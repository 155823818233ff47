/*
 * guest.h: one instance with WASI in a store of its own, and what becomes of calling it: for
 * commands that run a module once.
 */
#ifndef SELVAGE_CLI_GUEST_H
#define SELVAGE_CLI_GUEST_H

#include "cli/compile_flags.h"
#include "cli/grants.h"
#include "cli/options.h"
#include "cli/stub_imports.h"
#include "runtime/selvage.h"

struct wasi;

struct guest_options {
	struct compile_flags flags;
	struct option_list dirs;
	struct option_list envs;
	uint64_t timeout;    /* nanoseconds; 0: none */
	uint64_t max_memory; /* bytes; 0: the runtime's default */
	uint64_t max_stack;  /* bytes; 0: the runtime's default */
	uint64_t fuel;       /* units; FUEL_UNCOUNTED: none are counted */
	bool stub_imports;
};

#define FUEL_UNCOUNTED UINT64_MAX
#define GUEST_OPTIONS_INIT {.flags = COMPILE_FLAGS_INIT, .fuel = FUEL_UNCOUNTED}

/* Rows for an option table whose struct `type` has a struct guest_options `field`. */
#define GUEST_ROWS(type, field) \
	GRANT_ROWS_OF(type, field.dirs, field.envs), \
	{.name = "timeout", .kind = OPTION_DURATION, .offset = offsetof(type, field.timeout), \
			.argument = "DUR", \
			.help = "end the guest after so long: 500ms, 2s, 1m"}, \
	{.name = "max-memory", .kind = OPTION_SIZE, .offset = offsetof(type, field.max_memory), \
			.argument = "SIZE", \
			.help = "limit of all memories and objects together: 64MiB, 1G"}, \
	{.name = "max-stack", .kind = OPTION_SIZE, .offset = offsetof(type, field.max_stack), \
			.argument = "SIZE", \
			.help = "size of the guest's stack (default 1MiB)"}, \
	{.name = "fuel", .kind = OPTION_NUMBER, .offset = offsetof(type, field.fuel), \
			.argument = "N", .maximum = INT64_MAX, \
			.help = "end the guest after N operators (see compile --fuel)"}, \
	{.name = "stub-imports", .kind = OPTION_FLAG, \
			.offset = offsetof(type, field.stub_imports), \
			.help = "let missing functions trap when called, not at the start"}, \
	COMPILE_FLAG_ROWS(type, field.flags)

void guest_options_finish(struct guest_options *options);

/* Everything a run holds, in the order in which it is made. */
struct guest {
	const struct guest_options *options;
	const char *path;
	struct grants grants;
	struct sv_engine *engine;
	struct sv_artifact *artifact;
	const char **arguments; /* owned; what a WASI command sees as its argv */
	struct wasi *wasi;
	struct sv_store *store;
	struct stub_imports stubs;
	struct sv_linker *linker;
	bool has_exited; /* the last outcome that was reported is its own exit code */
};

/* What the guest's standard streams are. */
struct guest_view {
	char *const *arguments; /* [0] is the file; the guest sees the last part of its name */
	size_t argument_count;
	int streams[3]; /* host descriptors, borrowed */
};

/*
 * Open grants, engine and module; link. `options` and `view` outlive the guest, which is to be
 * finished in any case. False with `error`, whose text begins with the file where it is at fault.
 */
SV_MUST_USE bool guest_open(struct guest *guest, const struct guest_options *options,
		const struct guest_view *view, struct sv_error *error);

/* End the store with its instances, if it is there: nothing of the guest runs any more. */
void guest_stop(struct guest *guest);

void guest_finish(struct guest *guest);

/* Instantiate; the time that is allowed begins now. NULL: exit with `*code`, all is reported. */
struct sv_instance *guest_start(struct guest *guest, int *code);

/* The exit code that tells of an outcome, after reporting what there is to say. */
int guest_report(struct guest *guest, enum sv_outcome outcome, const struct sv_error *error);

/* Call a function that takes and gives nothing, such as _start: its exit code. */
int guest_call_plain(struct guest *guest, struct sv_funcref *function, const char *name);

#endif
