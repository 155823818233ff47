/*
 * serving.c: see serving.h. One that is watched answers through a relay, so that requests that have
 * begun end with the artifact and the stores that they began with.
 */
#include "cli/serving.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/compile_cache.h"
#include "cli/module_open.h"
#include "cli/profile_file.h"
#include "cli/report.h"
#include "cli/watch.h"
#include "runtime/selvage.h"
#include "server/guest.h"
#include "server/log.h"
#include "server/relay.h"

/* An artifact and all that is made for it. */
struct generation {
	struct sv_artifact *artifact;
	struct host_guest guest;
	struct guest_service *service; /* NULL: it has not served */
	const struct serving_config *config;
	struct compile_digest digest; /* if it is watched, as the next one */
	struct timespec settings;     /* when the file of settings was written */
};

struct serving {
	struct serving_config config;
	struct generation
			*current; /* the watch's, when there is one; borrowed from the relay then */
	struct relay *relay; /* NULL: it is not watched */
	struct watch *watch;
};

/* No instance is left: what they counted goes to its file. */
static void generation_keep_counts(const struct generation *generation)
{
	const struct serving_config *config = generation->config;
	struct sv_error error = SV_ERROR_INIT;
	if (!profile_file_add(generation->artifact, config->path, config->profile_out, &error))
		report_error(&error);
}

static void generation_free(void *data)
{
	struct generation *generation = data;
	if (!generation)
		return;
	guest_service_free(generation->service);
	if (generation->service)
		generation_keep_counts(generation);
	sv_artifact_free(generation->artifact);
	free(generation);
}

static struct timespec settings_time(const struct serving_config *config)
{
	struct stat status = {0};
	if (config->guest.config)
		(void)!stat(config->guest.config, &status);
	return status.st_mtim;
}

static struct generation *generation_new(const struct serving_config *config,
		struct sv_error *error)
{
	struct generation *generation = calloc(1, sizeof *generation);
	if (!generation) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the service");
		return NULL;
	}
	generation->config = config;
	generation->settings = settings_time(config);
	generation->artifact = config->is_watched
			? compile_cache_open(config->engine, config->path, config->flags,
					  &generation->digest, error)
			: module_open(config->engine, config->path, config->flags, error);
	if (!generation->artifact ||
			!profile_file_check(generation->artifact, config->path, config->profile_out,
					error)) {
		generation_free(generation);
		return NULL;
	}
	generation->guest = config->guest;
	generation->guest.artifact = generation->artifact;
	generation->service = guest_service_new(config->engine, &generation->guest, config->limits,
			error);
	if (generation->service)
		return generation;
	sv_error_prefix(error, "%s", config->path);
	generation_free(generation);
	return NULL;
}

struct serving *serving_new(const struct serving_config *config, struct sv_error *error)
{
	struct serving *serving = calloc(1, sizeof *serving);
	if (!serving) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the service");
		return NULL;
	}
	serving->config = *config;
	serving->current = generation_new(&serving->config, error);
	if (serving->current && config->is_watched)
		serving->relay = relay_new(guest_service_handler(serving->current->service),
				generation_free, serving->current, error);
	if (serving->current && (serving->relay || !config->is_watched))
		return serving;
	generation_free(serving->current);
	free(serving);
	return NULL;
}

const struct handler *serving_handler(const struct serving *serving)
{
	return serving->relay ? relay_handler(serving->relay)
			      : guest_service_handler(serving->current->service);
}

/* ---- changes ---- */

static bool is_same(const struct generation *a, const struct generation *b)
{
	return memcmp(&a->digest, &b->digest, sizeof a->digest) == 0 &&
			a->settings.tv_sec == b->settings.tv_sec &&
			a->settings.tv_nsec == b->settings.tv_nsec;
}

/* On the watch's thread. */
static void serving_reload(void *data)
{
	struct serving *serving = data;
	const char *name = module_base_name(serving->config.path);
	struct server_log log = {0};
	struct sv_error error = SV_ERROR_INIT;
	uint64_t began = host_now();
	struct generation *next = generation_new(&serving->config, &error);
	bool is_new = next && !is_same(next, serving->current);
	if (is_new &&
			relay_replace(serving->relay, guest_service_handler(next->service),
					generation_free, next, &error)) {
		serving->current = next;
		log_event(&log, "%s has changed: the new one serves, after %.1f ms", name,
				(double)(host_now() - began) / 1e6);
	} else {
		generation_free(next);
	}
	if (error.code)
		log_event(&log, "%s has changed, but the old one goes on: %s", name, error.text);
	log_flush(&log);
	buffer_finish(&log.out);
}

bool serving_watch(struct serving *serving, struct sv_error *error)
{
	const struct serving_config *config = &serving->config;
	const char *const paths[] = {config->path, config->guest.config};
	if (!serving->relay)
		return true;
	serving->watch = watch_start(paths, config->guest.config ? 2 : 1, serving_reload, serving,
			error);
	return serving->watch != NULL;
}

bool serving_free(struct serving *serving)
{
	if (!serving)
		return true;
	if (!watch_stop(serving->watch))
		return false;
	if (serving->relay)
		relay_free(serving->relay);
	else
		generation_free(serving->current);
	free(serving);
	return true;
}
