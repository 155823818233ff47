/*
 * build.c: see build.h. What there is to build is in the database only.
 */
#include "platform/build.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/aside.h"
#include "platform/activate.h"
#include "platform/background.h"
#include "platform/compilation.h"
#include "platform/control.h"
#include "platform/db.h"
#include "platform/deployments.h"
#include "platform/journal.h"
#include "platform/metrics.h"
#include "platform/pieces.h"
#include "platform/routes.h"
#include "platform/sources.h"
#include "platform/state.h"
#include "server/log_writer.h"
#include "server/loop.h"

/* One of the threads. */
struct build_lane {
	struct build *build;
	enum tier tier;
	int64_t tenant;     /* whose build is under way, 0: none; under the lock */
	pthread_t thread;
	bool has_thread;
	bool is_woken;      /* under the lock */
	int64_t tried;      /* version whose build failed by the machine's fault */
	unsigned try_count; /* and how often, one after the other */
};

struct build {
	struct platform_state *state; /* borrowed */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_ending;
	int stop; /* event descriptor, owned: readable at the end */
	int64_t last[TIER_RELEASE + 1]; /* by tier: the tenant that had a turn; under the lock */
	struct build_lane lanes[3];
};

/* Two for new versions: one that takes long delays nobody but who sent it. */
static const enum tier lane_tiers[] = {TIER_FAST, TIER_FAST, TIER_RELEASE};

/* Something failed that is not the module's fault, such as a full disk: not again at once. */
static const int pause_seconds = 2;
static const unsigned tries_most = 5;

/*
 * Bytes of a module up to which the release tier is compiled at once: that takes 0.3 s, which is
 * no longer than exchanging versions twice is worth. Measured, 45 us a byte at the worst.
 */
static const int64_t release_at_once = 8192;

static void lane_sleep(struct build_lane *lane, int seconds, bool ends_early)
{
	struct build *build = lane->build;
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += seconds;
	pthread_mutex_lock(&build->lock);
	while (!build->is_ending && (!ends_early || !lane->is_woken)) {
		if (pthread_cond_timedwait(&build->changed, &build->lock, &until) != 0)
			break;
	}
	lane->is_woken = false;
	pthread_mutex_unlock(&build->lock);
}

static bool build_is_ending(struct build *build)
{
	pthread_mutex_lock(&build->lock);
	bool is_ending = build->is_ending;
	pthread_mutex_unlock(&build->lock);
	return is_ending;
}

static void build_count(struct build *build, const struct deployment *deployment, enum tier tier,
		const struct pieces_head *pieces, uint64_t micros)
{
	struct route *route = activate_route(build->state, deployment, NULL);
	if (!route)
		return; /* removed meanwhile */
	metrics_add(&route_metrics(route)->builds[tier], 1);
	metrics_add(&route_metrics(route)->build_micros[tier], micros);
	metrics_add(&route_metrics(route)->pieces_found[tier], pieces->found);
	metrics_add(&route_metrics(route)->pieces_made[tier], pieces->made);
	route_release(route);
}

/* An artifact that was compiled, kept; within what the tenant may have. */
static bool artifact_keep(struct platform_state *state, const struct deployment *deployment,
		struct version *version, struct sv_bytes artifact, struct sv_error *error)
{
	int status;
	TRY(blobs_put(&state->blobs, artifact, version->artifact, error));
	TRY(db_begin(state->db, error));
	bool done = compiled_add(state->db, version, state->compiler, artifact.length, error) &&
			quota_check(state->db, &state->quotas, QUOTA_bytes, deployment->tenant, 0,
					&status, error);
	return db_end(state->db, done, error) && done;
}

static bool artifact_compile(struct build_lane *lane, const struct deployment *deployment,
		struct version *version, struct pieces_head *head, struct sv_error *error)
{
	struct build *build = lane->build;
	struct blobs *blobs = &build->state->blobs;
	struct buffer artifact = {.limit = COMPILATION_OUTPUT}, pieces = {.limit = PIECES_MOST};
	bool has_pieces = version->size >= PIECES_LEAST;
	char path[4096];
	const struct compilation compilation = {.path = path,
			.tier = version->tier,
			.is_later = lane->tier == TIER_RELEASE,
			.pieces = has_pieces ? &pieces : NULL,
			.stop = build->stop};
	*head = (struct pieces_head){0};
	TRY(blobs_path(blobs, version->module, path, sizeof path, error));
	if (has_pieces)
		pieces_get(build->state, version, &pieces);
	bool done = compilation_run(&compilation, &artifact, error);
	if (done) {
		blobs_hold(blobs);
		done = artifact_keep(build->state, deployment, version, buffer_view(&artifact),
				error);
		blobs_let_go(blobs);
		if (!done) {
			blobs_drop(blobs, version->artifact);
			atomic_store(&build->state->has_garbage, true); /* if it could not be */
		}
	}
	if (done && has_pieces)
		pieces_keep(build->state, version, buffer_view(&pieces), head);
	buffer_finish(&pieces);
	buffer_finish(&artifact);
	return done;
}

/* The artifact for a tier, if it was compiled before and is still there. */
static bool artifact_find(struct platform_state *state, struct version *version, enum tier tier,
		bool *found, struct sv_error *error)
{
	char path[4096];
	version->tier = tier;
	*found = false;
	TRY(compiled_find(state->db, version, tier, state->compiler, version->artifact, error));
	if (!version->artifact[0])
		return true;
	TRY(blobs_path(&state->blobs, version->artifact, path, sizeof path, error));
	*found = access(path, R_OK) == 0;
	return true;
}

/*
 * The best artifact that there is of the module, for a lane of new versions, or the one of the
 * release tier; compiled if it was not before.
 */
static bool build_artifact(struct build_lane *lane, const struct deployment *deployment,
		struct version *version, struct sv_error *error)
{
	struct platform_state *state = lane->build->state;
	struct pieces_head pieces;
	bool found;
	if (version->signature[0]) { /* it was sent compiled */
		version->tier = TIER_RELEASE;
		memcpy(version->artifact, version->module, sizeof version->artifact);
		return true;
	}
	TRY(artifact_find(state, version, TIER_RELEASE, &found, error));
	if (!found && lane->tier == TIER_FAST && version->size > release_at_once)
		TRY(artifact_find(state, version, TIER_FAST, &found, error));
	if (found)
		return true;
	uint64_t began = clock_now();
	TRY(artifact_compile(lane, deployment, version, &pieces, error));
	build_count(lane->build, deployment, version->tier, &pieces, (clock_now() - began) / 1000);
	return true;
}

/* Some of what the compilers of sources said, in the deployment's log. */
static void build_tell(struct build *build, const struct deployment *deployment,
		const struct version *version, const struct buffer *log)
{
	static const unsigned lines_most = 200;
	struct route *route = log->length ? activate_route(build->state, deployment, NULL) : NULL;
	size_t at = 0;
	for (unsigned i = 0; route && i < lines_most && at < log->length; i++) {
		const char *line = (const char *)log->data + at;
		const char *end = memchr(line, '\n', log->length - at);
		size_t length = end ? (size_t)(end - line) : log->length - at;
		/* The last line is the reason, which is told anyway. */
		if (length && (length < 9 || memcmp(line, "selvage: ", 9) != 0))
			journal_event(route_journal(route), "version %" PRId64 ": build: %.*s",
					version->number, (int)(length < 400 ? length : 400), line);
		at += length + 1;
	}
	route_release(route);
}

/* A module that was built, kept in place of its sources. */
static bool module_keep(struct build *build, const struct deployment *deployment,
		struct version *version, struct sv_bytes module, struct sv_error *error)
{
	struct platform_state *state = build->state;
	int status;
	version->size = (int64_t)module.length;
	blobs_hold(&state->blobs);
	bool done = blobs_put(&state->blobs, module, version->module, error) &&
			db_begin(state->db, error);
	if (done) {
		done = version_set_module(state->db, version, error) &&
				quota_check(state->db, &state->quotas, QUOTA_bytes,
						deployment->tenant, 0, &status, error);
		done = db_end(state->db, done, error) && done;
	}
	blobs_let_go(&state->blobs);
	atomic_store(&state->has_garbage, true); /* the sources, or what could not be kept */
	return done;
}

/* The sources of a version become its module, if that was not done before. */
static bool build_sources(struct build *build, const struct deployment *deployment,
		struct version *version, struct sv_error *error)
{
	struct platform_state *state = build->state;
	struct buffer module = {.limit = CONTROL_MODULE_MOST}, log = {.limit = SOURCES_LOG};
	char path[4096];
	struct sources_task task = {.path = path,
			.folder = state->work_folder,
			.tools = state->tools,
			.stop = build->stop};
	if (!version->source[0])
		return true;
	if (!language_find(version->language, &task.language))
		return sv_fail(error, SV_ERROR_INTERNAL, "sources in \"%s\"", version->language);
	TRY(blobs_path(&state->blobs, version->source, path, sizeof path, error));
	bool done = sources_build(&task, &module, &log, error);
	build_tell(build, deployment, version, &log);
	done = done && module_keep(build, deployment, version, buffer_view(&module), error);
	buffer_finish(&module);
	buffer_finish(&log);
	return done;
}

/* It failed for good: the module's own fault, or that of what it needs. */
static bool build_fail(struct build_lane *lane, const struct deployment *deployment,
		const struct version *version, const struct sv_error *failure,
		struct sv_error *error)
{
	struct build *build = lane->build;
	bool is_first = lane->tier == TIER_FAST;
	struct route *route = activate_route(build->state, deployment, NULL);
	if (route) {
		metrics_add(&route_metrics(route)->build_failures[version->tier], 1);
		journal_event(route_journal(route), "version %" PRId64 ": %s%s", version->number,
				is_first ? "" : "the release tier failed: ", failure->text);
	}
	route_release(route);
	return version_set_state(build->state->db, version->id,
			is_first ? VERSION_FAILED : VERSION_READY, failure->text, error);
}

/* Errors of the machine's, which may be over when it is tried again, a few times. */
static bool build_may_pass(struct build_lane *lane, int64_t id, const struct sv_error *error)
{
	if (error->code != SV_ERROR_SYSTEM && error->code != SV_ERROR_NO_MEMORY)
		return false;
	lane->try_count = lane->tried == id ? lane->try_count + 1 : 1;
	lane->tried = id;
	return lane->try_count < tries_most;
}

/* From whatever state it was left in to the end. */
static bool build_version(struct build_lane *lane, struct version *version, struct sv_error *error)
{
	struct build *build = lane->build;
	struct platform_state *state = build->state;
	struct deployment deployment;
	struct sv_error failure = SV_ERROR_INIT;
	bool found, is_first = lane->tier == TIER_FAST;
	TRY(deployment_get(state->db, version->deployment, &deployment, &found, error));
	if (!found)
		return true; /* removed since it was chosen, and its versions with it */
	version->tier = lane->tier; /* until it is known which one there will be */
	if (is_first)
		TRY(version_set_state(state->db, version->id, VERSION_BUILDING, "building", error));
	bool done = build_sources(build, &deployment, version, &failure);
	if (done && is_first)
		done = version_set_state(state->db, version->id, VERSION_BUILDING,
				"generating machine code", &failure);
	done = done && build_artifact(lane, &deployment, version, &failure);
	if (done && is_first)
		done = version_set_state(state->db, version->id, VERSION_CHECKING,
				"loading and asking once", &failure);
	if (done)
		done = activate_version(state, &deployment, version, is_first ? 0 : version->number,
				&failure);
	if (done || build_is_ending(build) || failure.code == SV_ERROR_OVERTAKEN)
		return true;
	if (build_may_pass(lane, version->id, &failure))
		return sv_fail(error, failure.code, "%s", failure.text);
	return build_fail(lane, &deployment, version, &failure, error);
}

static void build_complain(const struct sv_error *error)
{
	char line[600];
	int length = snprintf(line, sizeof line, "selvage: build: %s\n", error->text);
	if (length > 0 && (size_t)length < sizeof line)
		log_writer_add(line, (size_t)length);
}

/* Choose a version, and mark its tenant as one that has a build under way. */
static bool lane_choose(struct build_lane *lane, struct version *version, bool *found,
		struct sv_error *error)
{
	struct build *build = lane->build;
	struct turn turn = {0};
	pthread_mutex_lock(&build->lock);
	turn.last = build->last[lane->tier];
	for (size_t i = 0; i < ARRAY_LENGTH(build->lanes); i++) {
		if (&build->lanes[i] != lane && build->lanes[i].tier == lane->tier)
			turn.busy = build->lanes[i].tenant;
	}
	bool done = version_next(build->state->db, lane->tier, &turn, version, found, error);
	lane->tenant = done && *found ? version->tenant : 0;
	pthread_mutex_unlock(&build->lock);
	return done;
}

/* What it had chosen is done, or to be tried again: then it stays this tenant's turn. */
static void lane_finish(struct build_lane *lane, bool done)
{
	struct build *build = lane->build;
	pthread_mutex_lock(&build->lock);
	if (done && lane->tenant)
		build->last[lane->tier] = lane->tenant;
	lane->tenant = 0;
	pthread_mutex_unlock(&build->lock);
}

static bool lane_build(struct build_lane *lane, struct version *version, struct sv_error *error)
{
	background_begin();
	bool done = build_version(lane, version, error);
	background_end();
	return done;
}

static void *lane_main(void *data)
{
	struct build_lane *lane = data;
	struct build *build = lane->build;
	background_thread();
	while (!build_is_ending(build)) {
		struct version version;
		struct sv_error error = SV_ERROR_INIT;
		bool found = false;
		bool done = lane_choose(lane, &version, &found, &error) &&
				(!found || lane_build(lane, &version, &error));
		lane_finish(lane, done);
		if (!done)
			build_complain(&error);
		if (done && found)
			build_wake(build); /* other lanes may have something to do now */
		else
			lane_sleep(lane, done ? 3600 : pause_seconds, done);
	}
	return NULL;
}

static bool lane_start(struct build_lane *lane)
{
	lane->has_thread = aside_start(&lane->thread, NULL, lane_main, lane) == 0;
	return lane->has_thread;
}

struct build *build_start(struct platform_state *state, struct sv_error *error)
{
	struct build *build = calloc(1, sizeof *build);
	if (!build) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the builder");
		return NULL;
	}
	build->state = state;
	pthread_mutex_init(&build->lock, NULL);
	pthread_cond_init(&build->changed, NULL);
	build->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	bool done = build->stop >= 0;
	for (size_t i = 0; i < ARRAY_LENGTH(build->lanes); i++) {
		build->lanes[i].build = build;
		build->lanes[i].tier = lane_tiers[i];
	}
	for (size_t i = 0; done && i < ARRAY_LENGTH(build->lanes); i++)
		done = lane_start(&build->lanes[i]);
	if (done)
		return build;
	sv_fail_errno(error, "cannot start the builder");
	build_stop(build);
	return NULL;
}

void build_wake(struct build *build)
{
	pthread_mutex_lock(&build->lock);
	for (size_t i = 0; i < ARRAY_LENGTH(build->lanes); i++)
		build->lanes[i].is_woken = true;
	pthread_cond_broadcast(&build->changed);
	pthread_mutex_unlock(&build->lock);
}

void build_stop(struct build *build)
{
	uint64_t one = 1;
	if (!build)
		return;
	pthread_mutex_lock(&build->lock);
	build->is_ending = true;
	pthread_cond_broadcast(&build->changed);
	pthread_mutex_unlock(&build->lock);
	ssize_t written = build->stop >= 0 ? write(build->stop, &one, sizeof one) : 0;
	(void)written; /* fails only if it is already readable */
	for (size_t i = 0; i < ARRAY_LENGTH(build->lanes); i++) {
		if (build->lanes[i].has_thread)
			pthread_join(build->lanes[i].thread, NULL);
	}
	if (build->stop >= 0)
		close(build->stop);
	pthread_cond_destroy(&build->changed);
	pthread_mutex_destroy(&build->lock);
	free(build);
}
