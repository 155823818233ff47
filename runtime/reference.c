/*
 * reference.c: references at the border between host and guest, and between hierarchies.
 */
#include "runtime/reference.h"

#include "abi/heap.h"
#include "runtime/heap.h"
#include "runtime/instance.h"
#include "runtime/artifact.h"
#include "runtime/store.h"

static bool function_fits(const struct sv_store *store, const struct value_type *type,
		const struct function *function)
{
	const struct value_type own = {.type = sv_ref(SV_HEAP_DEFINED), .defined = function->type};
	return function->store == store && value_type_matches(&own, type);
}

static bool is_i31(const void *reference)
{
	uintptr_t bits = (uintptr_t)reference;
	return bits & 1 && bits <= UINT32_MAX;
}

/* What an object is, by the hierarchy it is in and where in there. */
static struct value_type object_value_type(const struct sv_object *object)
{
	struct value_type type = {.type = sv_ref(SV_HEAP_DEFINED)};
	enum heap_box box = heap_box_kind(object);
	if (box != HEAP_NO_BOX)
		type.type = sv_ref(box == HEAP_HOST_BOX ? SV_HEAP_ANY : SV_HEAP_EXTERN);
	else if (object->type->kind == SV_KIND_FUNCTION)
		type.type = sv_ref(SV_HEAP_EXN);
	else
		type.defined = (const struct defined_type *)object->type;
	return type;
}

static bool object_fits(const struct sv_store *store, const struct value_type *type,
		const void *reference)
{
	if (!heap_holds(store, reference))
		return false;
	const struct value_type own = object_value_type(reference);
	return value_type_matches(&own, type);
}

static uint32_t value_type_hierarchy(const struct value_type *type)
{
	return sv_heap_top(type->defined
			? sv_heap_of_kind((enum sv_type_kind)type->defined->info.kind)
			: sv_type_heap(type->type));
}

/* A pointer of the host; or an object as the guest sent it out. */
static bool extern_fits(struct sv_store *store, const void *reference)
{
	const struct sv_object *object = reference;
	if (!space_may_reserve(reference))
		return true;
	if (!heap_keep_off(store, reference))
		return false;
	if (!store->heap || !space_reserves(&store->heap->space, reference))
		return true;
	return heap_holds(store, reference) && object->type->kind != SV_KIND_FUNCTION &&
			heap_box_kind(object) != HEAP_HOST_BOX;
}

bool reference_fits(struct sv_store *store, const struct value_type *type,
		const void *reference)
{
	if (!sv_type_is_reference(type->type))
		return true;
	if (!reference)
		return sv_type_is_nullable(type->type);
	uint32_t heap = type->defined ? sv_heap_of_kind((enum sv_type_kind)type->defined->info.kind)
				      : sv_type_heap(type->type);
	if (sv_heap_top(heap) == SV_HEAP_FUNC)
		return function_fits(store, type, reference);
	if (sv_heap_top(heap) == SV_HEAP_EXTERN)
		return !sv_heap_is_least(heap) && extern_fits(store, reference);
	if (is_i31(reference) && sv_heap_top(heap) == SV_HEAP_ANY)
		return !type->defined && sv_heap_matches(SV_HEAP_I31, heap);
	return object_fits(store, type, reference);
}

const char *reference_misfit(const struct value_type *type)
{
	if (value_type_hierarchy(type) != SV_HEAP_EXTERN)
		return "is a reference of another store or type";
	return "is an externref that points into the space of the store's objects but to none of "
	       "them, or that space cannot be had";
}

/*
 * In a store where some code looks for exceptions and some does not, functions stay with
 * their kind, unless they can be given no reference; and objects, which may hold functions,
 * stay where they are.
 */
bool reference_may_enter(const struct sv_store *store, const struct sv_artifact *into,
		const struct value_type *type, const void *reference)
{
	const uint32_t mixed = 1u << PROPAGATION_NO | 1u << PROPAGATION_YES;
	if (store->propagations != mixed || !reference || !sv_type_is_reference(type->type))
		return true;
	if (value_type_hierarchy(type) != SV_HEAP_FUNC)
		return !heap_holds(store, reference);
	const struct function *function = reference;
	const struct sv_instance *owner = function->reference.owner;
	if (!owner || artifact_propagates(owner->artifact) == artifact_propagates(into))
		return true;
	return artifact_propagates(into) && !function->type->has_references;
}

/* ---- between the hierarchies ---- */

static bool reference_box(struct sv_store *store, enum heap_box kind, void **reference)
{
	void *box = heap_new_box(store, kind, *reference);
	if (!box)
		return false;
	*reference = box;
	return true;
}

bool reference_internalise(struct sv_store *store, void **reference)
{
	if (!*reference)
		return true;
	/* What is no object of the heap is a pointer of the host, of any value. */
	if (!heap_holds(store, *reference))
		return reference_box(store, HEAP_HOST_BOX, reference);
	if (heap_box_kind(*reference) == HEAP_I31_BOX)
		*reference = heap_box_payload(*reference);
	return true;
}

bool reference_externalise(struct sv_store *store, void **reference)
{
	if (!*reference)
		return true;
	if (is_i31(*reference))
		return reference_box(store, HEAP_I31_BOX, reference);
	if (heap_box_kind(*reference) == HEAP_HOST_BOX)
		*reference = heap_box_payload(*reference);
	return true;
}

static bool reference_no_room(struct sv_error *error)
{
	return sv_fail(error, SV_ERROR_LIMIT,
			"no room for an object that stands for the reference: the store's limit "
			"max_memory, or address space");
}

bool sv_reference_internalise(struct sv_store *store, void **reference, struct sv_error *error)
{
	const struct value_type type = {.type = SV_TYPE_EXTERNREF};
	if (!reference_fits(store, &type, *reference))
		return sv_fail(error, SV_ERROR_USAGE, "the reference %s", reference_misfit(&type));
	return reference_internalise(store, reference) || reference_no_room(error);
}

bool sv_reference_externalise(struct sv_store *store, void **reference, struct sv_error *error)
{
	return reference_externalise(store, reference) || reference_no_room(error);
}
