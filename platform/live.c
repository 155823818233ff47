/*
 * live.c: see live.h.
 */
#include "platform/live.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "host/files.h"
#include "host/outbound.h"
#include "platform/assets.h"
#include "platform/caps.h"
#include "platform/deployments.h"
#include "platform/gate.h"
#include "platform/journal.h"
#include "platform/metrics.h"
#include "platform/routes.h"
#include "platform/settings.h"
#include "platform/state.h"
#include "runtime/selvage_serve.h"
#include "server/guest.h"
#include "server/loop.h"

/* Desks that are kept for the next requests. */
#define LIVE_DESKS 32

struct live {
	atomic_uint count;
	struct platform_state *state; /* borrowed */
	struct route *route;          /* counted */
	struct environment environment;
	struct caps caps;
	struct host_outbound outbound;
	struct host_guest guest;
	struct guest_service *service; /* owned */
	struct assets *assets;         /* owned; NULL: none */
	struct host_files files;       /* settings among them */
	uint64_t mapped;               /* bytes of its files */
	pthread_mutex_t lock;
	void *desks[LIVE_DESKS]; /* owned; those that are free */
	size_t desk_count;
};

static void live_log(void *data, const char *trace_id, const char *line, size_t length)
{
	struct live *live = data;
	metrics_add(&route_metrics(live->route)->log_lines, 1);
	journal_add(route_journal(live->route), JOURNAL_GUEST, trace_id, line, length);
}

/* Tenants see what is said here, and where the file is is not theirs to know. */
static struct sv_artifact *artifact_load(struct sv_engine *engine, const char *path,
		struct sv_error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		sv_fail_errno(error, "cannot open the artifact");
		return NULL;
	}
	struct sv_artifact *artifact = sv_artifact_load_fd(engine, fd, "the artifact", error);
	close(fd);
	return artifact;
}

/*
 * A signature that is looked at each time: a key that is trusted no longer ends what it signed. It
 * is of the content, of which the name says nothing any more if somebody changed the file.
 */
static bool signed_check(const struct platform_state *state, const struct version *version,
		const char *path, struct sv_error *error)
{
	struct buffer bytes = {0};
	char digest[BLOB_NAME_SIZE] = "";
	TRY(signature_check(&state->trust, version->signature, version->artifact, error));
	if (file_read(path, &bytes, NULL))
		blob_name(buffer_view(&bytes), digest);
	buffer_finish(&bytes);
	return strcmp(digest, version->artifact) == 0 ||
			sv_fail(error, SV_ERROR_ARTIFACT,
					"the artifact's file is not what was signed: it was "
					"changed, or cannot be read");
}

/* Its size; 0 for one that is not there, which loading it says. */
static uint64_t file_bytes(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
}

/* A version without files has no settings either. */
static bool live_setting(const void *data, const char *path, struct sv_bytes *content)
{
	const struct assets *assets = data;
	return assets && assets_setting(assets, path, content);
}

static bool live_load(struct live *live, const struct version *version, struct sv_error *error)
{
	struct platform_state *state = live->state;
	char path[4096];
	TRY(environment_load(&live->environment, state->db, &state->key, version->deployment,
			error));
	TRY(caps_load(state->db, version->deployment, &live->caps, error));
	if (version->assets[0]) {
		TRY(blobs_path(&state->blobs, version->assets, path, sizeof path, error));
		live->assets = assets_open(path, error);
		if (!live->assets)
			return false;
	}
	struct kv *store = route_store(live->route, error);
	if (!store)
		return false;
	TRY(blobs_path(&state->blobs, version->artifact, path, sizeof path, error));
	if (version->signature[0])
		TRY(signed_check(state, version, path, error));
	live->mapped = file_bytes(path) + (uint64_t)version->assets_size;
	struct sv_artifact *artifact = artifact_load(state->engine, path, error);
	if (!artifact)
		return false;
	live->outbound = (struct host_outbound){
			.requests = live->caps.outbound,
			.bytes = live->caps.outbound_bytes,
			.at_once = live->caps.outbound_concurrency,
			.memory = live->caps.outbound_memory ? live->caps.outbound_memory
							     : state->limits.outbound_memory,
			.under_way = &route_gate(live->route)->outbound,
			.held = &route_gate(live->route)->outbound_held,
	};
	live->files = (struct host_files){
			.find = live_setting,
			.data = live->assets,
			.reachable = state->reachable,
			.reachable_count = state->reachable_count,
	};
	live->guest = (struct host_guest){
			.name = route_name(live->route),
			.kv = store,
			.files = &live->files,
			.secrets = live->environment.is_secret,
			.artifact = artifact,
			.environment = (const char *const *)live->environment.items,
			.environment_count = live->environment.count,
			.max_memory = live->caps.memory ? live->caps.memory
							: state->limits.guest_memory,
			.outbound = &live->outbound,
			.cpu_time = live->caps.cpu * UINT64_C(1000000),
			.log_limit = state->limits.log_bytes,
			.log = live_log,
			.log_data = live,
	};
	live->service = guest_service_new(state->engine, &live->guest, &state->limits, error);
	/* What it brings is its own, nobody's words of a call to us. */
	if (!live->service && error->code == SV_ERROR_USAGE)
		error->code = SV_ERROR_INVALID;
	return live->service != NULL;
}

struct live *live_open(struct platform_state *state, struct route *route,
		const struct version *version, struct sv_error *error)
{
	struct live *live = calloc(1, sizeof *live);
	if (!live) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a version");
		return NULL;
	}
	uint64_t began = clock_now();
	live->state = state;
	live->route = route_take(route);
	atomic_init(&live->count, 1);
	pthread_mutex_init(&live->lock, NULL);
	if (live_load(live, version, error)) {
		metrics_add(&route_metrics(route)->loads, 1);
		metrics_add(&route_metrics(route)->load_micros, (clock_now() - began) / 1000);
		return live;
	}
	live_release(live);
	return NULL;
}

struct live *live_take(struct live *live)
{
	atomic_fetch_add(&live->count, 1);
	return live;
}

void live_release(struct live *live)
{
	if (!live || atomic_fetch_sub(&live->count, 1) != 1)
		return;
	for (size_t i = 0; i < live->desk_count; i++) {
		const struct handler *handler = live_handler(live);
		handler->desk_free(handler->data, live->desks[i]);
	}
	assets_close(live->assets);
	guest_service_free(live->service);
	sv_artifact_free(live->guest.artifact);
	environment_finish(&live->environment);
	pthread_mutex_destroy(&live->lock);
	route_release(live->route);
	free(live);
}

bool live_takes_intake(const struct live *live)
{
	const struct handler *handler = live_handler(live);
	return !live->caps.body && handler->takes_intake(handler->data, NULL);
}

bool live_is_quick(const struct live *live)
{
	const struct handler *handler = live_handler(live);
	/* Pages of static files may be on the disk alone. */
	return !live->assets && handler->is_quick && handler->is_quick(handler->data, NULL);
}

void live_look(struct live *live, struct live_gauges *gauges)
{
	struct sv_pool_stats stats;
	guest_service_look(live->service, &stats);
	*gauges = (struct live_gauges){
			stats.made, stats.leased, live->mapped + stats.kept};
}

const struct caps *live_caps(const struct live *live)
{
	return &live->caps;
}

struct route *live_route(const struct live *live)
{
	return live->route;
}

const struct asset *live_asset(const struct live *live, struct sv_bytes path)
{
	return live->assets ? assets_find(live->assets, path) : NULL;
}

const struct handler *live_handler(const struct live *live)
{
	return guest_service_handler(live->service);
}

void *live_desk_take(struct live *live, struct sv_error *error)
{
	void *desk = NULL;
	pthread_mutex_lock(&live->lock);
	if (live->desk_count)
		desk = live->desks[--live->desk_count];
	pthread_mutex_unlock(&live->lock);
	if (desk)
		return desk;
	const struct handler *handler = live_handler(live);
	return handler->desk_new(handler->data, error);
}

void live_desk_give(struct live *live, void *desk)
{
	pthread_mutex_lock(&live->lock);
	bool is_kept = live->desk_count < LIVE_DESKS;
	if (is_kept)
		live->desks[live->desk_count++] = desk;
	pthread_mutex_unlock(&live->lock);
	const struct handler *handler = live_handler(live);
	if (!is_kept)
		handler->desk_free(handler->data, desk);
}

/* ---- asking it once ---- */

static void probe_request(struct exchange *exchange, const char *path, const char *name)
{
	exchange->headers[0] = (struct host_header){host_text("Host"), host_text(name)};
	exchange->request = (struct host_request){
			.method = host_text("GET"),
			.target = host_text(path),
			.path = host_text(path),
			.major_version = 1,
			.minor_version = 1,
			.headers = exchange->headers,
			.header_count = 1,
			.scheme = "http",
			.remote_address = "127.0.0.1",
			.server_name = name,
			.server_port = 80,
	};
	const char *query = strchr(path, '?');
	if (query) {
		exchange->request.path.length = (size_t)(query - path);
		exchange->request.query = host_text(query + 1);
	}
}

/* Who sleeps here is this thread. */
struct sleeper {
	struct host_waker waker; /* first: wakers are cast to sleepers */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_roused; /* under the lock */
};

static void sleeper_wake(struct host_waker *waker)
{
	struct sleeper *sleeper = (struct sleeper *)waker;
	pthread_mutex_lock(&sleeper->lock);
	sleeper->is_roused = true;
	pthread_cond_signal(&sleeper->changed);
	pthread_mutex_unlock(&sleeper->lock);
}

static void sleeper_init(struct sleeper *sleeper)
{
	pthread_condattr_t attributes;
	*sleeper = (struct sleeper){.waker.wake = sleeper_wake};
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_mutex_init(&sleeper->lock, NULL);
	pthread_cond_init(&sleeper->changed, &attributes);
	pthread_condattr_destroy(&attributes);
}

static void sleeper_finish(struct sleeper *sleeper)
{
	pthread_cond_destroy(&sleeper->changed);
	pthread_mutex_destroy(&sleeper->lock);
}

static void sleeper_sleep(struct sleeper *sleeper, uint64_t until)
{
	const struct timespec time = {(time_t)(until / 1000000000), (long)(until % 1000000000)};
	pthread_mutex_lock(&sleeper->lock);
	while (!sleeper->is_roused && clock_now() < until)
		pthread_cond_timedwait(&sleeper->changed, &sleeper->lock, &time);
	sleeper->is_roused = false;
	pthread_mutex_unlock(&sleeper->lock);
}

/* All turns of one request. Nobody takes what it streams, so that is dropped. */
static void probe_run(const struct handler *handler, void *desk, struct exchange *exchange)
{
	struct sleeper sleeper;
	uint64_t wake = 0;
	sleeper_init(&sleeper);
	exchange->waker = &sleeper.waker;
	enum handled handled = handler->begin(handler->data, desk, exchange, &wake);
	while (handled != HANDLED_ANSWERED) {
		if (handled == HANDLED_ASLEEP)
			sleeper_sleep(&sleeper, wake);
		handled = handler->go_on(handler->data, desk, &wake);
	}
	handler->recycle(handler->data, desk);
	sleeper_finish(&sleeper);
}

static bool probe_result(const struct exchange *exchange, const char *path, struct sv_error *error)
{
	if (exchange->outcome.ending != HOST_ANSWERED)
		return sv_fail(error, SV_ERROR_TRAP, "GET %s: %s", path, exchange->outcome.cause);
	if (exchange->response.status >= 500)
		return sv_fail(error, SV_ERROR_TRAP, "GET %s answered with status %d", path,
				exchange->response.status);
	return true;
}

bool live_probe(struct live *live, const char *path, struct sv_error *error)
{
	const struct handler *handler = live_handler(live);
	struct exchange *exchange = exchange_new(&live->state->limits);
	if (!exchange)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a request");
	probe_request(exchange, path, route_host(live->route));
	exchange->deadline = clock_now() + live->state->limits.request_time;
	bool done = handler->thread_enter(handler->data, error);
	if (done) {
		void *desk = live_desk_take(live, error);
		done = desk != NULL;
		if (done) {
			probe_run(handler, desk, exchange);
			live_desk_give(live, desk);
			done = probe_result(exchange, path, error);
		}
		handler->thread_leave(handler->data);
	}
	exchange_free(exchange);
	return done;
}
