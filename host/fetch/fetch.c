/*
 * fetch.c: the owner's side of a request.
 */
#include "host/fetch/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/fetch/inner.h"
#include "host/outbound.h"

/* ---- the fetcher ---- */

struct fetcher *fetcher_new(struct sv_error *error)
{
	struct fetcher *fetcher = calloc(1, sizeof *fetcher);
	if (!fetcher) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for requests to elsewhere");
		return NULL;
	}
	fetcher->epoll = fetcher->wish = -1;
	pthread_mutex_init(&fetcher->lock, NULL);
	return fetcher;
}

void fetcher_free(struct fetcher *fetcher)
{
	if (!fetcher)
		return;
	pthread_mutex_lock(&fetcher->lock);
	fetcher->is_ending = true;
	bool has_thread = fetcher->has_thread;
	pthread_mutex_unlock(&fetcher->lock);
	if (has_thread) {
		sockets_wake(fetcher);
		pthread_join(fetcher->thread, NULL);
	}
	check(fetcher->count == 0);
	if (fetcher->multi)
		fetcher->curl->multi_cleanup(fetcher->multi);
	sockets_close(fetcher);
	X509_STORE_free(fetcher->trust);
	pthread_mutex_destroy(&fetcher->lock);
	free(fetcher);
}

/* What the first request needs. */
static bool fetcher_start(struct fetcher *fetcher, struct sv_error *error)
{
	pthread_mutex_lock(&fetcher->lock);
	if (!fetcher->curl)
		fetcher->curl = curl_load(error);
	if (fetcher->curl && !fetcher->multi)
		fetcher->multi = fetcher->curl->multi_init();
	bool is_ready = fetcher->multi && thread_start(fetcher, error);
	pthread_mutex_unlock(&fetcher->lock);
	return is_ready ||
			sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for requests to elsewhere");
}

/* ---- between the two ---- */

void fetch_want_thread(struct fetch *fetch)
{
	struct fetcher *fetcher = fetch->fetcher;
	if (fetch->wants_thread || fetch->is_done)
		return;
	/* Who finds others there knows that the thread was woken for them. */
	if (!fetcher->wanting)
		sockets_wake(fetcher);
	fetch->wants_thread = true;
	fetch->next = fetcher->wanting;
	fetcher->wanting = fetch;
}

void fetch_wake(struct fetch *fetch)
{
	if (!fetch->is_awaited)
		return;
	fetch->is_awaited = false;
	fetch->waker->wake(fetch->waker);
}

/* False: there is too much. */
static bool buffers_fit(struct fetch *fetch)
{
	size_t held = fetch->body.capacity + fetch->upload.capacity + fetch->head_held;
	bool fits = host_outbound_hold(fetch->outbound, fetch->held, held);
	fetch->held = held;
	return fits;
}

void fetch_count(struct fetch *fetch)
{
	if (buffers_fit(fetch) || fetch->error)
		return;
	fetch->is_over = true;
	fetch->error = FETCH_FAILED;
	snprintf(fetch->text, sizeof fetch->text, "limit outbound_memory");
	fetch_wake(fetch);
	fetch_want_thread(fetch);
}

void fetch_free(struct fetch *fetch)
{
	(void)!host_outbound_hold(fetch->outbound, fetch->held, 0);
	transfer_finish(fetch);
	host_response_finish(&fetch->head);
	host_response_finish(&fetch->trailers);
	buffer_finish(&fetch->body);
	buffer_finish(&fetch->upload);
	free(fetch);
}

/* ---- beginning and end ---- */

static bool fetch_submit(struct fetch *fetch, struct sv_error *error)
{
	struct fetcher *fetcher = fetch->fetcher;
	pthread_mutex_lock(&fetcher->lock);
	bool has_room = fetcher->count < FETCH_MOST, is_over = !buffers_fit(fetch);
	if (has_room && !is_over) {
		fetcher->count++;
		fetch_want_thread(fetch);
	}
	pthread_mutex_unlock(&fetcher->lock);
	if (is_over) {
		host_outbound_overflow(fetch->call, error);
		return false;
	}
	return has_room ||
			sv_fail(error, SV_ERROR_LIMIT, "more than %u requests to elsewhere at once",
					FETCH_MOST);
}

static struct fetch *fetch_begin(struct fetcher *fetcher, struct fetch_request *request,
		struct sv_error *error)
{
	struct fetch *fetch = fetcher_start(fetcher, error) ? calloc(1, sizeof *fetch) : NULL;
	if (!fetch) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a request to elsewhere");
		return NULL;
	}
	fetch->fetcher = fetcher;
	fetch->call = request->call;
	fetch->outbound = request->call->guest->outbound;
	fetch->tap_has_use = request->tap && request->goes_on;
	fetch->users = fetch->tap_has_use ? 2 : 1;
	fetch->tap = request->tap;
	fetch->tap_data = request->tap_data;
	fetch->waker = request->waker;
	fetch->upload = request->body;
	fetch->upload.limit = 0;
	request->body = (struct buffer){0};
	fetch->has_whole_upload = !request->has_more_body;
	if (transfer_prepare(fetch, request, error) && fetch_submit(fetch, error))
		return fetch;
	fetch_free(fetch);
	return NULL;
}

struct fetch *fetch_start(struct fetcher *fetcher, struct fetch_request *request,
		struct sv_error *error)
{
	struct host_call *call = request->call;
	if (!host_outbound_enter(call, error))
		return NULL;
	struct fetch *fetch = host_outbound_carry(call, request->body.length, error)
			? fetch_begin(fetcher, request, error)
			: NULL;
	if (!fetch)
		host_outbound_leave(call->guest->outbound);
	return fetch;
}

struct fetch *fetch_use(struct fetch *fetch)
{
	pthread_mutex_lock(&fetch->fetcher->lock);
	fetch->users++;
	pthread_mutex_unlock(&fetch->fetcher->lock);
	return fetch;
}

/* Who still waits for it has asked since; a tap, which may be all that is left, does not wait. */
static void let_go(struct fetch *fetch, bool is_owner)
{
	struct fetcher *fetcher = fetch->fetcher;
	const struct host_outbound *outbound = fetch->outbound;
	pthread_mutex_lock(&fetcher->lock);
	bool is_last = --fetch->users == 0;
	bool is_done = fetch->is_done;
	if (is_owner || is_last)
		fetch->is_awaited = false;
	if (is_last) {
		fetch->waker = NULL;
		fetch_want_thread(fetch);
	}
	pthread_mutex_unlock(&fetcher->lock);
	if (is_last)
		host_outbound_leave(outbound);
	if (is_last && is_done)
		fetch_free(fetch);
}

void fetch_release(struct fetch *fetch)
{
	if (fetch)
		let_go(fetch, true);
}

void fetch_leave_tap(struct fetch *fetch)
{
	bool has_use = fetch->tap_has_use;
	fetch->tap = NULL;
	fetch->tap_has_use = false;
	if (has_use)
		let_go(fetch, false);
}

void fetch_end_tap(struct fetch *fetch, bool is_whole)
{
	if (!fetch->tap)
		return;
	fetch->tap->ended(fetch->tap_data, is_whole);
	fetch_leave_tap(fetch);
}

/* ---- what can be done now; all under the lock ---- */

static enum fetch_progress answered(const struct fetch *fetch)
{
	if (fetch->has_head)
		return FETCH_READY;
	return fetch->error ? FETCH_BROKEN : FETCH_LATER;
}

static enum fetch_progress readable(const struct fetch *fetch)
{
	if (fetch->body.length > fetch->taken)
		return FETCH_READY;
	if (fetch->error)
		return FETCH_BROKEN;
	return fetch->has_ended ? FETCH_END : FETCH_LATER;
}

/* A response that came before all was sent may leave the rest unsent: it is taken and dropped. */
static enum fetch_progress writable(const struct fetch *fetch)
{
	if (fetch->error)
		return FETCH_BROKEN;
	bool has_room = fetch->upload.length - fetch->sent < FETCH_BUFFER;
	return has_room || fetch->is_done ? FETCH_READY : FETCH_LATER;
}

/* The guest is ended for it. */
static void fetch_overflow(struct fetch *fetch)
{
	struct sv_error error = SV_ERROR_INIT;
	host_outbound_overflow(fetch->call, &error);
	pthread_mutex_lock(&fetch->fetcher->lock);
	snprintf(fetch->text, sizeof fetch->text, "%.190s", error.text);
	pthread_mutex_unlock(&fetch->fetcher->lock);
}

static enum fetch_progress ask(struct fetch *fetch,
		enum fetch_progress (*question)(const struct fetch *fetch))
{
	pthread_mutex_lock(&fetch->fetcher->lock);
	enum fetch_progress progress = question(fetch);
	fetch->is_awaited |= progress == FETCH_LATER;
	bool is_over = fetch->is_over;
	pthread_mutex_unlock(&fetch->fetcher->lock);
	if (is_over)
		fetch_overflow(fetch);
	return progress;
}

enum fetch_progress fetch_answered(struct fetch *fetch)
{
	return ask(fetch, answered);
}

enum fetch_progress fetch_readable(struct fetch *fetch)
{
	return ask(fetch, readable);
}

enum fetch_progress fetch_writable(struct fetch *fetch)
{
	return ask(fetch, writable);
}

const struct host_response *fetch_head(const struct fetch *fetch)
{
	return &fetch->head;
}

const struct host_response *fetch_trailers(const struct fetch *fetch)
{
	return &fetch->trailers;
}

const char *fetch_address(const struct fetch *fetch, uint16_t *port)
{
	*port = fetch->port;
	return fetch->address;
}

/* Bytes have moved: what is over the limit breaks the request, and ends the guest. */
static enum fetch_progress fetch_carry(struct fetch *fetch, enum fetch_progress progress,
		size_t *count)
{
	struct sv_error error = SV_ERROR_INIT;
	if (progress == FETCH_BROKEN && fetch->is_over)
		fetch_overflow(fetch);
	if (!*count || host_outbound_carry(fetch->call, *count, &error))
		return progress;
	*count = 0;
	pthread_mutex_lock(&fetch->fetcher->lock);
	fetch->error = FETCH_FAILED;
	snprintf(fetch->text, sizeof fetch->text, "%.190s", error.text);
	fetch_want_thread(fetch);
	pthread_mutex_unlock(&fetch->fetcher->lock);
	return FETCH_BROKEN;
}

enum fetch_progress fetch_read(struct fetch *fetch, uint8_t *to, size_t room, size_t *count)
{
	*count = 0;
	pthread_mutex_lock(&fetch->fetcher->lock);
	enum fetch_progress progress = readable(fetch);
	if (progress == FETCH_READY) {
		size_t left = fetch->body.length - fetch->taken;
		*count = left < room ? left : room;
		memcpy(to, fetch->body.data + fetch->taken, *count);
		fetch->taken += *count;
		if (*count == left)
			fetch->body.length = fetch->taken = 0;
		if (fetch->is_paused && fetch->body.length - fetch->taken < FETCH_BUFFER / 2)
			fetch_want_thread(fetch);
	}
	fetch->is_awaited |= progress == FETCH_LATER;
	pthread_mutex_unlock(&fetch->fetcher->lock);
	return fetch_carry(fetch, progress, count);
}

/* Under the lock. */
static enum fetch_progress upload_add(struct fetch *fetch, struct sv_bytes bytes, size_t *count)
{
	if (fetch->is_done) {
		*count = bytes.length;
		return FETCH_READY;
	}
	buffer_consume(&fetch->upload, fetch->sent);
	fetch->sent = 0;
	size_t room = FETCH_BUFFER - fetch->upload.length;
	*count = bytes.length < room ? bytes.length : room;
	if (!buffer_append(&fetch->upload, bytes.data, *count, NULL)) {
		*count = 0;
		return FETCH_BROKEN;
	}
	fetch_count(fetch);
	if (fetch->upload_is_paused)
		fetch_want_thread(fetch);
	return FETCH_READY;
}

enum fetch_progress fetch_write(struct fetch *fetch, struct sv_bytes bytes, size_t *count)
{
	*count = 0;
	pthread_mutex_lock(&fetch->fetcher->lock);
	enum fetch_progress progress = writable(fetch);
	if (progress == FETCH_READY && bytes.length)
		progress = upload_add(fetch, bytes, count);
	fetch->is_awaited |= progress == FETCH_LATER;
	pthread_mutex_unlock(&fetch->fetcher->lock);
	return fetch_carry(fetch, progress, count);
}

void fetch_finish(struct fetch *fetch)
{
	pthread_mutex_lock(&fetch->fetcher->lock);
	fetch->has_whole_upload = true;
	if (fetch->upload_is_paused)
		fetch_want_thread(fetch);
	pthread_mutex_unlock(&fetch->fetcher->lock);
}

void fetch_abort(struct fetch *fetch, const char *reason)
{
	pthread_mutex_lock(&fetch->fetcher->lock);
	if (!fetch->is_done && !fetch->error) {
		fetch->error = FETCH_FAILED;
		snprintf(fetch->text, sizeof fetch->text, "%s", reason);
		fetch_wake(fetch);
		fetch_want_thread(fetch);
	}
	pthread_mutex_unlock(&fetch->fetcher->lock);
}

enum fetch_error fetch_failure(const struct fetch *fetch, const char **text)
{
	*text = fetch->text;
	return fetch->error;
}
