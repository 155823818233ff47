/*
 * reference.h: may a reference from the host be given to a guest?
 */
#ifndef SELVAGE_RUNTIME_REFERENCE_H
#define SELVAGE_RUNTIME_REFERENCE_H

#include "runtime/selvage.h"
#include "runtime/type.h"

/* See enum propagation: may the host hand the reference to code of `into`? */
bool reference_may_enter(const struct sv_store *store, const struct sv_artifact *into,
		const struct value_type *type, const void *reference);

/*
 * True if `reference` is a value of the type in this store. Types that are no references fit
 * everything. Pointers to functions are trusted to have come from the
 * runtime; an object must be one that the guest has not lost yet. An externref may be any other
 * pointer or number: from the first one on it is settled where the heap is, so that none of them
 * can turn into an object later, and those that point to no object in there do not fit.
 */
bool reference_fits(struct sv_store *store, const struct value_type *type, const void *reference);

/* Why a reference of this type does not fit: ends a sentence about it; constant string. */
const char *reference_misfit(const struct value_type *type);

/*
 * A reference as it is in the other hierarchy: an externref as anyref, and back. Some are in an
 * object then, so garbage may be collected. False as heap_new_box is NULL.
 */
SV_MUST_USE bool reference_internalise(struct sv_store *store, void **reference);
SV_MUST_USE bool reference_externalise(struct sv_store *store, void **reference);

#endif
