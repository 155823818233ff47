/*
 * stay.c: see stay.h. A guest that is taken keeps its waker, which others may hold, and changes
 * desks: under the lock of the list, which the desk that it leaves asks before it does anything.
 */
#include "server/stay.h"

#include <stdlib.h>

#include "runtime/selvage_serve.h"
#include "server/loop.h"

void stay_list_init(struct stay_list *list)
{
	pthread_mutex_init(&list->lock, NULL);
	list->first = NULL;
}

void stay_list_finish(struct stay_list *list)
{
	check(!list->first);
	pthread_mutex_destroy(&list->lock);
}

struct guest *stay_guest_new(const struct server_limits *limits)
{
	struct guest *guest = calloc(1, sizeof *guest);
	if (!guest)
		return NULL;
	guest->response.body.limit = limits->response_bytes;
	guest->response.text.limit = limits->response_head_bytes;
	guest->response.field_limit = limits->response_fields;
	guest->call.next_time = limits->next_time;
	host_stream_init(&guest->stream, 0, &guest->response);
	return guest;
}

void stay_guest_free(struct guest *guest)
{
	host_response_finish(&guest->response);
	host_stream_finish(&guest->stream);
	free(guest);
}

void stay_attach(struct guest *guest, struct exchange *exchange)
{
	struct host_call *call = &guest->call;
	call->request = &exchange->request;
	call->response = &exchange->response;
	call->stream = &exchange->stream;
	call->outcome = &exchange->outcome;
	call->deadline = exchange->deadline;
	call->cpu_used = 0;
	call->outbound_requests = call->outbound_bytes = 0;
	call->waker = exchange->waker;
	guest->executor = exchange->executor;
}

/* To the guest it looks like a request that nobody sent, whose answer has gone out. */
void stay_detach(struct guest *guest, uint64_t time)
{
	struct host_call *call = &guest->call;
	host_response_reset(&guest->response);
	host_stream_reset(&guest->stream);
	host_stream_begin(&guest->stream, -1);
	(void)host_stream_end(&guest->stream);
	guest->outcome = (struct host_outcome){0};
	guest->request = (struct host_request){
			.scheme = "http",
			.remote_address = "",
			.server_name = "",
			.major_version = 1,
	};
	call->request = &guest->request;
	call->response = &guest->response;
	call->stream = &guest->stream;
	call->outcome = &guest->outcome;
	call->deadline = clock_now() + time;
	sv_store_set_deadline(call->store, call->deadline);
}

/* ---- the list; under its lock ---- */

static void list_remove(struct stay_list *list, struct guest_desk *desk)
{
	*(desk->previous ? &desk->previous->next : &list->first) = desk->next;
	if (desk->next)
		desk->next->previous = desk->previous;
	desk->is_listed = false;
}

void stay_offer(struct stay_list *list, struct guest_desk *desk)
{
	desk->is_offered = true;
	pthread_mutex_lock(&list->lock);
	desk->previous = NULL;
	desk->next = list->first;
	if (list->first)
		list->first->previous = desk;
	list->first = desk;
	desk->is_listed = true;
	pthread_mutex_unlock(&list->lock);
}

bool stay_withdraw(struct stay_list *list, struct guest_desk *desk)
{
	desk->is_offered = false;
	pthread_mutex_lock(&list->lock);
	bool is_there = desk->is_listed;
	if (is_there)
		list_remove(list, desk);
	pthread_mutex_unlock(&list->lock);
	return is_there;
}

bool stay_take(struct stay_list *list, struct guest_desk *desk, struct exchange *exchange)
{
	/* Who is not of an executor has nobody to exchange desks with. */
	if (!exchange->executor)
		return false;
	pthread_mutex_lock(&list->lock);
	struct guest_desk *from = list->first;
	if (from) {
		list_remove(list, from);
		struct guest *guest = from->guest;
		from->guest = desk->guest;
		desk->guest = guest;
		executor_adopt(exchange, guest->call.waker);
		stay_attach(guest, exchange);
		guest->call.next = HOST_NEXT_GIVEN;
		sv_store_set_deadline(guest->call.store, exchange->deadline);
	}
	pthread_mutex_unlock(&list->lock);
	return from != NULL;
}
