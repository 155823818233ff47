/*
 * switch.S: x86-64: enter and leave guest code, and the stubs through which it calls the
 * host. The contract is arch/switch.h.
 *
 * Every instruction here may be interrupted by a signal. Handlers run on the thread's
 * alternate stack and leave the guest only while the program counter is in guest text (or
 * at the probe that opens each stub), never here; what is asked for meanwhile waits in
 * `pending` and is asked for again.
 */
#include "runtime/arch/switch_layout.h"

#define DEFAULT_MXCSR 0x1f80 /* all exceptions masked, round to nearest */
#define MXCSR_CONTROL 0xffc0 /* without the sticky exception flags */

	.text

/* What the host had in registers, other guests' values among it, is not for the guest. */
	.macro	clear registers:vararg
	.irp	register, \registers
	xorl	\register, \register
	.endr
	.endm

/*
 * int switch_enter(state rdi, guest_sp rsi, entry rdx, context rcx, code r8, values r9)
 * Host frame from host_sp upwards: mxcsr, x87 control word, r15..r12, rbx, rbp, return.
 */
	.globl	switch_enter
	.hidden	switch_enter
	.type	switch_enter, @function
	.p2align 4
switch_enter:
	.cfi_startproc
	pushq	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	subq	$8, %rsp		/* return address + 6 pushes + 8: aligned to 16 */
	.cfi_def_cfa_offset 64
	stmxcsr	(%rsp)
	fnstcw	4(%rsp)
	movl	(%rsp), %eax
	movq	%rdi, %rbx		/* callee-saved: compiled code gives it back */
	movq	%rsp, SWITCH_HOST_SP(%rbx)
	.cfi_undefined %rip		/* no unwinding from the guest into the host */
	andl	$MXCSR_CONTROL, %eax
	cmpl	$DEFAULT_MXCSR, %eax
	jne	3f
1:	movq	%rsi, %rsp
	xorl	%ebp, %ebp		/* ends the guest's chain of frames */
	movq	%rdx, %rax
	movq	%rcx, %rdi
	movq	%r8, %rsi
	movq	%r9, %rdx
	clear	%ecx, %r8d, %r9d, %r10d, %r11d, %r12d, %r13d, %r14d, %r15d
	call	*%rax
	movq	SWITCH_HOST_SP(%rbx), %rsp
	movl	(%rsp), %ecx
	xorl	%eax, %eax
	andl	$MXCSR_CONTROL, %ecx
	cmpl	$DEFAULT_MXCSR, %ecx
	jne	4f
2:	addq	$8, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	ret
3:	pushq	$DEFAULT_MXCSR		/* the host uses another rounding */
	ldmxcsr	(%rsp)
	jmp	1b
4:	ldmxcsr	(%rsp)
	jmp	2b
	.cfi_endproc
	.size	switch_enter, . - switch_enter

/* void switch_leave(host_sp rdi, outcome esi): the signal frame or the helper is forgotten. */
	.globl	switch_leave
	.hidden	switch_leave
	.type	switch_leave, @function
	.p2align 4
switch_leave:
	movq	%rdi, %rsp
	movl	%esi, %eax
	cld
	ldmxcsr	(%rsp)
	fldcw	4(%rsp)
	jmp	2b
	.size	switch_leave, . - switch_leave

/* The host's frame, as switch_enter makes it: its epilogue takes it down. */
	.macro	enter_again
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	subq	$8, %rsp
	stmxcsr	(%rsp)
	fnstcw	4(%rsp)
	movq	%rdi, %rbx
	movq	%rsp, SWITCH_HOST_SP(%rbx)
	.endm

/* int switch_resume(state rdi): into the end of switch_to_host, with what that has kept. */
	.globl	switch_resume
	.hidden	switch_resume
	.type	switch_resume, @function
	.p2align 4
switch_resume:
	enter_again
	pushq	$DEFAULT_MXCSR
	ldmxcsr	(%rsp)
	movq	SWITCH_GUEST_FRAME(%rbx), %rbp
	movq	-16(%rbp), %rax
	movq	-24(%rbp), %r12
	movq	-32(%rbp), %r13
	movq	-40(%rbp), %r14
	movq	-48(%rbp), %r15
	leaq	-8(%rbp), %rsp
	clear	%ecx, %edx, %esi, %edi, %r8d, %r9d, %r10d, %r11d
	popq	%rbx
	popq	%rbp
	ret
	.size	switch_resume, . - switch_resume

/*
 * int switch_resume_call(state rdi, row rsi, values rdx): into the middle of switch_to_host, with
 * the registers that it would have found.
 */
	.globl	switch_resume_call
	.hidden	switch_resume_call
	.type	switch_resume_call, @function
	.p2align 4
switch_resume_call:
	enter_again
	pushq	$DEFAULT_MXCSR
	ldmxcsr	(%rsp)
	movq	SWITCH_GUEST_FRAME(%rbx), %rbp
	movq	-24(%rbp), %r12
	movq	-32(%rbp), %r13
	movq	-40(%rbp), %r14
	movq	-48(%rbp), %r15
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	leaq	host_call_run(%rip), %r11
	jmp	switch_call_host
	.size	switch_resume_call, . - switch_resume_call

/*
 * int switch_resume_frame(state rdi, frame rsi, size rdx): the kernel takes the registers from
 * a frame on the stack, here the host's, as when a handler returns (sigreturn(2)).
 */
	.globl	switch_resume_frame
	.hidden	switch_resume_frame
	.type	switch_resume_frame, @function
	.p2align 4
switch_resume_frame:
	enter_again
	subq	%rdx, %rsp
	andq	$-64, %rsp
	movq	%rsp, %rdi
	movq	%rdx, %rcx
	rep movsb
	leaq	SWITCH_FRAME_FLOATS(%rsp), %rax
	movq	%rax, SWITCH_FRAME_FLOATS_POINTER(%rsp)
	movl	$15, %eax		/* rt_sigreturn */
	syscall
	ud2
	.size	switch_resume_frame, . - switch_resume_frame

	.globl	switch_stubs_start
	.hidden	switch_stubs_start
switch_stubs_start:

/*
 * One stub per helper. Arguments stay in the six registers, the context first. The probe
 * reads the lowest word of guest stack that switch_to_host writes: where the stack ends, it
 * faults before anything has changed, and with the frame pointer of the calling function.
 */
	.macro	helper_stub name
	.p2align 4
	.type	stub_\name, @function
stub_\name:
	testq	%rax, -56(%rsp)
	movq	SWITCH_CONTEXT_STORE(%rdi), %r10
	leaq	helper_\name(%rip), %r11
	jmp	switch_to_host
	.size	stub_\name, . - stub_\name
	.endm

#define SV_HELPER(name, signature) helper_stub name
#include "abi/helpers.def"
#undef SV_HELPER

	.globl	switch_host_stub
	.hidden	switch_host_stub
	.type	switch_host_stub, @function
	.p2align 4
switch_host_stub:
	testq	%rax, -56(%rsp)
	movq	SWITCH_HOST_ROW_STORE(%rdi), %r10
	leaq	host_call_run(%rip), %r11
	.size	switch_host_stub, . - switch_host_stub

	.globl	switch_stubs_end
	.hidden	switch_stubs_end
/*
 * Call r11 on the host's stack for the store in r10. rbx and rbp are callee-saved, so that
 * they lead back to the guest whatever the host did meanwhile, nested calls included.
 */
	.type	switch_to_host, @function
switch_to_host:
switch_stubs_end:
	.cfi_startproc
	pushq	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	movq	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	pushq	%rbx
	.cfi_offset %rbx, -24
	movq	%r10, %rbx
	movq	%rbp, SWITCH_GUEST_FRAME(%rbx)
switch_call_host:
	movq	SWITCH_HOST_SP(%rbx), %rsp
	call	*%r11
	cmpl	$0, SWITCH_PENDING(%rbx)
	jne	1f
	leaq	-8(%rbp), %rsp
	popq	%rbx
	popq	%rbp
	ret
/*
 * The guest is to be left. If it is to be resumed, what it expects to find is below its frame:
 * the result of the helper and the callee-saved registers.
 */
1:	movq	%rax, -16(%rbp)
	movq	%r12, -24(%rbp)
	movq	%r13, -32(%rbp)
	movq	%r14, -40(%rbp)
	movq	%r15, -48(%rbp)
	movq	%rbx, %rdi		/* still on the host's stack */
	call	suspend_leave_pending	/* returns how, or leaves with a trap */
	movq	SWITCH_HOST_SP(%rbx), %rdi
	movl	%eax, %esi
	jmp	switch_leave
	.cfi_endproc
	.size	switch_to_host, . - switch_to_host

/* Addresses of the stubs need relocation at load, hence not .rodata. */
	.section .data.rel.ro, "aw"
	.globl	switch_helpers
	.hidden	switch_helpers
	.type	switch_helpers, @object
	.p2align 3
switch_helpers:
#define SV_HELPER(name, signature) .quad stub_##name
#include "abi/helpers.def"
#undef SV_HELPER
	.size	switch_helpers, . - switch_helpers

	.section .note.GNU-stack, "", @progbits
