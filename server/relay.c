/*
 * relay.c: see relay.h. A desk of the relay has one of the other handler's for as long as a request
 * is there, so that none of a handler that was replaced stays.
 */
#include "server/relay.h"

#include <pthread.h>
#include <stdlib.h>

struct stage {
	const struct handler *handler;
	size_t users; /* desks, and the relay as long as it is the current one; under the lock */
	void (*gone)(void *data);
	void *data;
};

struct relay {
	struct handler handler;
	pthread_mutex_t lock;
	struct stage *current; /* under the lock */
};

struct relay_desk {
	struct stage *stage; /* NULL: no request */
	void *desk;          /* of its handler */
};

static struct stage *stage_new(const struct handler *handler, void (*gone)(void *data), void *data,
		struct sv_error *error)
{
	struct stage *stage = malloc(sizeof *stage);
	if (stage)
		*stage = (struct stage){handler, 1, gone, data};
	else
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a handler");
	return stage;
}

static struct stage *stage_enter(struct relay *relay)
{
	pthread_mutex_lock(&relay->lock);
	struct stage *stage = relay->current;
	stage->users++;
	pthread_mutex_unlock(&relay->lock);
	return stage;
}

static void stage_leave(struct relay *relay, struct stage *stage)
{
	pthread_mutex_lock(&relay->lock);
	bool is_last = --stage->users == 0;
	pthread_mutex_unlock(&relay->lock);
	if (!is_last)
		return;
	stage->gone(stage->data);
	free(stage);
}

static void desk_leave(struct relay *relay, struct relay_desk *desk)
{
	if (!desk->stage)
		return;
	if (desk->desk)
		desk->stage->handler->desk_free(desk->stage->handler->data, desk->desk);
	stage_leave(relay, desk->stage);
	*desk = (struct relay_desk){0};
}

/* ---- the handler ---- */

static bool relay_thread_enter(void *data, struct sv_error *error)
{
	struct relay *relay = data;
	struct stage *stage = stage_enter(relay);
	bool is_in = stage->handler->thread_enter(stage->handler->data, error);
	stage_leave(relay, stage);
	return is_in;
}

static void relay_thread_leave(void *data)
{
	struct relay *relay = data;
	struct stage *stage = stage_enter(relay);
	stage->handler->thread_leave(stage->handler->data);
	stage_leave(relay, stage);
}

static void *relay_desk_new(void *data, struct sv_error *error)
{
	(void)data;
	struct relay_desk *desk = calloc(1, sizeof *desk);
	if (!desk)
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a request");
	return desk;
}

static void relay_desk_free(void *data, void *desk)
{
	if (desk)
		desk_leave(data, desk);
	free(desk);
}

static enum handled relay_begin(void *data, void *own, struct exchange *exchange, uint64_t *wake)
{
	struct relay_desk *desk = own;
	struct sv_error error = SV_ERROR_INIT;
	desk->stage = stage_enter(data);
	const struct handler *handler = desk->stage->handler;
	desk->desk = handler->desk_new(handler->data, &error);
	if (desk->desk)
		return handler->begin(handler->data, desk->desk, exchange, wake);
	host_outcome_set(&exchange->outcome, HOST_FAILED, "%s", error.text);
	return HANDLED_ANSWERED;
}

static enum handled relay_go_on(void *data, void *own, uint64_t *wake)
{
	(void)data;
	struct relay_desk *desk = own;
	const struct handler *handler = desk->stage->handler;
	return handler->go_on(handler->data, desk->desk, wake);
}

static void relay_recycle(void *data, void *own)
{
	struct relay_desk *desk = own;
	if (desk->desk)
		desk->stage->handler->recycle(desk->stage->handler->data, desk->desk);
	desk_leave(data, desk);
}

static bool relay_is_quick(void *data, const struct host_request *request)
{
	struct relay *relay = data;
	struct stage *stage = stage_enter(relay);
	const struct handler *handler = stage->handler;
	bool is_quick = handler->is_quick && handler->is_quick(handler->data, request);
	stage_leave(relay, stage);
	return is_quick;
}

/* ---- */

struct relay *relay_new(const struct handler *handler, void (*gone)(void *data), void *data,
		struct sv_error *error)
{
	struct relay *relay = calloc(1, sizeof *relay);
	if (relay)
		relay->current = stage_new(handler, gone, data, error);
	if (!relay || !relay->current) {
		free(relay);
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a handler");
		return NULL;
	}
	pthread_mutex_init(&relay->lock, NULL);
	relay->handler = (struct handler){relay, relay_thread_enter, relay_thread_leave,
			relay_desk_new, relay_desk_free, relay_begin, relay_go_on, relay_recycle,
			NULL, NULL, relay_is_quick};
	return relay;
}

void relay_free(struct relay *relay)
{
	if (!relay)
		return;
	stage_leave(relay, relay->current);
	pthread_mutex_destroy(&relay->lock);
	free(relay);
}

bool relay_replace(struct relay *relay, const struct handler *handler, void (*gone)(void *data),
		void *data, struct sv_error *error)
{
	struct stage *stage = stage_new(handler, gone, data, error);
	if (!stage)
		return false;
	pthread_mutex_lock(&relay->lock);
	struct stage *before = relay->current;
	relay->current = stage;
	pthread_mutex_unlock(&relay->lock);
	stage_leave(relay, before);
	return true;
}

const struct handler *relay_handler(const struct relay *relay)
{
	return &relay->handler;
}
