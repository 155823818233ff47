/*
 * workshop.c: see workshop.h. Standard error is a file that the daemon reads afterwards; it is
 * looked into here for the error that is worth a line.
 */
#include "platform/workshop.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/confine.h"
#include "platform/sources.h"

/* ---- arguments ---- */

bool arguments_add(struct arguments *arguments, struct sv_error *error, const char *format, ...)
{
	char *text = NULL;
	va_list values;
	va_start(values, format);
	int length = vasprintf(&text, format, values);
	va_end(values);
	if (length >= 0 && arguments->count + 2 > arguments->room) {
		size_t room = arguments->room ? arguments->room * 2 : 64;
		char **items = realloc(arguments->items, room * sizeof *items);
		if (items) {
			arguments->items = items;
			arguments->room = room;
		}
	}
	if (length < 0 || arguments->count + 2 > arguments->room) {
		if (length >= 0)
			free(text);
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a command");
	}
	arguments->items[arguments->count++] = text;
	arguments->items[arguments->count] = NULL;
	return true;
}

void arguments_finish(struct arguments *arguments)
{
	for (size_t i = 0; i < arguments->count; i++)
		free(arguments->items[i]);
	free(arguments->items);
	*arguments = (struct arguments){0};
}

/* ---- where things are ---- */

/* Beside the program in the build folder, or where `make install` puts it. */
static void workshop_find_sdk(struct workshop *workshop)
{
	static const char *const places[] = {"/../share/selvage/sdk", "/../sdk"};
	char program[PATH_MAX], path[PATH_MAX + 32];
	ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
	program[length > 0 ? length : 0] = '\0';
	char *slash = strrchr(program, '/');
	if (slash)
		*slash = '\0';
	for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
		snprintf(path, sizeof path, "%s%s", program, places[i]);
		if (realpath(path, workshop->sdk))
			return;
	}
	workshop->sdk[0] = '\0';
}

static bool workshop_add_tools(struct workshop *workshop, const char *tools, struct sv_error *error)
{
	for (const char *at = tools; *at;) {
		size_t length = strcspn(at, ":");
		if (workshop->tool_count == WORKSHOP_TOOLS_MOST || length >= PATH_MAX)
			return sv_fail(error, SV_ERROR_LIMIT, "more than %d folders of tools",
					WORKSHOP_TOOLS_MOST);
		if (length)
			snprintf(workshop->tools[workshop->tool_count++], PATH_MAX, "%.*s",
					(int)length, at);
		at += length;
		at += *at == ':';
	}
	return true;
}

bool workshop_open(struct workshop *workshop, const char *folder, const char *tools,
		struct sv_error *error)
{
	size_t length = 0;
	*workshop = (struct workshop){.folder = folder};
	workshop_find_sdk(workshop);
	TRY(workshop_add_tools(workshop, tools, error));
	for (size_t i = 0; i < workshop->tool_count; i++) {
		length += (size_t)snprintf(workshop->path + length, sizeof workshop->path - length,
				"%s/bin:", workshop->tools[i]);
		if (length >= sizeof workshop->path - 64)
			return sv_fail(error, SV_ERROR_LIMIT, "the folders of tools are too long");
	}
	snprintf(workshop->path + length, sizeof workshop->path - length,
			"/usr/local/bin:/usr/bin:/bin");
	if (chdir(folder) != 0)
		return sv_fail_errno(error, "cannot work in %s", folder);
	return true;
}

bool workshop_confine(const struct workshop *workshop, struct sv_error *error)
{
	static const struct confinement limits = {.memory = SOURCES_MEMORY,
			.seconds = SOURCES_CPU_TIME,
			.output = SOURCES_FILE};
	const char *readable[WORKSHOP_TOOLS_MOST + 8] = {
			"/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/alternatives"};
	size_t count = 6;
	if (workshop->sdk[0])
		readable[count++] = workshop->sdk;
	for (size_t i = 0; i < workshop->tool_count; i++)
		readable[count++] = workshop->tools[i];
	const struct workplace place = {workshop->folder, readable, count};
	return confine_tools(&limits, &place, error);
}

bool workshop_find(const struct workshop *workshop, const char *const *names,
		char found[static PATH_MAX])
{
	for (; *names; names++) {
		for (const char *at = workshop->path; *at;) {
			size_t length = strcspn(at, ":");
			int size = snprintf(found, PATH_MAX, "%.*s/%s", (int)length, at, *names);
			if (size > 0 && size < PATH_MAX && access(found, X_OK) == 0)
				return true;
			at += length;
			at += *at == ':';
		}
	}
	return false;
}

/* ---- running one ---- */

static off_t log_length(void)
{
	struct stat status;
	return fstat(STDERR_FILENO, &status) == 0 && S_ISREG(status.st_mode) ? status.st_size : 0;
}

/* Where in the sources: the compilers of Rust and AssemblyScript say that in a line of its own. */
static const char *log_place(const char *text)
{
	static const char *const marks[] = {"--> ", "in "};
	for (unsigned line = 0; *text && line < 10; line++) {
		size_t skipped = strspn(text, " |\t"), length = strcspn(text, "\n");
		const char *at = text + skipped;
		if (strncmp(at, "└─ ", 7) == 0)
			at += 7;
		for (size_t i = 0; i < ARRAY_LENGTH(marks); i++) {
			if (strncmp(at, marks[i], strlen(marks[i])) == 0)
				return at + strlen(marks[i]);
		}
		text += length;
		text += *text == '\n';
	}
	return NULL;
}

/* The first line from `from` on that tells of an error, with its place. */
static bool log_error(off_t from, struct sv_error *error)
{
	char text[16384];
	ssize_t length = pread(STDERR_FILENO, text, sizeof text - 1, from);
	text[length > 0 ? length : 0] = '\0';
	for (char *line = text; *line;) {
		int size = (int)strcspn(line, "\n");
		char *end = line + size;
		bool is_last = !*end;
		*end = '\0';
		if (strcasestr(line, "error") || strcasestr(line, "fatal")) {
			const char *place = is_last || strstr(line, ": error") ? NULL
									       : log_place(end + 1);
			return sv_fail(error, SV_ERROR_INVALID, "%.300s%s%.*s", line,
					place ? ", " : "", place ? (int)strcspn(place, "\n") : 0,
					place ? place : "");
		}
		line = end + !is_last;
	}
	return false;
}

static bool tool_result(const char *name, int status, off_t from, struct sv_error *error)
{
	const char *base = strrchr(name, '/');
	base = base ? base + 1 : name;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL))
		return sv_fail(error, SV_ERROR_LIMIT, "%s used more than %d seconds of CPU time",
				base, SOURCES_CPU_TIME);
	if (WIFSIGNALED(status))
		return sv_fail(error, SV_ERROR_INVALID, "%s was ended by signal %d", base,
				WTERMSIG(status));
	if (log_error(from, error) || (error && error->code != SV_ERROR_NONE))
		return false;
	return sv_fail(error, SV_ERROR_INVALID, "%s ended with %d", base, WEXITSTATUS(status));
}

bool workshop_run(const struct workshop *workshop, const struct arguments *arguments,
		struct sv_error *error)
{
	char path[2 * PATH_MAX + 8], home[PATH_MAX + 8], temporary[PATH_MAX + 8];
	char *const environment[] = {
			path, home, temporary, "LC_ALL=C", "OPENSSL_CONF=/dev/null", NULL};
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int status;
	snprintf(path, sizeof path, "PATH=%s", workshop->path);
	snprintf(home, sizeof home, "HOME=%s", workshop->folder);
	snprintf(temporary, sizeof temporary, "TMPDIR=%s", workshop->folder);
	off_t from = log_length();
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", 0, 0);
	posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
	int result = posix_spawn(&pid, arguments->items[0], &actions, NULL, arguments->items,
			environment);
	posix_spawn_file_actions_destroy(&actions);
	if (result != 0)
		return sv_fail(error, SV_ERROR_SYSTEM, "cannot run %s: %s", arguments->items[0],
				strerror(result));
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return sv_fail_errno(error, "cannot wait for %s", arguments->items[0]);
	}
	return tool_result(arguments->items[0], status, from, error);
}
