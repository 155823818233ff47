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
#include "server/stay.h"

struct guest_service {
	struct handler handler;
	const struct host_guest *guest;
	const struct host_abi *abi;
	struct sv_engine *engine; /* borrowed */
	struct sv_linker *linker; /* owned */
	struct sv_pool *pool;     /* owned */
	void *shared;             /* the ABI's, owned */
	struct server_limits limits;
	struct stay_list stay;
};

/* A desk is a struct guest_desk. */

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
	struct guest_desk *desk = calloc(1, sizeof *desk);
	struct guest *guest = desk ? stay_guest_new(&service->limits) : NULL;
	if (guest) {
		guest->call.abi = service->abi;
		guest->call.guest = service->guest;
		guest->call.state = service->abi->state_new(service->guest, service->shared, error);
		desk->guest = guest;
		if (guest->call.state)
			return desk;
		stay_guest_free(guest);
	}
	free(desk);
	sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a request");
	return NULL;
}

static void guest_desk_free(void *data, void *own)
{
	struct guest_service *service = data;
	struct guest_desk *desk = own;
	service->abi->state_free(desk->guest->call.state);
	stay_guest_free(desk->guest);
	free(desk);
}

/* An instance for the request; false with the outcome set. */
static bool guest_lease(struct guest_service *service, struct host_call *call)
{
	struct sv_error error = SV_ERROR_INIT;
	call->store = sv_pool_lease(service->pool, &error);
	if (call->store) {
		sv_store_set_deadline(call->store, call->deadline);
		if (sv_store_set_quantum(call->store, service->limits.turn, &error))
			return true;
	}
	host_outcome_set(call->outcome, error.code == SV_ERROR_LIMIT ? HOST_BUSY : HOST_FAILED,
			"%s", error.text);
	return false;
}

static void guest_return(struct guest_service *service, struct host_call *call)
{
	if (!call->store)
		return;
	sv_store_set_deadline(call->store, 0);
	sv_pool_return(service->pool, call->store);
	call->store = NULL;
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

/* ---- turns ---- */

/*
 * The guest asks for another request: it stays for one without that which it has answered, or hears
 * that none comes. True in the first case, unless it had none.
 */
static bool guest_stay(const struct guest_service *service, struct guest *guest)
{
	const struct server_limits *limits = &service->limits;
	guest->call.next = HOST_NEXT_BETWEEN;
	if (stay_is_detached(guest))
		return false;
	if (!guest->executor || guest->answered + 1 >= limits->next_requests ||
			!executor_keep(guest->call.waker)) {
		guest->call.next = HOST_NEXT_OVER;
		return false;
	}
	guest->answered++;
	stay_detach(guest, limits->next_time + limits->request_time);
	return true;
}

/* It sleeps or goes on, perhaps as one that others may take: then it is theirs behind this. */
static enum handled guest_goes_on(struct guest_service *service, struct guest_desk *desk,
		uint64_t *wake)
{
	struct guest *guest = desk->guest;
	struct host_call *call = &guest->call;
	bool asks = call->next == HOST_NEXT_WANTED;
	bool is_kept = asks && guest_stay(service, guest);
	if (!is_kept)
		host_stream_flush(call->stream);
	/* Who is told that no other request comes hears it at once. */
	bool sleeps = call->wake && !(asks && call->next == HOST_NEXT_OVER);
	/* Who leaves later wakes it. */
	if (sleeps && !is_kept && guest_is_over(call))
		return HANDLED_ANSWERED;
	*wake = !sleeps ? 0 : call->wake < call->deadline ? call->wake : call->deadline;
	if (call->next == HOST_NEXT_BETWEEN)
		stay_offer(&service->stay, desk);
	return is_kept ? HANDLED_KEPT : sleeps ? HANDLED_ASLEEP : HANDLED_AGAIN;
}

static enum handled guest_first_turn(struct guest_service *service, struct guest_desk *desk,
		uint64_t *wake);

/* What becomes of the request behind a turn. */
static enum handled guest_handled(struct guest_service *service, struct guest_desk *desk,
		bool has_ended, uint64_t *wake)
{
	struct host_call *call = &desk->guest->call;
	if (!has_ended)
		return guest_goes_on(service, desk, wake);
	if (call->next != HOST_NEXT_GIVEN || call->outcome->ending != HOST_ANSWERED)
		return guest_answered(call);
	/* It has never asked for the request that it was given: a fresh instance gets that. */
	guest_return(service, call);
	return guest_first_turn(service, desk, wake);
}

static enum handled guest_first_turn(struct guest_service *service, struct guest_desk *desk,
		uint64_t *wake)
{
	struct host_call *call = &desk->guest->call;
	call->wake = 0;
	call->next = HOST_NEXT_NONE;
	desk->guest->answered = 0;
	return guest_handled(service, desk,
			!guest_lease(service, call) || guest_turn(call, host_call_begin), wake);
}

/* Whether there is no use in beginning; the outcome says why. */
static bool guest_is_too_late(struct exchange *exchange)
{
	const char *reason = host_stream_loss(&exchange->stream);
	if (clock_now() >= exchange->deadline)
		host_outcome_set(&exchange->outcome, HOST_TIMED_OUT,
				"deadline exceeded before a worker was free");
	else if (reason)
		host_outcome_set(&exchange->outcome, HOST_LEFT, "%s", reason);
	return exchange->outcome.ending != HOST_ANSWERED;
}

static enum handled guest_begin(void *data, void *own, struct exchange *exchange, uint64_t *wake)
{
	struct guest_service *service = data;
	struct guest_desk *desk = own;
	if (guest_is_too_late(exchange))
		return HANDLED_ANSWERED;
	if (stay_take(&service->stay, desk, exchange))
		return guest_handled(service, desk,
				guest_turn(&desk->guest->call, host_call_go_on), wake);
	stay_attach(desk->guest, exchange);
	return guest_first_turn(service, desk, wake);
}

/* A guest without a request, when no other comes because of the end: it is to be brief. */
static void guest_hear_of_end(struct guest *guest)
{
	static const uint64_t last_words = UINT64_C(1000000000);
	struct host_call *call = &guest->call;
	uint64_t soon = clock_now() + last_words;
	if (!executor_is_ending(guest->executor))
		return;
	call->next = HOST_NEXT_OVER;
	if (soon < call->deadline) {
		call->deadline = soon;
		sv_store_set_deadline(call->store, soon);
	}
}

static enum handled guest_go_on(void *data, void *own, uint64_t *wake)
{
	struct guest_service *service = data;
	struct guest_desk *desk = own;
	if (desk->is_offered && !stay_withdraw(&service->stay, desk))
		return HANDLED_ANSWERED;
	struct host_call *call = &desk->guest->call;
	if (stay_is_detached(desk->guest))
		guest_hear_of_end(desk->guest);
	if (guest_is_over(call))
		return HANDLED_ANSWERED;
	return guest_handled(service, desk, guest_turn(call, host_call_go_on), wake);
}

/* Of every world. */
static bool guest_takes_intake(void *data, const struct host_request *request)
{
	(void)data;
	(void)request;
	return true;
}

/*
 * Host functions of WASI wait for the folders of the host alone, those of the other worlds for
 * values that somebody keeps for us.
 */
static bool guest_is_quick(void *data, const struct host_request *request)
{
	const struct guest_service *service = data;
	(void)request;
	return !service->guest->preopen_count && !(service->guest->kv && service->abi->has_values);
}

static void guest_recycle(void *data, void *own)
{
	struct guest_desk *desk = own;
	guest_return(data, &desk->guest->call);
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
	service->limits = *limits;
	stay_list_init(&service->stay);
	service->handler = (struct handler){service, guest_thread_enter, guest_thread_leave,
			guest_desk_new, guest_desk_free, guest_begin, guest_go_on, guest_recycle,
			NULL, guest_takes_intake, guest_is_quick};
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

void guest_service_look(struct guest_service *service, struct sv_pool_stats *stats)
{
	sv_pool_look(service->pool, stats);
}

void guest_service_free(struct guest_service *service)
{
	if (!service)
		return;
	sv_pool_free(service->pool);
	sv_linker_free(service->linker);
	stay_list_finish(&service->stay);
	if (service->shared)
		service->abi->service_free(service->shared);
	free(service);
}
