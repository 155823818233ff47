/*
 * profile_file.h: files of profiles, and where commands that run modules leave them.
 */
#ifndef SELVAGE_CLI_PROFILE_FILE_H
#define SELVAGE_CLI_PROFILE_FILE_H

#include <jansson.h>

#include "base/bytes.h"
#include "base/check.h"
#include "cli/options.h"

struct sv_artifact;

/* Row for an option table whose struct `type` has a const char * `field`. */
#define PROFILE_OUT_ROW(type, field) \
	{.name = "profile-out", .kind = OPTION_TEXT, .offset = offsetof(type, field), \
			.argument = "FILE", \
			.help = "where to write what code of compile --profile-generate counted " \
				"(default: FILE with .profile)"}

/* Read a file, at most as much as a profile may have. */
SV_MUST_USE bool profile_file_read(const char *path, struct buffer *file, struct sv_error *error);

/* True if the file at `path` begins like a profile. */
bool profile_file_is_one(const char *path);

/*
 * Before an artifact runs that was opened from `module`: false if `wanted` (NULL: by the module's
 * name) is given and its code counts nothing, or if what it counts could not be added to what is
 * there.
 */
SV_MUST_USE bool profile_file_check(struct sv_artifact *artifact, const char *module,
		const char *wanted, struct sv_error *error);

/*
 * Add what all its instances that have ended counted to the file, which is either as it was or
 * complete. Nothing happens if its code counts nothing.
 */
SV_MUST_USE bool profile_file_add(struct sv_artifact *artifact, const char *module,
		const char *wanted, struct sv_error *error);

/* Describe a profile: its functions, those that ran most first. NULL with `error`. */
json_t *profile_file_describe(const char *path, struct sv_error *error);
/* Print that as text. */
void profile_file_print(const json_t *object);

#endif
