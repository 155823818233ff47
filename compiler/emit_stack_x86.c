/*
 * emit_stack_x86.c: x86-64: the probe for large frames. LLVM calls it in a function's prologue
 * with the size of the frame in rax, all other registers as the function was given them, and
 * takes rax from rsp behind it. Another CPU is another file like this one.
 */
#include "compiler/emit.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/*
 * `sp - rax` is its own inverse: done twice, rax is as before. Frames are smaller than any
 * address of a stack, so nothing wraps. The trap has %ecx in it, which no other has: the
 * handler then knows that the place to report is the return address.
 */
static const char probe_text[] =
		"\t.section " TEXT_SECTION ",\"ax\",@progbits\n"
		"\t.p2align 4\n"
		"\t.type \"%1$s\",@function\n"
		"\"%1$s\":\n"
		"\tnegq %%rax\n"
		"\tleaq 8(%%rsp,%%rax), %%rax\n"
		"\tcmpq %%rax, %2$zu(%%rdi)\n"
		"\tja 1f\n"
		"\tnegq %%rax\n"
		"\tleaq 8(%%rsp,%%rax), %%rax\n"
		"\tretq\n"
		"1:\tud1l %3$d(%%eax), %%ecx\n"
		"\t.size \"%1$s\", . - \"%1$s\"\n";

void emit_stack_probe(struct ir *ir, const char *name)
{
	char text[sizeof probe_text + 128];
	int length = snprintf(text, sizeof text, probe_text, name,
			offsetof(struct sv_context, stack_limit), SV_TRAP_STACK);
	check(length > 0 && (size_t)length < sizeof text);
	LLVMAppendModuleInlineAsm(ir->module, text, (size_t)length);
}
