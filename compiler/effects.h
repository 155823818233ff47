/*
 * effects.h: what calling a function may do besides computing its results, so that code pays
 * only for what can happen: a look for an exception, references in the sight of the collector.
 */
#ifndef SELVAGE_COMPILER_EFFECTS_H
#define SELVAGE_COMPILER_EFFECTS_H

#include "compiler/module.h"

enum effect {
	EFFECT_THROWS = 1,   /* an exception may leave it */
	EFFECT_COLLECTS = 2, /* garbage may be collected while it runs */
	EFFECT_HANDLES = 4,  /* it uses exceptions; not passed on to callers */
};

struct effects {
	uint8_t *functions; /* owned; by function index, bits of enum effect */
	bool *written_tables; /* owned; by table index: some operator changes the table */
	/* The module throws or catches, or was asked to let exceptions of others through. */
	bool propagates;
	/* The module can hold references to objects; without them nothing is rooted. */
	bool has_objects;
};

/* Find the effects of all functions. `propagates`: exceptions may come from other modules. */
SV_MUST_USE bool effects_find(struct effects *effects, const struct module *module, bool propagates,
		struct sv_error *error);
void effects_finish(struct effects *effects);

/* True for references that the collector must see: all but those to functions. */
bool type_is_object(const struct module *module, enum sv_type type);

#endif
