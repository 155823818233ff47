/*
 * subject.h: what is measured: a module, linked with what `selvage run` gives it, and one call.
 *
 * The call is --invoke with its arguments, else of the first export without parameters whose
 * name does not begin with '_', else of `_start` or `_initialize`. A module that exports
 * `_initialize` has that called first by whoever starts an instance.
 */
#ifndef SELVAGE_CLI_BENCH_SUBJECT_H
#define SELVAGE_CLI_BENCH_SUBJECT_H

#include "abi/layout.h"
#include "abi/limits.h"
#include "cli/bench/bench.h"
#include "cli/stub_imports.h"
#include "runtime/selvage_serve.h"

struct wasi;

struct subject {
	const struct bench_options *options;
	const char *path;
	char *const *arguments; /* behind the file */
	int argument_count;
	struct sv_engine *engine;
	struct sv_artifact *artifact;
	struct stub_imports stubs;
	struct sv_linker *linker;
	struct sv_store_limits limits;
	const char *export; /* owned; name of the function that is called */
	bool initialize;      /* `_initialize` is called first */
	bool uses_wasi;
	bool suspends; /* imports that nobody defines suspend the guest; set before subject_init */
	char signature[2 * SV_MAX_PARAMETERS + 2];
	union sv_value *values; /* owned; the arguments */
	size_t value_count;
	const char **wasi_arguments; /* owned; argv of the guest */
	uint64_t call_time;   /* of the first call, with everything before it; nanoseconds */
	uint64_t suspensions; /* during the first call */
	uint64_t dirty_pages; /* that the first call wrote to in linear memories */
	int exit_code;         /* of a process that does the same */
	uint64_t memory_bytes; /* of all linear memories after it */
};

/*
 * Open and link the module at `path` and try the call once: it returns or exits, within the
 * time limit. False with `error` otherwise; finish it in any case. The calling thread has
 * entered the engine afterwards.
 */
SV_MUST_USE bool subject_init(struct subject *subject, const struct bench_options *options,
		const char *path, struct sv_error *error);

void subject_finish(struct subject *subject);

/* An engine as the options want it, entered by this thread. */
struct sv_engine *subject_engine(const struct bench_options *options, struct sv_error *error);

/* A linker with all that the module imports; NULL with `error` on failure. */
struct sv_linker *subject_link(struct subject *subject, struct sv_engine *engine,
		struct sv_artifact *artifact, struct stub_imports *stubs, struct sv_error *error);

/* What a guest of one thread sees as the system: no input, output that goes nowhere. */
struct wasi *subject_wasi_new(const struct subject *subject, struct sv_error *error);

/* Ready it for the next guest, if guests may have changed it. */
SV_MUST_USE bool subject_wasi_reset(const struct subject *subject, struct wasi *wasi,
		struct sv_error *error);

/* False with `error` if a guest did not end as it should. */
SV_MUST_USE bool subject_ended(struct sv_store *store, enum sv_outcome outcome,
		struct sv_error *error);

/* An instance in `store`; NULL with `error`, also if its start function fails. */
struct sv_instance *subject_instantiate(struct sv_store *store, struct sv_artifact *artifact,
		struct sv_linker *linker, struct sv_error *error);

/* Run `_initialize` if there is one; all else of the start is over. */
SV_MUST_USE bool subject_initialize(const struct subject *subject, struct sv_store *store,
		struct sv_instance *instance, struct sv_error *error);

/* The call until it ends or, if the subject suspends, until the guest waits. */
enum sv_outcome subject_begin(const struct subject *subject, struct sv_store *store,
		struct sv_instance *instance, union sv_value *values, struct sv_error *error);

/* Go on, with zeros and nulls as results, until the guest ends or waits again. */
enum sv_outcome subject_resume(struct sv_store *store, struct sv_error *error);

/* The call, found by name. `values` is the thread's room for subject->value_count values. */
SV_MUST_USE bool subject_call(const struct subject *subject, struct sv_store *store,
		struct sv_instance *instance, union sv_value *values, struct sv_error *error);

#endif
