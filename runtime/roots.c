/*
 * roots.c: what of a store holds references to objects: the root stack, globals, tables,
 * element segments, the exception that is being thrown.
 */
#include "runtime/roots.h"

#include "runtime/artifact.h"
#include "runtime/global.h"
#include "runtime/instance.h"
#include "runtime/store.h"
#include "runtime/table.h"

struct root_visit {
	void (*visit)(void *data, void *reference);
	void *data;
	uint64_t count;
};

static void visit_all(struct root_visit *to, void *const *references, uint64_t count)
{
	to->count += count;
	for (uint64_t i = 0; i < count; i++)
		to->visit(to->data, references[i]);
}

static void visit_global(struct root_visit *to, const struct sv_global *global)
{
	to->count++;
	if (value_type_is_traced(&global->type))
		to->visit(to->data, global_cell_get(global->cell, global->type.type).ref);
}

/* Imported globals and all tables are visited where they are made. */
static void visit_instance(struct root_visit *to, const struct sv_instance *instance)
{
	const struct sv_artifact_header *header = instance->artifact->header;
	for (uint32_t i = header->imported_globals; i < header->globals.count; i++)
		visit_global(to, instance->globals[i]);
	if (instance->items)
		visit_all(to, instance->items, header->items.count);
}

uint64_t roots_visit(const struct sv_store *store, void (*visit)(void *data, void *reference),
		void *data)
{
	struct root_visit to = {visit, data, 1};
	visit(data, store->view.exception);
	visit_all(&to, store->root_stack.start, store_roots_used(store));
	for (const struct sv_instance *at = store->instances; at; at = at->next)
		visit_instance(&to, at);
	for (const struct sv_global *at = store->globals; at; at = at->next)
		visit_global(&to, at);
	for (const struct sv_table_object *at = store->tables; at; at = at->next) {
		if (!table_is_of_functions(at))
			visit_all(&to, at->view.entries, at->view.size);
	}
	return to.count;
}
