/*
 * runtime_registers.c: what a guest could find in the registers when it is entered or gone on
 * with. Compiled code reads none that it has not written; here what is entered is assembly that
 * notes them all, and the host has had a canary in every one.
 */
#include "runtime/arch/switch.h"
#include "tests/lib/test.h"

#define CANARY UINT64_C(0x5ec2e75ec2e75ec2)

enum { RAX, RBX, RCX, RDX, RSI, RDI, RBP, RSP, R8, R9, R10, R11, R12, R13, R14, R15, REGISTERS };

static const char *const names[REGISTERS] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp",
		"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"};

/* Known to the assembly. */
uint64_t noted[REGISTERS];
struct switch_state state;
void *planted_function;

/* Note the registers, and leave with outcome 5. */
void note_registers(void);

/* Call planted_function with these arguments and the last of them in all other registers. */
int call_planted(const uint64_t arguments[7]);

__asm__(".text\n"
	".globl note_registers\n"
	"note_registers:\n"
	"	movq %rax, noted+0(%rip)\n"
	"	movq %rbx, noted+8(%rip)\n"
	"	movq %rcx, noted+16(%rip)\n"
	"	movq %rdx, noted+24(%rip)\n"
	"	movq %rsi, noted+32(%rip)\n"
	"	movq %rdi, noted+40(%rip)\n"
	"	movq %rbp, noted+48(%rip)\n"
	"	movq %rsp, noted+56(%rip)\n"
	"	movq %r8, noted+64(%rip)\n"
	"	movq %r9, noted+72(%rip)\n"
	"	movq %r10, noted+80(%rip)\n"
	"	movq %r11, noted+88(%rip)\n"
	"	movq %r12, noted+96(%rip)\n"
	"	movq %r13, noted+104(%rip)\n"
	"	movq %r14, noted+112(%rip)\n"
	"	movq %r15, noted+120(%rip)\n"
	"	movq state(%rip), %rdi\n"
	"	movl $5, %esi\n"
	"	jmp switch_leave\n"
	".globl call_planted\n"
	"call_planted:\n"
	"	pushq %rbp\n"
	"	pushq %rbx\n"
	"	pushq %r12\n"
	"	pushq %r13\n"
	"	pushq %r14\n"
	"	pushq %r15\n"
	"	subq $8, %rsp\n"
	"	movq 48(%rdi), %rax\n"
	"	movq %rax, %rbx\n"
	"	movq %rax, %rbp\n"
	"	movq %rax, %r10\n"
	"	movq %rax, %r11\n"
	"	movq %rax, %r12\n"
	"	movq %rax, %r13\n"
	"	movq %rax, %r14\n"
	"	movq %rax, %r15\n"
	"	movq 8(%rdi), %rsi\n"
	"	movq 16(%rdi), %rdx\n"
	"	movq 24(%rdi), %rcx\n"
	"	movq 32(%rdi), %r8\n"
	"	movq 40(%rdi), %r9\n"
	"	movq (%rdi), %rdi\n"
	"	call *planted_function(%rip)\n"
	"	addq $8, %rsp\n"
	"	popq %r15\n"
	"	popq %r14\n"
	"	popq %r13\n"
	"	popq %r12\n"
	"	popq %rbx\n"
	"	popq %rbp\n"
	"	ret\n");

static uint64_t stack[1024] __attribute__((aligned(16)));
static uint64_t *const stack_top = stack + sizeof stack / sizeof *stack;

static uint64_t number_of(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

static void check_noted(const uint64_t wanted[REGISTERS])
{
	for (int i = 0; i < REGISTERS; i++)
		CHECK_MSG(noted[i] == wanted[i], "%s is %#" PRIx64 ", not %#" PRIx64, names[i],
				noted[i], wanted[i]);
}

TEST(a_guest_that_is_entered_finds_its_arguments_and_nothing_else)
{
	static union sv_value values[1];
	static int context, code;
	planted_function = (void *)switch_enter;
	const uint64_t arguments[] = {number_of(&state), number_of(stack_top),
			number_of((void *)note_registers), number_of(&context), number_of(&code),
			number_of(values), CANARY};
	CHECK_EQ(call_planted(arguments), 5);
	/* The store keeps itself in rbx: code that returns gives it back. */
	const uint64_t wanted[REGISTERS] = {[RAX] = arguments[2],
			[RBX] = arguments[0],
			[RDI] = arguments[3],
			[RSI] = arguments[4],
			[RDX] = arguments[5],
			[RSP] = number_of(stack_top - 1)};
	check_noted(wanted);
}

/* The frame of a stub that was left, as switch_to_host makes it. */
TEST(a_guest_that_goes_on_finds_its_own_registers_and_the_result)
{
	uint64_t *frame = stack_top - 16;
	const uint64_t kept[] = {1, 2, 3, 4, 5, 6, 7}; /* r15 to r12, rax, rbx, rbp */
	memcpy(frame - 6, kept, sizeof kept);
	frame[1] = number_of((void *)note_registers);
	state.guest_frame = (struct guest_frame *)(void *)frame;
	planted_function = (void *)switch_resume;
	const uint64_t arguments[] = {
			number_of(&state), CANARY, CANARY, CANARY, CANARY, CANARY, CANARY};
	CHECK_EQ(call_planted(arguments), 5);
	const uint64_t wanted[REGISTERS] = {[R15] = 1,
			[R14] = 2,
			[R13] = 3,
			[R12] = 4,
			[RAX] = 5,
			[RBX] = 6,
			[RBP] = 7,
			[RSP] = number_of(frame + 2)};
	check_noted(wanted);
}

TEST_MAIN()
