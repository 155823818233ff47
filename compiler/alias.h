/*
 * alias.h: what a memory access may alias; one leaf of LLVM's type-based alias analysis each.
 */
#ifndef SELVAGE_COMPILER_ALIAS_H
#define SELVAGE_COMPILER_ALIAS_H

enum alias_class {
	ALIAS_CONTEXT, /* the head and the rows of the context: constant while the instance lives */
	ALIAS_GLOBAL,
	ALIAS_TABLE,
	ALIAS_SIZE, /* size of a memory */
	ALIAS_MEMORY,
	ALIAS_SHARED, /* shared memory: no other memory is the same bytes */
	ALIAS_EXCEPTION, /* an exception's tag and values */
	ALIAS_ROOT, /* the root stack */
	ALIAS_FUEL, /* the counter in the store's view */
	ALIAS_VIEW, /* what the instances of a store share */
	ALIAS_FIELD, /* fields of structs */
	ALIAS_ELEMENT, /* elements of arrays */
	ALIAS_PROFILE, /* counters of --profile-generate */
	ALIAS_COUNT
};

#endif
