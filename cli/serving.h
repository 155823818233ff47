/*
 * serving.h: what `selvage serve` serves: an artifact with its service, and, if it is watched, the
 * one that takes its place when the file changes.
 */
#ifndef SELVAGE_CLI_SERVING_H
#define SELVAGE_CLI_SERVING_H

#include "cli/compile_flags.h"
#include "host/host.h"
#include "server/executor.h"
#include "server/limits.h"

struct serving;
struct sv_engine;

/* All borrowed, constant while it serves. */
struct serving_config {
	struct sv_engine *engine;
	const char *path;
	const struct compile_flags *flags;
	const struct server_limits *limits;
	struct host_guest guest; /* but for its artifact */
	const char *profile_out; /* NULL: by the path, if code counts for a profile */
	bool is_watched;         /* also the file of settings */
};

/* Open it; watching begins with serving_watch. NULL with `error`, whose text names the file. */
struct serving *serving_new(const struct serving_config *config, struct sv_error *error);

/* What answers requests. */
const struct handler *serving_handler(const struct serving *serving);

/* From now on changes count, if it is watched. */
SV_MUST_USE bool serving_watch(struct serving *serving, struct sv_error *error);

/*
 * No worker may be left. False, with nothing released, while the next one is being made, which may
 * take minutes. NULL is allowed.
 */
SV_MUST_USE bool serving_free(struct serving *serving);

#endif
