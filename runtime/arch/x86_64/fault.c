/*
 * fault.c: x86-64: registers in a signal frame, and the trap instruction.
 */
#include "runtime/arch/fault.h"

#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>
#include <ucontext.h>

#include "base/check.h"
#include "runtime/arch/switch_layout.h"

/* Error code of a page fault (Intel SDM 3A, 4.7). */
static const greg_t page_fault_write = 2;

struct fault_place fault_place(const void *ucontext)
{
	const greg_t *registers = ((const ucontext_t *)ucontext)->uc_mcontext.gregs;
	return (struct fault_place){
			.pc = (uintptr_t)registers[REG_RIP],
			.sp = (uintptr_t)registers[REG_RSP],
			.frame = (struct guest_frame *)registers[REG_RBP],
			.is_write = (registers[REG_ERR] & page_fault_write) != 0,
	};
}

/*
 * llvm.ubsantrap(n) is `ud1l n(%eax), %eax`: address-size prefix, 0f b9, ModRM, n. That of the
 * probe for large frames has %ecx in the ModRM.
 */
static const uint8_t modrm_inline = 0x40, modrm_probe = 0x48;

static bool fault_is_trap(const uint8_t *code, uint8_t modrm)
{
	return code[0] == 0x67 && code[1] == 0x0f && code[2] == 0xb9 && code[3] == modrm;
}

bool fault_is_in_probe(uintptr_t pc)
{
	return fault_is_trap((const uint8_t *)pc, modrm_probe);
}

/*
 * What the kernel reads of a ucontext: its signal mask is 8 bytes, the last of them. The vector
 * registers are elsewhere, behind a pointer (arch/x86/include/uapi/asm/sigcontext.h).
 */
enum { KERNEL_CONTEXT = offsetof(ucontext_t, uc_sigmask) + 8, LEGACY_FLOATS = 512 };

static const uint32_t extended_magic = 0x46505853; /* FP_XSTATE_MAGIC1 */

_Static_assert(KERNEL_CONTEXT <= SWITCH_FRAME_FLOATS, "the floats are behind the context");
_Static_assert(offsetof(ucontext_t, uc_mcontext.fpregs) == SWITCH_FRAME_FLOATS_POINTER, "fpregs");

/* Bytes of vector registers: in the part of the legacy area that is reserved for software. */
static size_t fault_floats_size(const void *floats)
{
	struct {
		uint32_t magic, size;
	} reserved;
	memcpy(&reserved, (const char *)floats + 464, sizeof reserved);
	return reserved.magic == extended_magic ? reserved.size : LEGACY_FLOATS;
}

size_t fault_frame_room(void)
{
	/* The kernel's own figure for a whole signal frame. */
	size_t least = (size_t)getauxval(AT_MINSIGSTKSZ);
	return SWITCH_FRAME_FLOATS + ((least < 4096 ? 4096 : least) + 63) / 64 * 64;
}

size_t fault_frame_save(void *frame, size_t room, const void *ucontext)
{
	const ucontext_t *context = ucontext;
	const void *floats = context->uc_mcontext.fpregs;
	if (!floats)
		return 0;
	size_t size = fault_floats_size(floats);
	if (size > room - SWITCH_FRAME_FLOATS)
		return 0;
	memcpy(frame, context, KERNEL_CONTEXT);
	memcpy((char *)frame + SWITCH_FRAME_FLOATS, floats, size);
	return SWITCH_FRAME_FLOATS + size;
}

void fault_frame_adopt(void *frame, const stack_t *signal_stack, const sigset_t *mask)
{
	memcpy((char *)frame + offsetof(ucontext_t, uc_stack), signal_stack, sizeof *signal_stack);
	memcpy((char *)frame + offsetof(ucontext_t, uc_sigmask), mask, 8);
}

enum sv_trap fault_trap_number(uintptr_t pc)
{
	const uint8_t *code = (const uint8_t *)pc;
	if (!fault_is_trap(code, modrm_inline) && !fault_is_trap(code, modrm_probe))
		return SV_TRAP_NONE;
	switch (code[4]) {
#define SV_TRAP_KIND(number, name, text) \
	case number: \
		return SV_TRAP_##name;
#include "abi/traps.def"
#undef SV_TRAP_KIND
	default:
		return SV_TRAP_NONE;
	}
}

uintptr_t fault_missing_return(const struct fault_place *place, uintptr_t start)
{
	const uint8_t push_rbp = 0x55, ret = 0xc3;
	const uintptr_t *stack = (const uintptr_t *)place->sp;
	const uint8_t *code = (const uint8_t *)place->pc;
	if (place->pc == start || *code == ret)
		return stack[0];
	if (place->pc == start + 1 && code[-1] == push_rbp)
		return stack[1];
	return 0;
}
