/*
 * backtrace.c: frames of a guest that was left. Everything on the guest's stack is taken for
 * what it claims only after a look at where it points.
 */
#include "runtime/backtrace.h"

#include "runtime/artifact.h"
#include "runtime/call.h"
#include "runtime/instance.h"
#include "runtime/symbols.h"

static void trace_add(struct sv_store *store, uintptr_t pc)
{
	struct guest_trace *trace = &store->trace;
	if (!store_instance_at(store, pc))
		return;
	if (trace->count == STORE_TRACE_MAX)
		trace->is_cut = true;
	else
		trace->pcs[trace->count++] = pc;
}

/* A return address is behind its call, possibly behind the end of the function. */
static void trace_add_call(struct sv_store *store, uintptr_t return_address)
{
	trace_add(store, return_address - 1);
}

/* Follow frame pointers up; the outermost frame of an activation has none. */
static void trace_frames(struct sv_store *store, const struct guest_frame *frame)
{
	while (!store->trace.is_cut && (uintptr_t)frame % sizeof(uintptr_t) == 0 &&
			stack_holds(&store->stack, (uintptr_t)frame, sizeof *frame)) {
		trace_add_call(store, frame->return_address);
		if (frame->caller <= frame)
			return;
		frame = frame->caller;
	}
}

/* In a function's first and last instructions the frame pointer is still its caller's. */
static void trace_fault(struct sv_store *store, const struct fault_place *fault)
{
	trace_add(store, fault->pc);
	const struct sv_instance *instance = store_instance_at(store, fault->pc);
	if (!instance || !stack_holds(&store->stack, fault->sp, 2 * sizeof(uintptr_t)))
		return;
	uintptr_t start = symbols_start(instance->artifact, fault->pc);
	uintptr_t missing = fault_missing_return(fault, start);
	if (missing)
		trace_add_call(store, missing);
}

void backtrace_walk(struct sv_store *store)
{
	struct guest_trace *trace = &store->trace;
	trace->count = 0;
	if (trace->is_call)
		trace_add_call(store, trace->fault.pc);
	else
		trace_fault(store, &trace->fault);
	trace_frames(store, trace->fault.frame);
	for (const struct activation *at = store->activation; at && at->outer; at = at->outer) {
		const struct guest_frame *stub = at->outer_guest_frame;
		trace_add_call(store, stub->return_address);
		trace_frames(store, stub->caller);
	}
}

static const char *file_of_path(const char *path)
{
	const char *slash = path;
	for (const char *at = path; *at; at++) {
		if (*at == '/')
			slash = at + 1;
	}
	return slash;
}

static void frame_fill(struct sv_frame *frame, const struct sv_artifact *artifact,
		const struct symbol *symbol)
{
	struct sv_name name = artifact_functions(artifact)[symbol->function].name;
	struct sv_name module = artifact->header->module_name;
	*frame = (struct sv_frame){.function = symbol->function,
			.wasm_offset = symbol->wasm_offset,
			.code_offset = symbol->code_offset,
			.name = artifact_string(artifact, name),
			.name_length = name.length,
			.module = artifact_string(artifact, module),
			.module_length = module.length,
			.source = symbol->source,
			.source_line = symbol->line,
			.source_column = symbol->column};
	if (module.length)
		return;
	frame->module = file_of_path(artifact->name);
	for (frame->module_length = 0; frame->module[frame->module_length];)
		frame->module_length++;
}

void backtrace_name(struct sv_store *store)
{
	struct guest_trace *trace = &store->trace;
	struct sv_trap_info *trap = &store->trap;
	trap->frame_count = 0;
	trap->more_frames = trace->is_cut;
	trace->is_named = true;
	for (uint32_t i = 0; i < trace->count; i++) {
		struct symbol symbols[SV_MAX_FRAMES];
		struct sv_artifact *artifact = store_instance_at(store, trace->pcs[i])->artifact;
		uint32_t found = symbols_find(artifact, trace->pcs[i], symbols, SV_MAX_FRAMES);
		for (uint32_t s = 0; s < found; s++) {
			if (trap->frame_count == SV_MAX_FRAMES) {
				trap->more_frames = true;
				return;
			}
			frame_fill(&trap->frames[trap->frame_count++], artifact, &symbols[s]);
		}
	}
}
