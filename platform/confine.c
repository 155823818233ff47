/*
 * confine.c: see confine.h.
 */
#include "platform/confine.h"

#include <errno.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int allowed_calls[] = {
#define ALLOW(name) SCMP_SYS(name),
#include "platform/confine.def"
#undef ALLOW
};

static bool limit_set(int resource, uint64_t most, const char *what, struct sv_error *error)
{
	const struct rlimit limit = {.rlim_cur = most, .rlim_max = most};
	if (setrlimit(resource, &limit) == 0)
		return true;
	return sv_fail_errno(error, "cannot limit %s", what);
}

/* What is mapped now does not count: a sanitizer's shadow is terabytes. */
static bool limit_address_space(uint64_t more, struct sv_error *error)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");
	bool is_read = file && fscanf(file, "%lu", &pages) == 1;
	if (file)
		fclose(file);
	if (!is_read)
		return sv_fail(error, SV_ERROR_SYSTEM, "cannot read /proc/self/statm");
	return limit_set(RLIMIT_AS, (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE) + more,
			"memory", error);
}

/* No rule allows anything: only files without a name (memfd, pipes) can be opened from now on. */
static bool confine_files(struct sv_error *error)
{
	/* All that the first version of landlock knows, and truncating (version 3). */
	const struct landlock_ruleset_attr attributes = {
			.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1,
	};
	long fd = syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
	if (fd < 0)
		return sv_fail(error, SV_ERROR_UNSUPPORTED,
				"this kernel cannot keep a process from files (landlock: %s)",
				strerror(errno));
	bool done = syscall(SYS_landlock_restrict_self, fd, 0) == 0;
	if (!done)
		sv_fail_errno(error, "landlock_restrict_self");
	close((int)fd);
	return done;
}

static bool confine_calls(struct sv_error *error)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int result = filter ? 0 : -ENOMEM;
	for (size_t i = 0; result == 0 && i < ARRAY_LENGTH(allowed_calls); i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed_calls[i], 0);
	/* Those that name a process: itself only. */
	if (result == 0)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
				SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
	if (result == 0)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1,
				SCMP_A0(SCMP_CMP_EQ, 0));
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	if (result != 0)
		return sv_fail(error, SV_ERROR_UNSUPPORTED,
				"this kernel cannot filter system calls (seccomp: %s)",
				strerror(-result));
	return true;
}

bool confine(const struct confinement *limits, struct sv_error *error)
{
	TRY(limit_set(RLIMIT_CORE, 0, "core dumps", error));
	TRY(limit_address_space(limits->memory, error));
	TRY(limit_set(RLIMIT_CPU, limits->seconds, "CPU time", error));
	TRY(limit_set(RLIMIT_NOFILE, 256, "descriptors", error));
	TRY(limit_set(RLIMIT_FSIZE, limits->output, "output", error));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return sv_fail_errno(error, "PR_SET_NO_NEW_PRIVS");
	return confine_files(error) && confine_calls(error);
}
