/*
 * guest.c: lease an instance, let the ABI run it, give it back once the answer is on its
 * way. What a guest can do to others ends here: every failure becomes an outcome.
 */
#include "server/guest.h"

#include <stdlib.h>

#include "runtime/selvage_serve.h"
#include "server/loop.h"

struct guest_service {
	struct handler handler;
	const struct host_guest *guest;
	const struct host_abi *abi;
	struct sv_engine *engine; /* borrowed */
	struct sv_linker *linker; /* owned */
	struct sv_pool *pool;     /* owned */
};

/* Of one worker thread. */
struct guest_worker {
	void *state;            /* the ABI's */
	struct sv_store *store; /* leased for the request that was just answered */
};

static void *guest_thread_enter(void *data, struct sv_error *error)
{
	struct guest_service *service = data;
	struct guest_worker *worker = calloc(1, sizeof *worker);
	if (!worker) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a worker");
		return NULL;
	}
	if (sv_thread_enter(service->engine, error)) {
		worker->state = service->abi->state_new(service->guest, error);
		if (worker->state)
			return worker;
		sv_thread_leave(service->engine);
	}
	free(worker);
	return NULL;
}

static void guest_thread_leave(void *data, void *state)
{
	struct guest_service *service = data;
	struct guest_worker *worker = state;
	service->abi->state_free(worker->state);
	free(worker);
	sv_thread_leave(service->engine);
}

static void guest_handle(void *data, void *state, struct exchange *exchange)
{
	struct guest_service *service = data;
	struct guest_worker *worker = state;
	struct sv_error error = SV_ERROR_INIT;
	if (clock_now() >= exchange->deadline) {
		host_outcome_set(&exchange->outcome, HOST_TIMED_OUT,
				"deadline exceeded before a worker was free");
		return;
	}
	worker->store = sv_pool_lease(service->pool, &error);
	if (!worker->store) {
		host_outcome_set(&exchange->outcome,
				error.code == SV_ERROR_LIMIT ? HOST_BUSY : HOST_FAILED, "%s",
				error.text);
		return;
	}
	sv_store_set_deadline(worker->store, exchange->deadline);
	const struct host_call call = {
			.guest = service->guest,
			.state = worker->state,
			.store = worker->store,
			.deadline = exchange->deadline,
			.request = &exchange->request,
			.response = &exchange->response,
			.outcome = &exchange->outcome,
	};
	service->abi->run(&call);
}

static void guest_recycle(void *data, void *state)
{
	struct guest_service *service = data;
	struct guest_worker *worker = state;
	if (!worker->store)
		return;
	sv_store_set_deadline(worker->store, 0);
	sv_pool_return(service->pool, worker->store);
	worker->store = NULL;
}

/* An instance that cannot be made for a request should be found out before there is one. */
static bool guest_service_try(struct guest_service *service, struct sv_error *error)
{
	struct sv_store *store = sv_pool_lease(service->pool, error);
	if (store)
		sv_pool_return(service->pool, store);
	return store != NULL;
}

static bool guest_service_link(struct guest_service *service, unsigned workers,
		struct sv_error *error)
{
	const struct host_guest *guest = service->guest;
	struct sv_store_limits limits;
	service->abi = host_abi_detect(guest->artifact, error);
	if (!service->abi)
		return false;
	TRY(service->abi->examine(guest->artifact, error));
	service->linker = sv_linker_new(service->engine, error);
	if (!service->linker)
		return false;
	TRY(service->abi->bind(service->linker, guest->artifact, error));
	sv_store_limits_init(&limits);
	limits.max_memory = guest->max_memory;
	/* A worker has one instance at a time. */
	service->pool = sv_pool_new(service->engine, guest->artifact, service->linker, &limits,
			workers, error);
	return service->pool && guest_service_try(service, error);
}

struct guest_service *guest_service_new(struct sv_engine *engine, const struct host_guest *guest,
		unsigned workers, struct sv_error *error)
{
	struct guest_service *service = calloc(1, sizeof *service);
	if (!service) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the service");
		return NULL;
	}
	service->engine = engine;
	service->guest = guest;
	service->handler = (struct handler){service, guest_thread_enter, guest_thread_leave,
			guest_handle, guest_recycle};
	if (guest_service_link(service, workers, error))
		return service;
	guest_service_free(service);
	return NULL;
}

const struct handler *guest_service_handler(const struct guest_service *service)
{
	return &service->handler;
}

const char *guest_service_abi(const struct guest_service *service)
{
	return service->abi->name;
}

void guest_service_free(struct guest_service *service)
{
	if (!service)
		return;
	sv_pool_free(service->pool);
	sv_linker_free(service->linker);
	free(service);
}
