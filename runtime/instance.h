/*
 * instance.h: one instantiation of an artifact in a store.
 */
#ifndef SELVAGE_RUNTIME_INSTANCE_H
#define SELVAGE_RUNTIME_INSTANCE_H

#include "base/arena.h"
#include "base/check.h"
#include "runtime/selvage.h"

struct defined_type;
struct host_row;

/* A function that can be referred to. Lives with the store of its instance. */
struct function {
	struct sv_funcref reference; /* first: what compiled code and embedders hold */
	struct sv_store *store;
	const struct defined_type *type;
	sv_entry_stub entry;
};

struct sv_instance {
	struct sv_store *store;
	struct sv_artifact *artifact;
	struct sv_instance *next;   /* in the store */
	struct sv_context *context; /* head and arrays, layout as in artifact->layout */
	/* By index in the module: imported, then own. */
	struct sv_memory **memories;
	struct sv_table_object **tables;
	struct sv_global **globals;
	struct sv_tag **tags;
	struct function **references;   /* by reference number */
	struct host_row *host_rows;     /* for imported functions that are the host's */
	bool *dropped_data;             /* by data segment */
	bool *dropped_elements;         /* by element segment */
	void **items; /* of element segments, if any expression is code; else NULL */
	struct sv_global_cell *pristine; /* all globals before the guest ran */
	uint64_t *counts; /* for a profile; NULL if code counts nothing */
	bool is_started; /* or has been: once only */
	/* Globals, tables and segments have all values that are computed: functions may run. */
	bool is_whole;
	bool is_failed;    /* handed out no more; tables of others may have functions of it */
	bool tables_ready; /* element segments are in the tables and nothing else is */
	bool is_segment_dropped; /* since segment_reset_dropped */
	struct arena arena; /* owns all of the above and this struct's arrays */
};

/*
 * Everything of instantiation that runs nothing of the guest: resolve imports, make memories,
 * tables and globals, wire the context. The instance is in the store's list afterwards.
 */
struct sv_instance *instance_prepare(struct sv_store *store, struct sv_artifact *artifact,
		const struct sv_linker *linker, struct sv_error *error);

/*
 * Values that are code, active segments in order, then the start function. If it fails, the
 * instance is not for the embedder any more.
 */
enum sv_outcome instance_start(struct sv_instance *instance, struct sv_error *error);

/* Back to the state after instance_prepare. Only if all its imports are host functions. */
SV_MUST_USE bool instance_reset(struct sv_instance *instance, struct sv_error *error);

/* True if its functions may be called; else why not in `error`. */
SV_MUST_USE bool instance_may_run(const struct sv_instance *instance, struct sv_error *error);

/* For the store only; memories, tables and the like are the store's. */
void instance_free(struct sv_instance *instance);

/* The instance's arrays in its context. */
struct sv_global_cell *instance_cells(const struct sv_instance *instance);

#endif
