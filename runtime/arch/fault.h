/*
 * fault.h: what a signal handler must know about the CPU. One implementation per CPU.
 */
#ifndef SELVAGE_RUNTIME_ARCH_FAULT_H
#define SELVAGE_RUNTIME_ARCH_FAULT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/layout.h"
#include "runtime/arch/switch.h"

struct fault_place {
	uintptr_t pc, sp;
	struct guest_frame *frame; /* frame pointer: may point anywhere */
	bool is_write; /* of a SIGSEGV: it was a write that faulted */
};

/* Registers of the interrupted code, from the third argument of a handler. async-signal-safe */
struct fault_place fault_place(const void *ucontext);

/*
 * Trap number in the trap instruction at `pc`, which must be readable for the length of an
 * instruction; SV_TRAP_NONE if it is something else. async-signal-safe
 */
enum sv_trap fault_trap_number(uintptr_t pc);

/*
 * True for the trap instruction of the function that compares the stack for large frames; the
 * stack pointer is at its return address, into the function that wanted the frame.
 * async-signal-safe
 */
bool fault_is_in_probe(uintptr_t pc);

/*
 * Bytes that fault_frame_save needs at most; the place is aligned to 64 bytes.
 */
size_t fault_frame_room(void);

/*
 * Keep all registers of the interrupted code in `frame`, which has `room` bytes, for
 * switch_resume_frame. How many bytes it took; 0 if they do not fit. async-signal-safe
 */
size_t fault_frame_save(void *frame, size_t room, const void *ucontext);

/* Have the thread that resumes it keep its own signal stack and mask. */
void fault_frame_adopt(void *frame, const stack_t *signal_stack, const sigset_t *mask);

/*
 * Address that the interrupted function will return to if `frame` is not yet (or no longer)
 * its own frame; 0 if it is. `start` is the function's first instruction.
 */
uintptr_t fault_missing_return(const struct fault_place *place, uintptr_t start);

#endif
