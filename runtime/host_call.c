/*
 * host_call.c: run host functions, and what they may ask about their caller.
 */
#include "runtime/host_call.h"

#include <stdarg.h>
#include <stdio.h>

#include "runtime/instance.h"
#include "runtime/memory.h"
#include "runtime/reference.h"
#include "runtime/trap.h"
#include "runtime/type.h"

/* One call; on the host's stack. */
struct sv_caller {
	const struct host_row *row;
	enum sv_trap trap;
	int32_t exit_code;
	char text[sizeof((struct sv_trap_info *)0)->text]; /* empty: that of the kind */
};

SV_NORETURN static void host_call_misfit(const struct host_row *row, const struct value_type *type)
{
	char text[sizeof((struct sv_trap_info *)0)->text];
	snprintf(text, sizeof text, "what a host function returned %s", reference_misfit(type));
	trap_raise(row->head.store, SV_TRAP_HOST, text);
}

/* What a guest may rely on of a reference is not left to the host. */
static void host_call_check_results(const struct host_row *row, const union sv_value *values)
{
	const struct value_type *results = row->type->values + row->type->parameter_count;
	for (uint32_t i = 0; i < row->type->result_count; i++) {
		if (!reference_may_enter(row->head.store, row->instance->artifact, &results[i],
				    values[i].ref))
			trap_raise(row->head.store, SV_TRAP_HOST,
					"a host function returned a reference of code that may "
					"throw to "
					"code without --propagate-exceptions, or the reverse");
		if (!reference_fits(row->head.store, &results[i], values[i].ref))
			host_call_misfit(row, &results[i]);
	}
}

/*
 * The caller's frame has only what it needs after the call; the host may use its arguments
 * until it returns, guests that it calls meanwhile may collect.
 */
static void host_call_hold_arguments(const struct host_row *row, const union sv_value *values)
{
	struct sv_store_view *view = &row->head.store->view;
	/* Without a root stack there is no code that makes objects. */
	if (row->type->traced_count == 0 || !view->roots)
		return;
	if ((size_t)(view->roots_limit - view->roots) < row->type->traced_count)
		trap_raise(row->head.store, SV_TRAP_STACK, NULL);
	for (uint32_t i = 0; i < row->type->parameter_count; i++) {
		if (value_type_is_traced(&row->type->values[i]))
			*view->roots++ = values[i].ref;
	}
}

void host_call_run(struct host_row *row, union sv_value *values)
{
	size_t roots = store_roots_used(row->head.store);
	host_call_hold_arguments(row, values);
	struct sv_caller caller;
	caller.row = row;
	caller.trap = SV_TRAP_HOST;
	caller.exit_code = 0;
	caller.text[0] = '\0';
	switch (row->function(&caller, values)) {
	case SV_HOST_OK:
		store_set_roots_used(row->head.store, roots);
		if (row->type->has_references)
			host_call_check_results(row, values);
		return;
	case SV_HOST_SUSPEND:
		suspend_in_host(row->head.store, row, values, roots);
		return;
	case SV_HOST_EXIT:
		trap_exit(row->head.store, caller.exit_code);
	case SV_HOST_TRAP:
		break;
	}
	trap_raise(row->head.store, caller.trap, caller.text[0] ? caller.text : NULL);
}

void *sv_caller_data(struct sv_caller *caller)
{
	return caller->row->data;
}

struct sv_store *sv_caller_store(struct sv_caller *caller)
{
	return caller->row->head.store;
}

struct sv_instance *sv_caller_instance(struct sv_caller *caller)
{
	return caller->row->instance;
}

const void *sv_caller_view(struct sv_caller *caller, uint64_t guest_address, uint64_t length)
{
	const struct sv_memory *memory = sv_instance_memory(caller->row->instance, 0);
	if (!memory || !memory_holds(memory, guest_address, length))
		return NULL;
	return memory_base(memory) + guest_address;
}

void *sv_caller_range(struct sv_caller *caller, uint64_t guest_address, uint64_t length)
{
	struct sv_memory *memory = sv_instance_memory(caller->row->instance, 0);
	return memory ? sv_memory_range(memory, guest_address, length) : NULL;
}

void sv_caller_set_trap(struct sv_caller *caller, enum sv_trap kind, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(caller->text, sizeof caller->text, format, arguments);
	va_end(arguments);
	caller->trap = kind;
}

void sv_caller_set_exit(struct sv_caller *caller, int32_t code)
{
	caller->exit_code = code;
}
