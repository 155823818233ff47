/*
 * target.c: CPUs by name, and what of them compiled code may rely on.
 */
#include "compiler/target.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <llvm-c/Core.h>
#include <llvm-c/Support.h>
#include <llvm-c/Target.h>

#include "base/bytes.h"

struct target_row {
	const char *cpu, *name, *triple, *features;
};

static const struct target_row target_rows[] = {
#define SV_TARGET(cpu, name, triple, features) {cpu, name, triple, features},
#include "compiler/targets.def"
#undef SV_TARGET
};

/* Features that the runtime can look for; others never change which instructions are valid. */
static const char *const target_known[] = {
#define SV_CPU_FEATURE(name, leaf, subleaf, reg, bit, state) name,
#include "abi/cpu.def"
#undef SV_CPU_FEATURE
};

static void target_initialise(void)
{
	LLVMInitializeX86TargetInfo();
	LLVMInitializeX86Target();
	LLVMInitializeX86TargetMC();
	LLVMInitializeX86AsmPrinter();
	LLVMInitializeX86AsmParser();
	/*
	 * Follow variables in registers the old way: there are none, and the new way looks at every
	 * instruction before it finds out, a twentieth of the time of code generation. And leave
	 * selects as they are: without a profile, LLVM takes those in loops for predictable and
	 * makes branches of them, half of which are mispredicted where values are compared. And
	 * copy ends of up to four instructions to those that jump there, as LLVM does by itself at
	 * its highest level only: a function that was called for one more step returns at once.
	 * Nor may the search for vectors in straight code look at more of a block than this: it
	 * is quadratic, and was half the time of a piece of a JavaScript engine.
	 */
	static const char *const options[] = {"selvage",
			"-experimental-debug-variable-locations=false",
			"-x86-cmov-converter=false", "-tail-dup-placement-threshold=4",
			"-slp-schedule-budget=2000"};
	LLVMParseCommandLineOptions(ARRAY_LENGTH(options), options, "");
}

static void target_append(char *list, size_t size, const char *prefix, const char *name,
		size_t length)
{
	size_t used = strlen(list);
	snprintf(list + used, size - used, "%s%s%.*s", used ? "," : "", prefix, (int)length, name);
}

static bool target_is_known(const char *name, size_t length)
{
	for (size_t i = 0; i < ARRAY_LENGTH(target_known); i++) {
		if (strlen(target_known[i]) == length && memcmp(target_known[i], name, length) == 0)
			return true;
	}
	return false;
}

/* Switch on each feature of a comma-separated list, and require those that can be checked. */
static void target_use(struct target *target, const char *list)
{
	while (*list) {
		size_t length = strcspn(list, ",");
		target_append(target->features, sizeof target->features, "+", list, length);
		if (target_is_known(list, length))
			target_append(target->required, sizeof target->required, "", list, length);
		list += length + (list[length] == ',');
	}
}

/*
 * This machine: of LLVM's list only features that the runtime can check are used, so that
 * whatever the code needs is in the note.
 */
static void target_use_host(struct target *target)
{
	char *features = LLVMGetHostCPUFeatures();
	for (char *at = features; *at;) {
		size_t length = strcspn(at, ",");
		if (at[0] == '+' && target_is_known(at + 1, length - 1)) {
			target_append(target->features, sizeof target->features, "", at, length);
			target_append(target->required, sizeof target->required, "", at + 1,
					length - 1);
		}
		at += length + (at[length] == ',');
	}
	LLVMDisposeMessage(features);
}

static bool target_unknown(const char *cpu, struct sv_error *error)
{
	char names[256] = "native";
	for (size_t i = 0; i < ARRAY_LENGTH(target_rows); i++)
		target_append(names, sizeof names, " ", target_rows[i].cpu,
				strlen(target_rows[i].cpu));
	return sv_fail(error, SV_ERROR_USAGE, "unknown target CPU \"%s\" (known: %s)", cpu, names);
}

static void target_read_layout(struct target *target)
{
	LLVMTargetMachineRef machine = target_machine(target, 0);
	LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(machine);
	char *text = LLVMCopyStringRepOfTargetData(layout);
	snprintf(target->data_layout, sizeof target->data_layout, "%s", text);
	LLVMDisposeMessage(text);
	LLVMDisposeTargetData(layout);
	LLVMDisposeTargetMachine(machine);
}

bool target_find(struct target *target, const char *cpu, struct sv_error *error)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, target_initialise);
	*target = (struct target){0};
	bool native = !cpu || strcmp(cpu, "native") == 0;
	const struct target_row *row = NULL;
	for (size_t i = 0; i < ARRAY_LENGTH(target_rows) && !row; i++) {
		if (native || strcmp(target_rows[i].cpu, cpu) == 0)
			row = &target_rows[i];
	}
	if (!row)
		return target_unknown(cpu, error);
	target->name = row->name;
	snprintf(target->triple, sizeof target->triple, "%s", row->triple);
	char *host = LLVMGetHostCPUName();
	snprintf(target->cpu, sizeof target->cpu, "%s", native ? host : row->cpu);
	LLVMDisposeMessage(host);
	if (native)
		target_use_host(target);
	else
		target_use(target, row->features);
	if (!strstr(target->required, "sse4.1"))
		return sv_fail(error, SV_ERROR_CPU,
				"this CPU lacks SSE4.1; name another target CPU");
	target_read_layout(target);
	return true;
}

LLVMTargetMachineRef target_machine(const struct target *target, unsigned level)
{
	static const LLVMCodeGenOptLevel levels[] = {LLVMCodeGenLevelNone, LLVMCodeGenLevelLess,
			LLVMCodeGenLevelDefault, LLVMCodeGenLevelAggressive};
	LLVMTargetRef llvm_target;
	char *message = NULL;
	if (LLVMGetTargetFromTriple(target->triple, &llvm_target, &message)) {
		LLVMDisposeMessage(message);
		check(!"LLVM has the targets of targets.def");
	}
	return LLVMCreateTargetMachine(llvm_target, target->triple, target->cpu, target->features,
			levels[level > 3 ? 3 : level], LLVMRelocPIC, LLVMCodeModelSmall);
}
