/*
 * keeper.c: see keeper.h. It looks once a second: times to live are minutes. Files that nothing
 * refers to are looked for when there may be some, and now and then in any case.
 */
#include "platform/keeper.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/aside.h"
#include "platform/activate.h"
#include "platform/background.h"
#include "platform/deployments.h"
#include "platform/routes.h"
#include "platform/state.h"
#include "server/log_writer.h"

struct keeper {
	struct platform_state *state; /* borrowed */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_ending;
	time_t swept; /* when it last looked for files; 0 before the first time */
};

/* A version that answered nothing for so long is loaded again when it is asked for. */
static const int64_t idle_seconds = 300;

/* Files are looked for so often at most, and at least; seconds. */
static const time_t sweep_least = 3, sweep_most = 600;

static bool keeper_expire(struct platform_state *state, struct sv_error *error)
{
	struct deployment deployment;
	bool found = true, removed;
	while (found) {
		int64_t now = time(NULL);
		TRY(deployment_expired(state->db, now, &deployment, &found, error));
		if (found)
			TRY(activate_removal(state, &deployment, now, &removed, error));
	}
	return true;
}

static bool keeper_sweep(struct keeper *keeper, struct sv_error *error)
{
	struct platform_state *state = keeper->state;
	time_t now = time(NULL), past = now - keeper->swept;
	bool is_clean;
	if (past >= 0 && past < (atomic_load(&state->has_garbage) ? sweep_least : sweep_most))
		return true;
	keeper->swept = now;
	atomic_store(&state->has_garbage, false);
	TRY(compiled_forget(state->db, error));
	TRY(blobs_sweep(&state->blobs, &is_clean, error));
	if (!is_clean)
		atomic_store(&state->has_garbage, true);
	return true;
}

static void keeper_complain(const char *what, const struct sv_error *error)
{
	char line[600];
	int length = snprintf(line, sizeof line, "selvage: %s: %s\n", what, error->text);
	if (length > 0 && (size_t)length < sizeof line)
		log_writer_add(line, (size_t)length);
}

static void keeper_look(struct keeper *keeper)
{
	struct sv_error error = SV_ERROR_INIT;
	routes_unload_idle(keeper->state->routes, idle_seconds);
	if (!keeper_expire(keeper->state, &error))
		keeper_complain("expiry", &error);
	sv_error_clear(&error);
	if (!keeper_sweep(keeper, &error))
		keeper_complain("sweep", &error);
}

static void *keeper_main(void *data)
{
	struct keeper *keeper = data;
	background_thread();
	pthread_mutex_lock(&keeper->lock);
	while (!keeper->is_ending) {
		struct timespec until;
		pthread_mutex_unlock(&keeper->lock);
		keeper_look(keeper);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec++;
		pthread_mutex_lock(&keeper->lock);
		if (!keeper->is_ending)
			pthread_cond_timedwait(&keeper->changed, &keeper->lock, &until);
	}
	pthread_mutex_unlock(&keeper->lock);
	return NULL;
}

struct keeper *keeper_start(struct platform_state *state, struct sv_error *error)
{
	struct keeper *keeper = calloc(1, sizeof *keeper);
	if (!keeper) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the keeper");
		return NULL;
	}
	keeper->state = state;
	keeper->swept = time(NULL); /* the start has */
	pthread_mutex_init(&keeper->lock, NULL);
	pthread_cond_init(&keeper->changed, NULL);
	if (aside_start(&keeper->thread, NULL, keeper_main, keeper) == 0)
		return keeper;
	sv_fail(error, SV_ERROR_SYSTEM, "no thread for the keeper");
	free(keeper);
	return NULL;
}

void keeper_stop(struct keeper *keeper)
{
	if (!keeper)
		return;
	pthread_mutex_lock(&keeper->lock);
	keeper->is_ending = true;
	pthread_cond_signal(&keeper->changed);
	pthread_mutex_unlock(&keeper->lock);
	pthread_join(keeper->thread, NULL);
	pthread_cond_destroy(&keeper->changed);
	pthread_mutex_destroy(&keeper->lock);
	free(keeper);
}
