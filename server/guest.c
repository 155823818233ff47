/*
 * guest.c: lease an instance, let the ABI run it in turns, give it back once the answer is on
 * its way. What a guest can do to others ends here: every failure becomes an outcome.
 */
#include "server/guest.h"

#include <stdio.h>
#include <stdlib.h>

#include "host/intake.h"
#include "host/stream.h"
#include "runtime/selvage_serve.h"
#include "server/loop.h"

struct guest_service {
	struct handler handler;
	const struct host_guest *guest;
	const struct host_abi *abi;
	struct sv_engine *engine; /* borrowed */
	struct sv_linker *linker; /* owned */
	struct sv_pool *pool;     /* owned */
	void *shared;             /* the ABI's, owned */
	uint64_t turn;            /* nanoseconds */
};

/* A desk is a struct host_call; its state is owned, its store leased or NULL. */

static bool guest_thread_enter(void *data, struct sv_error *error)
{
	struct guest_service *service = data;
	return sv_thread_enter(service->engine, error);
}

static void guest_thread_leave(void *data)
{
	struct guest_service *service = data;
	sv_thread_leave(service->engine);
}

static void *guest_desk_new(void *data, struct sv_error *error)
{
	struct guest_service *service = data;
	struct host_call *call = calloc(1, sizeof *call);
	if (!call) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a request");
		return NULL;
	}
	*call = (struct host_call){.abi = service->abi, .guest = service->guest};
	call->state = service->abi->state_new(service->guest, service->shared, error);
	if (call->state)
		return call;
	free(call);
	return NULL;
}

static void guest_desk_free(void *data, void *desk)
{
	struct guest_service *service = data;
	struct host_call *call = desk;
	service->abi->state_free(call->state);
	free(call);
}

/* An instance for the request; false with the outcome set. */
static bool guest_lease(struct guest_service *service, struct host_call *call)
{
	struct sv_error error = SV_ERROR_INIT;
	call->store = sv_pool_lease(service->pool, &error);
	if (call->store) {
		sv_store_set_deadline(call->store, call->deadline);
		if (sv_store_set_quantum(call->store, service->turn, &error))
			return true;
	}
	host_outcome_set(call->outcome, error.code == SV_ERROR_LIMIT ? HOST_BUSY : HOST_FAILED,
			"%s", error.text);
	return false;
}

/* End a guest that waits, if its client has left or its time is over. */
static bool guest_is_over(struct host_call *call)
{
	if (!call->wake)
		return false;
	const char *reason = host_stream_left(call->stream);
	struct host_intake *intake = call->request->intake;
	bool is_late = clock_now() >= call->deadline;
	/* Ends of a body and its connection come together: the guest sees the body's first. */
	if (reason && intake && !host_stream_loss(call->stream) && host_intake_is_unread(intake))
		reason = NULL;
	if (reason)
		host_call_cancel(call, HOST_LEFT, reason);
	else if (is_late)
		host_call_cancel(call, HOST_TIMED_OUT, "deadline exceeded");
	return reason || is_late;
}

/* A streamed answer that has not reached the client is none, however well its guest ended. */
static enum handled guest_answered(struct host_call *call)
{
	const char *reason = host_stream_loss(call->stream);
	if (reason && host_stream_look(call->stream, NULL) == HOST_STREAM_OPEN)
		host_outcome_set(call->outcome, HOST_LEFT, "%s", reason);
	return HANDLED_ANSWERED;
}

/* What becomes of the request behind a turn. */
static enum handled guest_handled(struct host_call *call, bool has_ended, uint64_t *wake)
{
	if (has_ended)
		return guest_answered(call);
	host_stream_flush(call->stream);
	if (!call->wake)
		return HANDLED_AGAIN;
	/* Who leaves later wakes it. */
	if (guest_is_over(call))
		return HANDLED_ANSWERED;
	*wake = call->wake < call->deadline ? call->wake : call->deadline;
	return HANDLED_ASLEEP;
}

/* ---- CPU time ---- */

/* A guest that has used up its CPU time runs into a deadline that has passed. */
static bool guest_turn(struct host_call *call, bool (*turn)(struct host_call *call))
{
	const uint64_t most = call->guest->cpu_time;
	if (!most)
		return turn(call);
	uint64_t began = clock_of_thread();
	bool has_ended = turn(call);
	call->cpu_used += clock_of_thread() - began;
	if (call->cpu_used <= most)
		return has_ended;
	if (!has_ended) {
		call->deadline = clock_now();
		sv_store_set_deadline(call->store, call->deadline);
	} else if (call->outcome->ending == HOST_TIMED_OUT) {
		snprintf(call->outcome->cause, sizeof call->outcome->cause,
				"limit cpu: more than %llu ms of CPU time",
				(unsigned long long)(most / 1000000));
	}
	return has_ended;
}

static enum handled guest_begin(void *data, void *desk, struct exchange *exchange, uint64_t *wake)
{
	struct guest_service *service = data;
	struct host_call *call = desk;
	call->wake = 0;
	call->deadline = exchange->deadline;
	call->cpu_used = 0;
	call->waker = exchange->waker;
	call->request = &exchange->request;
	call->response = &exchange->response;
	call->stream = &exchange->stream;
	call->outcome = &exchange->outcome;
	if (clock_now() >= exchange->deadline) {
		host_outcome_set(&exchange->outcome, HOST_TIMED_OUT,
				"deadline exceeded before a worker was free");
		return HANDLED_ANSWERED;
	}
	const char *reason = host_stream_loss(call->stream);
	if (reason) {
		host_outcome_set(&exchange->outcome, HOST_LEFT, "%s", reason);
		return HANDLED_ANSWERED;
	}
	if (call->request->intake && !service->abi->takes_intakes) {
		host_outcome_set(&exchange->outcome, HOST_BUSY,
				"the program was exchanged while the request was coming");
		return HANDLED_ANSWERED;
	}
	return guest_handled(call, !guest_lease(service, call) || guest_turn(call, host_call_begin),
			wake);
}

static enum handled guest_go_on(void *data, void *desk, uint64_t *wake)
{
	(void)data;
	struct host_call *call = desk;
	if (guest_is_over(call))
		return HANDLED_ANSWERED;
	return guest_handled(call, guest_turn(call, host_call_go_on), wake);
}

static bool guest_takes_intake(void *data, const struct host_request *request)
{
	const struct guest_service *service = data;
	(void)request;
	return service->abi->takes_intakes;
}

static void guest_recycle(void *data, void *desk)
{
	struct guest_service *service = data;
	struct host_call *call = desk;
	if (!call->store)
		return;
	sv_store_set_deadline(call->store, 0);
	sv_pool_return(service->pool, call->store);
	call->store = NULL;
}

/* An instance that cannot be made for a request should be found out before there is one. */
static bool guest_service_try(struct guest_service *service, struct sv_error *error)
{
	struct sv_store *store = sv_pool_lease(service->pool, error);
	if (store)
		sv_pool_return(service->pool, store);
	return store != NULL;
}

static bool guest_service_share(struct guest_service *service, struct sv_error *error)
{
	if (service->abi->service_new) {
		service->shared = service->abi->service_new(service->guest, error);
		return service->shared != NULL;
	}
	return !service->guest->config ||
			sv_fail(error, SV_ERROR_USAGE, "%s programs have no file of settings",
					service->abi->name);
}

static bool guest_service_link(struct guest_service *service, uint32_t guests,
		struct sv_error *error)
{
	const struct host_guest *guest = service->guest;
	struct sv_store_limits limits;
	service->abi = host_abi_detect(guest->artifact, error);
	if (!service->abi)
		return false;
	TRY(service->abi->examine(guest->artifact, error));
	TRY(guest_service_share(service, error));
	service->linker = sv_linker_new(service->engine, error);
	if (!service->linker)
		return false;
	TRY(service->abi->bind(service->linker, guest->artifact, error));
	sv_store_limits_init(&limits);
	limits.max_memory = guest->max_memory;
	service->pool = sv_pool_new(service->engine, guest->artifact, service->linker, &limits,
			guests, error);
	return service->pool && guest_service_try(service, error);
}

struct guest_service *guest_service_new(struct sv_engine *engine, const struct host_guest *guest,
		const struct server_limits *limits, struct sv_error *error)
{
	struct guest_service *service = calloc(1, sizeof *service);
	if (!service) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the service");
		return NULL;
	}
	service->engine = engine;
	service->guest = guest;
	service->turn = limits->turn;
	service->handler = (struct handler){service, guest_thread_enter, guest_thread_leave,
			guest_desk_new, guest_desk_free, guest_begin, guest_go_on, guest_recycle,
			NULL, guest_takes_intake, !guest->preopen_count};
	if (guest_service_link(service, (uint32_t)limits->guests, error))
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
	if (service->shared)
		service->abi->service_free(service->shared);
	free(service);
}
