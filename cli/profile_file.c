/*
 * profile_file.c: see profile_file.h. Two processes may end at once: who reads and writes a profile
 * has its folder locked meanwhile.
 */
#include "cli/profile_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/profile.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/report.h"
#include "runtime/counts.h"

/* Functions that are shown as text. */
static const size_t shown_most = 20;

bool profile_file_read(const char *path, struct buffer *file, struct sv_error *error)
{
	file->limit = PROFILE_MAX_BYTES;
	if (file_read(path, file, error))
		return true;
	if (error->code == SV_ERROR_LIMIT)
		sv_error_prefix(error, "%s", path);
	return false;
}

bool profile_file_is_one(const char *path)
{
	struct stat status;
	uint8_t start[8];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	bool is_one = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
			pread(fd, start, sizeof start, 0) == sizeof start &&
			profile_is_one((struct sv_bytes){start, sizeof start});
	close(fd);
	return is_one;
}

/* ---- adding up ---- */

static char *profile_path(const char *module, const char *wanted, struct sv_error *error)
{
	if (!wanted && strcmp(module, "-") == 0) {
		sv_fail(error, SV_ERROR_USAGE,
				"standard input has no name: --profile-out is needed");
		return NULL;
	}
	char *path = wanted ? strdup(wanted) : output_name(module, ".profile");
	if (!path)
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a file name");
	return path;
}

/* The folder of a file, locked until it is closed; -1 with `error`. */
static int folder_lock(const char *path, struct sv_error *error)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash == path ? strdup("/")
			: slash     ? strndup(path, (size_t)(slash - path))
				    : strdup(".");
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	while (fd >= 0 && flock(fd, LOCK_EX) != 0) {
		if (errno == EINTR)
			continue;
		close(fd);
		fd = -1;
	}
	if (fd < 0)
		sv_fail_errno(error, "cannot lock the folder of %s", path);
	free(folder);
	return fd;
}

/* What is in the file is of the same module: `counted` becomes the sum. */
static bool profile_merge(const char *path, struct buffer *counted, struct sv_error *error)
{
	struct buffer file = {0};
	struct profile sum, earlier = {0};
	bool done = profile_file_read(path, &file, error) &&
			profile_read(&sum, buffer_view(counted), error);
	if (done) {
		struct sv_error cause = SV_ERROR_INIT;
		done = profile_read(&earlier, buffer_view(&file), &cause) &&
				profile_add(&sum, &earlier, &cause);
		if (!done)
			sv_fail(error, cause.code,
					"%s is %s; remove it or give another --profile-out", path,
					cause.text);
		profile_finish(&earlier);
		counted->length = 0;
		done = done && profile_write(&sum, counted, error);
		profile_finish(&sum);
	}
	buffer_finish(&file);
	return done;
}

/* With what was there, if anything is; the folder is locked. */
static bool profile_make(struct sv_artifact *artifact, const char *path, struct buffer *bytes,
		struct sv_error *error)
{
	TRY(counts_write(artifact, bytes, error));
	return access(path, F_OK) != 0 || profile_merge(path, bytes, error);
}

static bool profile_add_to(struct sv_artifact *artifact, const char *path, bool is_to_be_written,
		struct sv_error *error)
{
	struct buffer bytes = {0};
	int lock = folder_lock(path, error);
	if (lock < 0)
		return false;
	bool done = profile_make(artifact, path, &bytes, error) &&
			(!is_to_be_written || file_write(path, buffer_view(&bytes), 0666, error));
	close(lock);
	buffer_finish(&bytes);
	return done;
}

static bool profile_file_update(struct sv_artifact *artifact, const char *module,
		const char *wanted, bool is_to_be_written, struct sv_error *error)
{
	char *path = profile_path(module, wanted, error);
	bool done = path && profile_add_to(artifact, path, is_to_be_written, error);
	free(path);
	return done;
}

bool profile_file_check(struct sv_artifact *artifact, const char *module, const char *wanted,
		struct sv_error *error)
{
	if (counts_are_kept(artifact))
		return profile_file_update(artifact, module, wanted, false, error);
	return !wanted ||
			sv_fail(error, SV_ERROR_USAGE,
					"%s was compiled without --profile-generate, which "
					"--profile-out needs",
					module);
}

bool profile_file_add(struct sv_artifact *artifact, const char *module, const char *wanted,
		struct sv_error *error)
{
	return !artifact || !counts_are_kept(artifact) ||
			profile_file_update(artifact, module, wanted, true, error);
}

/* ---- showing ---- */

struct ranked {
	const struct profile_function *function;
	uint64_t count; /* all its counters together: how much ran there */
	uint32_t index;
};

static int ranked_compare(const void *one, const void *other)
{
	const struct ranked *a = one, *b = other;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

/* No JSON integer is larger. */
static json_t *json_count(uint64_t count)
{
	return json_integer(count > INT64_MAX ? INT64_MAX : (json_int_t)count);
}

static json_t *describe_function(const struct ranked *ranked)
{
	const struct profile_function *function = ranked->function;
	json_t *counters = json_array(), *targets = json_array();
	for (uint32_t i = 0; i < function->counter_count; i++)
		json_array_append_new(counters, json_count(function->counters[i]));
	for (uint32_t i = 0; i < function->target_count; i++) {
		const struct profile_target *target = &function->targets[i];
		json_array_append_new(targets,
				json_pack("{so so so}", "calls", json_count(target->calls), "index",
						json_count(target->index), "votes",
						json_count(target->votes)));
	}
	return json_pack("{sI so so so so so}", "index", (json_int_t)ranked->index, "name",
			json_text((const char *)function->name.data, function->name.length),
			"calls", json_count(function->counters[0]), "counts",
			json_count(ranked->count), "counters", counters, "targets", targets);
}

static json_t *describe_ranked(const struct profile *profile, struct ranked *ranked)
{
	json_t *list = json_array();
	for (uint32_t i = 0; i < profile->function_count; i++) {
		const struct profile_function *function = &profile->functions[i];
		ranked[i] = (struct ranked){.function = function,
				.index = profile->first_function + i};
		for (uint32_t k = 0; k < function->counter_count; k++)
			ranked[i].count = profile_sum(ranked[i].count, function->counters[k]);
	}
	qsort(ranked, profile->function_count, sizeof *ranked, ranked_compare);
	for (uint32_t i = 0; i < profile->function_count && ranked[i].count; i++)
		json_array_append_new(list, describe_function(&ranked[i]));
	return list;
}

static json_t *describe_profile(const struct profile *profile, struct sv_error *error)
{
	char digest[2 * PROFILE_DIGEST + 1];
	struct ranked *ranked = calloc((size_t)profile->function_count + 1, sizeof *ranked);
	if (!ranked) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a list of functions");
		return NULL;
	}
	for (size_t i = 0; i < PROFILE_DIGEST; i++)
		snprintf(digest + 2 * i, 3, "%02x", profile->program[i]);
	json_t *object = json_pack("{ss ss sI so}", "kind", "profile", "module_sha256", digest,
			"functions", (json_int_t)profile->function_count, "ran",
			describe_ranked(profile, ranked));
	free(ranked);
	return object;
}

json_t *profile_file_describe(const char *path, struct sv_error *error)
{
	struct buffer file = {0};
	struct profile profile;
	json_t *object = NULL;
	if (profile_file_read(path, &file, error)) {
		if (profile_read(&profile, buffer_view(&file), error)) {
			object = describe_profile(&profile, error);
			profile_finish(&profile);
		} else {
			sv_error_prefix(error, "%s", path);
		}
	}
	if (object) {
		json_object_set_new(object, "file", json_text(path, strlen(path)));
		json_object_set_new(object, "size", json_integer((json_int_t)file.length));
	}
	buffer_finish(&file);
	return object;
}

void profile_file_print(const json_t *object)
{
	const json_t *ran = json_object_get(object, "ran");
	size_t count = json_array_size(ran);
	char text[600];
	const json_t *file = json_object_get(object, "file");
	text_of_name(json_string_value(file), json_string_length(file), text, sizeof text);
	printf("%s: profile of the module with SHA-256 %s\n", text,
			json_string_value(json_object_get(object, "module_sha256")));
	printf("  %" JSON_INTEGER_FORMAT " functions, of which %zu ran\n",
			json_integer_value(json_object_get(object, "functions")), count);
	if (count)
		printf("  %18s %18s  function\n", "counts", "calls");
	for (size_t i = 0; i < count && i < shown_most; i++) {
		const json_t *row = json_array_get(ran, i), *name = json_object_get(row, "name");
		text_of_name(json_string_value(name), json_string_length(name), text, sizeof text);
		printf("  %18" JSON_INTEGER_FORMAT " %18" JSON_INTEGER_FORMAT "  %s[%"
		       JSON_INTEGER_FORMAT "]\n",
				json_integer_value(json_object_get(row, "counts")),
				json_integer_value(json_object_get(row, "calls")), text,
				json_integer_value(json_object_get(row, "index")));
	}
}
