/*
 * platform.c: puts the platform together, in the order in which its parts need each other, and
 * takes it apart the other way round. The data plane runs on the caller's thread, the control plane
 * on one of its own; both have workers.
 */
#include "platform/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/aside.h"
#include "base/file.h"
#include "base/version.h"
#include "platform/background.h"
#include "platform/build.h"
#include "platform/control.h"
#include "platform/db.h"
#include "platform/deployments.h"
#include "platform/first_token.h"
#include "platform/journal.h"
#include "platform/keeper.h"
#include "platform/proof.h"
#include "platform/router.h"
#include "platform/routes.h"
#include "platform/settings.h"
#include "platform/sources.h"
#include "platform/state.h"
#include "runtime/selvage.h"
#include "server/identities.h"
#include "server/server.h"

struct platform {
	struct platform_state state;
	struct handler router, control;
	struct tls_identities *tls; /* owned */
	struct server *data_server, *control_server;
	struct keeper *keeper;
	pthread_t control_thread;
	bool control_is_done; /* its server answered all before it stopped */
	int lock; /* descriptor of the lock file, owned */
};

/* Requests to the control plane: few, some of them large or long. */
static const unsigned control_workers = 4;

/* ---- the data folder ---- */

static bool folder_make(char *path, size_t size, const char *data, const char *name,
		struct sv_error *error)
{
	int length = snprintf(path, size, "%s%s%s", data, name[0] ? "/" : "", name);
	if (length < 0 || (size_t)length >= size)
		return sv_fail(error, SV_ERROR_LIMIT, "the path of the data folder is too long");
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return sv_fail_errno(error, "cannot make the folder %s", path);
	return true;
}

/* The folder with those above it, as `mkdir -p` does. */
static bool folder_make_all(const char *data, struct sv_error *error)
{
	char path[512];
	int length = snprintf(path, sizeof path, "%s", data);
	if (length < 1 || (size_t)length >= sizeof path)
		return sv_fail(error, SV_ERROR_USAGE, "the path of the data folder is not usable");
	for (char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		if (mkdir(path, 0755) != 0 && errno != EEXIST)
			return sv_fail_errno(error, "cannot make the folder %s", path);
		*at = '/';
	}
	return folder_make(path, sizeof path, data, "", error);
}

static bool blob_is_wanted(void *data, const char *name)
{
	const struct platform_state *state = data;
	bool is_used = true;
	/* If the database cannot say, it stays. */
	return !blob_is_used(state->db, name, &is_used, NULL) || is_used;
}

/* A child that a killed daemon was just starting has the lock, too, until it runs. */
static bool lock_take(int lock)
{
	static const struct timespec pause = {.tv_nsec = 20000000};
	for (int tries = 0; tries < 25; tries++) {
		if (flock(lock, LOCK_EX | LOCK_NB) == 0)
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

static bool data_open(struct platform *platform, const char *data, struct sv_error *error)
{
	struct platform_state *state = &platform->state;
	TRY(folder_make_all(data, error));
	snprintf(state->folder, sizeof state->folder, "%s", data);
	TRY(folder_make(state->blob_folder, sizeof state->blob_folder, data, "blobs", error));
	TRY(folder_make(state->log_folder, sizeof state->log_folder, data, "logs", error));
	TRY(folder_make(state->tls_folder, sizeof state->tls_folder, data, "tls", error));
	snprintf(state->work_folder, sizeof state->work_folder, "%s/work", data);
	snprintf(state->database, sizeof state->database, "%s/selvage.db", data);
	snprintf(state->key_file, sizeof state->key_file, "%s/secret.key", data);
	snprintf(state->token_file, sizeof state->token_file, "%s/first.token", data);
	snprintf(state->lock_file, sizeof state->lock_file, "%s/lock", data);
	platform->lock = open(state->lock_file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (platform->lock < 0)
		return sv_fail_errno(error, "cannot open %s", state->lock_file);
	return lock_take(platform->lock) ||
			sv_fail(error, SV_ERROR_SYSTEM, "%s is in use by another `selvage up`",
					data);
}

/*
 * The key of secrets, made by the first start. A new one in place of one that was lost would keep
 * what the old one sealed from everybody for good, without a word.
 */
static bool key_open(struct platform_state *state, struct sv_error *error)
{
	bool found;
	int64_t count;
	TRY(seal_key_read(&state->key, state->key_file, &found, error));
	if (found)
		return secrets_check(state->db, &state->key, error);
	TRY(secrets_count(state->db, &count, error));
	if (count > 0)
		return sv_fail(error, SV_ERROR_SYSTEM,
				"%s is missing, and %lld secrets are sealed with it: put "
				"the file back",
				state->key_file, (long long)count);
	return seal_key_make(&state->key, state->key_file, error) &&
			folder_sync(state->folder, error);
}

static bool state_open(struct platform *platform, struct sv_error *error)
{
	bool is_clean;
	struct platform_state *state = &platform->state;
	state->db = db_open(state->database, error);
	if (!state->db)
		return false;
	TRY(key_open(state, error));
	sources_sweep(state->work_folder);
	TRY(versions_retry(state->db, error));
	TRY(compiled_forget(state->db, error));
	TRY(compiled_measure(state->db, &state->blobs, error));
	TRY(blobs_sweep(&state->blobs, &is_clean, error));
	state->engine = sv_engine_new(NULL, error);
	if (!state->engine)
		return false;
	state->journals = journals_new(state->log_folder, error);
	state->routes = state->journals ? routes_new(state, error) : NULL;
	return state->routes != NULL;
}

/* ---- the two servers ---- */

static uint16_t address_port(const char *address)
{
	const char *colon = strrchr(address, ':');
	return colon ? (uint16_t)atoi(colon + 1) : 0;
}

/* Names of the domain have certificates of our own authority, others those of files. */
static bool tls_open(struct platform *platform, const struct platform_config *config,
		struct sv_error *error)
{
	struct platform_state *state = &platform->state;
	platform->tls = tls_identities_new(error);
	if (!platform->tls)
		return false;
	if (config->client_authority)
		TRY(tls_identities_ask_clients(platform->tls, config->client_authority, error));
	for (size_t i = 0; i < config->certificate_count; i++)
		TRY(tls_identities_add_files(platform->tls, config->certificates[i],
				config->keys[i], error));
	return tls_identities_add_authority(platform->tls, state->tls_folder, state->domain, error);
}

static bool data_server_open(struct platform *platform, const struct platform_config *config,
		struct sv_error *error)
{
	struct platform_state *state = &platform->state;
	TRY(tls_open(platform, config, error));
	const struct server_listener listeners[] = {
			{.where = config->http},
			{.where = config->https, .tls = platform->tls},
	};
	const struct server_config server = {.listeners = listeners,
			.listener_count = ARRAY_LENGTH(listeners),
			.limits = config->limits,
			.workers = config->workers,
			.quiet = config->quiet,
			.handler = &platform->router};
	router_init(&platform->router, state);
	platform->data_server = server_new(&server, error);
	if (!platform->data_server)
		return false;
	state->http_port = address_port(server_address(platform->data_server, 0));
	state->https_port = address_port(server_address(platform->data_server, 1));
	return true;
}

static bool control_server_open(struct platform *platform, const struct platform_config *config,
		struct sv_error *error)
{
	const struct server_listener listener = {.where = config->control};
	struct server_config server = {.listeners = &listener,
			.listener_count = 1,
			.workers = control_workers,
			.quiet = true,
			.handler = &platform->control};
	server_limits_init(&server.limits);
	server.limits.body_bytes = CONTROL_BODY_MOST;
	server.limits.connections = 512;
	server.limits.idle_time = UINT64_C(15000000000);
	server.limits.request_time = UINT64_C(120000000000);
	control_init(&platform->control, &platform->state);
	platform->control_server = server_new(&server, error);
	return platform->control_server != NULL;
}

static bool platform_open(struct platform *platform, const struct platform_config *config,
		struct sv_error *error)
{
	struct platform_state *state = &platform->state;
	TRY(data_open(platform, config->data, error));
	TRY(state_open(platform, error));
	if (config->terrarium)
		TRY(accounts_tenant(state->db, "terrarium", &state->terrarium_tenant, error));
	TRY(data_server_open(platform, config, error));
	TRY(control_server_open(platform, config, error));
	state->proofs = proofs_new(config->name_servers, error);
	state->build = state->proofs ? build_start(state, error) : NULL;
	if (!state->build)
		return false;
	platform->keeper = keeper_start(state, error);
	return platform->keeper != NULL;
}

/* Secrets are in this process: no core dumps, and no reading by others of the same user. */
static void process_protect(void)
{
	const struct rlimit none = {0, 0};
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

struct platform *platform_new(const struct platform_config *config, struct sv_error *error)
{
	struct platform *platform = calloc(1, sizeof *platform);
	if (!platform) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the platform");
		return NULL;
	}
	struct platform_state *state = &platform->state;
	process_protect();
	platform->lock = -1;
	pthread_mutex_init(&state->change, NULL);
	blobs_init(&state->blobs, state->blob_folder, blob_is_wanted, state);
	state->limits = config->limits;
	state->trust = config->trust;
	state->reachable = config->reachable;
	state->reachable_count = config->reachable_count;
	state->quotas = config->quotas;
	snprintf(state->domain, sizeof state->domain, "%s", config->domain);
	snprintf(state->acme_folder, sizeof state->acme_folder, "%s",
			config->acme ? config->acme : "");
	snprintf(state->tools, sizeof state->tools, "%s", config->tools ? config->tools : "");
	snprintf(state->compiler, sizeof state->compiler, "selvage %s %s", SV_VERSION,
			config->compiler);
	if (platform_open(platform, config, error))
		return platform;
	platform_free(platform);
	return NULL;
}

const char *platform_http(const struct platform *platform)
{
	return server_address(platform->data_server, 0);
}

const char *platform_https(const struct platform *platform)
{
	return server_address(platform->data_server, 1);
}

const char *platform_authority(const struct platform *platform)
{
	return tls_identities_authority_path(platform->tls);
}

const char *platform_control(const struct platform *platform)
{
	return server_address(platform->control_server, 0);
}

bool platform_first_token(struct platform *platform, char token[static TOKEN_SIZE],
		struct sv_error *error)
{
	struct platform_state *state = &platform->state;
	return first_token_open(state->db, state->folder, state->token_file, token, error);
}

/* ---- running ---- */

static void *control_main(void *data)
{
	struct platform *platform = data;
	background_thread();
	platform->control_is_done = server_run(platform->control_server);
	return NULL;
}

bool platform_run(struct platform *platform)
{
	first_token_told(platform->state.token_file);
	if (aside_start(&platform->control_thread, NULL, control_main, platform) != 0) {
		fprintf(stderr, "selvage: no thread for the control plane\n");
		return true;
	}
	bool done = server_run(platform->data_server);
	server_stop(platform->control_server);
	pthread_join(platform->control_thread, NULL);
	return done && platform->control_is_done;
}

void platform_stop(struct platform *platform)
{
	atomic_store(&platform->state.is_stopping, true);
	server_stop(platform->data_server);
}

void platform_free(struct platform *platform)
{
	if (!platform)
		return;
	struct platform_state *state = &platform->state;
	server_free(platform->control_server);
	server_free(platform->data_server);
	tls_identities_free(platform->tls);
	keeper_stop(platform->keeper);
	build_stop(state->build);
	proofs_free(state->proofs);
	routes_free(state->routes);
	journals_free(state->journals);
	sv_engine_free(state->engine);
	db_free(state->db);
	explicit_bzero(&state->key, sizeof state->key);
	if (platform->lock >= 0)
		close(platform->lock);
	blobs_finish(&state->blobs);
	pthread_mutex_destroy(&state->change);
	free(platform);
}
