/*
 * confine.c: see confine.h.
 */
#include "platform/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int allowed_calls[] = {
#define ALLOW(name) SCMP_SYS(name),
#include "platform/confine.def"
#undef ALLOW
};

static const int denied_calls[] = {
#define DENY(name) SCMP_SYS(name),
#include "platform/confine_tools.def"
#undef DENY
};

static bool limit_set_both(int resource, struct rlimit limit, const char *what,
		struct sv_error *error)
{
	if (setrlimit(resource, &limit) == 0)
		return true;
	return sv_fail_errno(error, "cannot limit %s", what);
}

static bool limit_set(int resource, uint64_t most, const char *what, struct sv_error *error)
{
	return limit_set_both(resource, (struct rlimit){most, most}, what, error);
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
/* What the first version of landlock knows: all that opens, makes and removes. */
static const uint64_t all_access = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;

/* 0 if there is none. The second version can allow renaming from one folder to another. */
static long landlock_version(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
			LANDLOCK_CREATE_RULESET_VERSION);
	return version > 0 ? version : 0;
}

/* Allow what is below `path`, if that is there; files have fewer rights than folders. */
static bool path_allow(int rules, const char *path, uint64_t access, struct sv_error *error)
{
	static const uint64_t of_files = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |
			LANDLOCK_ACCESS_FS_WRITE_FILE;
	struct stat status;
	int fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || sv_fail_errno(error, "cannot open %s", path);
	bool is_folder = fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
	const struct landlock_path_beneath_attr beneath = {
			.allowed_access = is_folder ? access : access & of_files, .parent_fd = fd};
	bool done = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath,
				    0) == 0;
	if (!done)
		sv_fail_errno(error, "landlock_add_rule: %s", path);
	close(fd);
	return done;
}

static bool place_allow(int rules, const struct workplace *place, struct sv_error *error)
{
	static const uint64_t reading = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |
			LANDLOCK_ACCESS_FS_READ_DIR;
	for (size_t i = 0; i < place->readable_count; i++)
		TRY(path_allow(rules, place->readable[i], reading, error));
	TRY(path_allow(rules, "/dev/null", all_access, error));
	TRY(path_allow(rules, "/dev/urandom", reading, error));
	/* Compilers rename what they made out of folders of their own. */
	uint64_t rename = landlock_version() >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0;
	return path_allow(rules, place->folder, all_access | rename, error);
}

/* `place` NULL: no file at all. */
static bool confine_files(const struct workplace *place, struct sv_error *error)
{
	const struct landlock_ruleset_attr attributes = {.handled_access_fs = all_access |
					(landlock_version() >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0)};
	long fd = syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
	if (fd < 0)
		return sv_fail(error, SV_ERROR_UNSUPPORTED,
				"this kernel cannot keep a process from files (landlock: %s)",
				strerror(errno));
	if (place && !place_allow((int)fd, place, error)) {
		close((int)fd);
		return false;
	}
	bool done = syscall(SYS_landlock_restrict_self, fd, 0) == 0;
	if (!done)
		sv_fail_errno(error, "landlock_restrict_self");
	close((int)fd);
	return done;
}

/* `result` of making it; it is released in any case. */
static bool filter_load(scmp_filter_ctx filter, int result, struct sv_error *error)
{
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	if (result != 0)
		return sv_fail(error, SV_ERROR_UNSUPPORTED,
				"this kernel cannot filter system calls (seccomp: %s)",
				strerror(-result));
	return true;
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
	/* Threads and no processes; clone3 hides which it is, and libc can do without. */
	if (result == 0)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	if (result == 0)
		result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return filter_load(filter, result, error);
}

/* Threads and processes yes, namespaces no; clone3 hides its flags, and libc can do without. */
static bool confine_tool_calls(struct sv_error *error)
{
	static const scmp_datum_t namespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID |
			CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
	const uint32_t refuse = SCMP_ACT_ERRNO(EPERM);
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int result = filter ? 0 : -ENOMEM;
	for (size_t i = 0; result == 0 && i < ARRAY_LENGTH(denied_calls); i++)
		result = seccomp_rule_add(filter, refuse, denied_calls[i], 0);
	for (scmp_datum_t bit = 1; result == 0 && bit <= namespaces; bit <<= 1) {
		if (namespaces & bit)
			result = seccomp_rule_add(filter, refuse, SCMP_SYS(clone), 1,
					SCMP_A0(SCMP_CMP_MASKED_EQ, bit, bit));
	}
	if (result == 0)
		result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	/* Limits of another process. */
	if (result == 0)
		result = seccomp_rule_add(filter, refuse, SCMP_SYS(prlimit64), 1,
				SCMP_A0(SCMP_CMP_NE, 0));
	return filter_load(filter, result, error);
}

/* All but memory; and no more rights by running a program. */
static bool confine_limits(const struct confinement *limits, rlim_t descriptors,
		struct sv_error *error)
{
	TRY(limit_set(RLIMIT_CORE, 0, "core dumps", error));
	/* At the first limit comes SIGXCPU, which says why; at the second SIGKILL. */
	TRY(limit_set_both(RLIMIT_CPU, (struct rlimit){limits->seconds, limits->seconds + 2},
			"CPU time", error));
	TRY(limit_set(RLIMIT_NOFILE, descriptors, "descriptors", error));
	TRY(limit_set(RLIMIT_FSIZE, limits->output, "output", error));
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ||
			sv_fail_errno(error, "PR_SET_NO_NEW_PRIVS");
}

bool confine(const struct confinement *limits, struct sv_error *error)
{
	return limit_address_space(limits->memory, error) && confine_limits(limits, 256, error) &&
			confine_files(NULL, error) && confine_calls(error);
}

bool confine_tools(const struct confinement *limits, const struct workplace *place,
		struct sv_error *error)
{
	return limit_set(RLIMIT_DATA, limits->memory, "memory", error) &&
			confine_limits(limits, 1024, error) && confine_files(place, error) &&
			confine_tool_calls(error);
}
