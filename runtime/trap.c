/*
 * trap.c: record why a guest is left, and leave it. What runs in signal handlers here
 * allocates nothing and takes no lock.
 */
#include "runtime/trap.h"

#include <signal.h>
#include <string.h>

#include "runtime/call.h"
#include "runtime/instance.h"
#include "runtime/memory.h"
#include "runtime/thread.h"

const char trap_refused_text[] =
		"memory limit reached: the system lets no more pages be written "
		"(see vm.overcommit_memory)";

const char *sv_trap_text(enum sv_trap kind)
{
	switch (kind) {
#define SV_TRAP_KIND(number, name, text) \
	case SV_TRAP_##name: \
		return text;
#include "abi/traps.def"
#undef SV_TRAP_KIND
	default:
		return "unknown trap";
	}
}

/* async-signal-safe */
static enum sv_outcome trap_outcome(enum sv_trap kind)
{
	return kind == SV_TRAP_DEADLINE || kind == SV_TRAP_CPU_TIME ? SV_TIMED_OUT : SV_TRAPPED;
}

/* async-signal-safe */
static void trap_describe(struct sv_store *store, enum sv_trap kind, const char *text)
{
	struct sv_trap_info *trap = &store->trap;
	size_t length = strlen(text);
	if (length >= sizeof trap->text)
		length = sizeof trap->text - 1;
	memcpy(trap->text, text, length);
	trap->text[length] = '\0';
	trap->kind = kind;
	trap->has_address = false;
	trap->frame_count = 0;
	trap->more_frames = false;
	store->trace.count = 0;
	store->trace.is_cut = false;
	store->trace.is_named = false;
	store->is_trapped = true;
}

/* async-signal-safe */
enum sv_outcome trap_record(struct sv_store *store, enum sv_trap kind,
		const struct fault_place *place)
{
	trap_describe(store, kind, sv_trap_text(kind));
	store->trace.fault = *place;
	store->trace.is_call = false;
	return trap_outcome(kind);
}

void trap_record_outside(struct sv_store *store, enum sv_trap kind)
{
	trap_describe(store, kind, sv_trap_text(kind));
}

/* The place of the call through a stub of the switch. */
static void trap_record_call(struct sv_store *store, enum sv_trap kind, const char *text)
{
	const struct guest_frame *stub = store->state.guest_frame;
	trap_describe(store, kind, text);
	store->trace.fault = (struct fault_place){
			.pc = stub->return_address, .sp = (uintptr_t)stub, .frame = stub->caller};
	store->trace.is_call = true;
}

void trap_raise(struct sv_store *store, enum sv_trap kind, const char *text)
{
	trap_record_call(store, kind, text ? text : sv_trap_text(kind));
	switch_leave(store->state.host_sp, trap_outcome(kind));
}

void trap_exit(struct sv_store *store, int32_t code)
{
	store->exit_code = code;
	switch_leave(store->state.host_sp, SV_EXITED);
}

void trap_leave_pending(struct sv_store *store)
{
	trap_raise(store, trap_pending(store), NULL);
}

/* async-signal-safe */
static enum fault_class trap_at_address(struct sv_store *store, int signal, uintptr_t address,
		const struct fault_place *place)
{
	const struct sv_memory *memory = store_memory_at(store, address);
	if (!memory)
		return FAULT_BUG;
	uint64_t guest_address = address - (uintptr_t)memory_base(memory);
	bool is_inside = guest_address < backing_size(memory->backing);
	/* A page of the image that its file no longer has is nobody's access out of bounds. */
	if (signal == SIGBUS && is_inside) {
		trap_record(store, SV_TRAP_HOST, place);
		trap_describe(store, SV_TRAP_HOST, "the artifact's file was cut while in use");
		return FAULT_TRAP;
	}
	if (is_inside && place->is_write && memory->backing->resident &&
			memory->backing->resident->is_refused) {
		trap_record(store, SV_TRAP_MEMORY_LIMIT, place);
		trap_describe(store, SV_TRAP_MEMORY_LIMIT, trap_refused_text);
		return FAULT_TRAP;
	}
	/* Another thread may have let a shared memory grow since. */
	if (signal == SIGBUS || (is_inside && !memory->shared))
		return FAULT_BUG;
	trap_record(store, SV_TRAP_MEMORY_BOUNDS, place);
	store->trap.has_address = true;
	store->trap.address = guest_address;
	return FAULT_TRAP;
}

bool trap_is_closed_page(struct sv_store *store, const struct fault_place *place, uintptr_t address)
{
	if (stack_deepen(&store->stack, address))
		return true;
	/* A host function of an outer store may have been passed a pointer. */
	while (store && place->is_write) {
		const struct sv_memory *memory = store_memory_at(store, address);
		if (memory)
			return resident_fault(memory->backing,
					address - (uintptr_t)memory_base(memory));
		store = store->activation ? store->activation->outer_store : NULL;
	}
	return false;
}

/* async-signal-safe */
static enum fault_class trap_stack(struct sv_store *store, const struct fault_place *place,
		bool in_probe)
{
	trap_record(store, SV_TRAP_STACK, place);
	if (in_probe) {
		/* Of a stub or a large frame: the stack pointer is at its return address. */
		store->trace.fault.pc = *(const uintptr_t *)place->sp;
		store->trace.is_call = true;
	}
	return FAULT_TRAP;
}

enum fault_class trap_classify(struct sv_store *store, int signal, const void *info,
		const struct fault_place *place)
{
	const siginfo_t *details = info;
	bool in_guest = store_instance_at(store, place->pc) != NULL;
	bool in_stub = place->pc >= (uintptr_t)switch_stubs_start &&
			place->pc < (uintptr_t)switch_stubs_end;
	/* Codes up to 0 are of kill and the like: no fault, wherever it arrived. */
	if (details->si_code <= 0 || (!in_guest && !in_stub))
		return FAULT_FOREIGN;
	if (signal == SIGILL) {
		enum sv_trap kind = in_guest ? fault_trap_number(place->pc) : SV_TRAP_NONE;
		if (kind == SV_TRAP_NONE)
			return FAULT_BUG;
		if (fault_is_in_probe(place->pc))
			return trap_stack(store, place, true);
		trap_record(store, kind, place);
		return FAULT_TRAP;
	}
	if (signal != SIGSEGV && signal != SIGBUS)
		return FAULT_BUG;
	uintptr_t address = (uintptr_t)details->si_addr;
	if (stack_guard_holds(&store->stack, address))
		return trap_stack(store, place, in_stub);
	return in_guest ? trap_at_address(store, signal, address, place) : FAULT_BUG;
}
