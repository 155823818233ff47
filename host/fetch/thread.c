/*
 * thread.c: the thread that makes the requests: it begins those that are new, goes on with those
 * whose owner has taken or given something, and ends those that are done, late or given up.
 */
#include <stdio.h>
#include <string.h>

#include "base/aside.h"
#include "base/processors.h"
#include "host/fetch/inner.h"

static void active_add(struct fetcher *fetcher, struct fetch *fetch)
{
	fetch->previous = NULL;
	fetch->following = fetcher->active;
	if (fetcher->active)
		fetcher->active->previous = fetch;
	fetcher->active = fetch;
}

static void active_remove(struct fetcher *fetcher, struct fetch *fetch)
{
	*(fetch->previous ? &fetch->previous->following : &fetcher->active) = fetch->following;
	if (fetch->following)
		fetch->following->previous = fetch->previous;
}

/* ---- ends ---- */

/* Hand it over to its owner for good; without one it is gone. */
static void thread_end(struct fetcher *fetcher, struct fetch *fetch)
{
	fetch_end_tap(fetch, false);
	fetcher->curl->multi_remove_handle(fetcher->multi, fetch->easy);
	active_remove(fetcher, fetch);
	transfer_finish(fetch);
	pthread_mutex_lock(&fetcher->lock);
	fetch->is_done = true;
	fetch->has_ended = true;
	fetcher->count--;
	/* Out of the list, which nobody puts it into again. */
	if (fetch->wants_thread) {
		struct fetch **at = &fetcher->wanting;
		while (*at != fetch)
			at = &(*at)->next;
		*at = fetch->next;
		fetch->wants_thread = false;
	}
	bool is_ours = fetch->users == 0;
	fetch_wake(fetch);
	pthread_mutex_unlock(&fetcher->lock);
	if (is_ours)
		fetch_free(fetch);
}

static void thread_fail(struct fetcher *fetcher, struct fetch *fetch, CURLcode code)
{
	fetch_end_tap(fetch, false);
	pthread_mutex_lock(&fetcher->lock);
	transfer_fail(fetch, code);
	pthread_mutex_unlock(&fetcher->lock);
	thread_end(fetcher, fetch);
}

static void thread_take_results(struct fetcher *fetcher)
{
	CURLMsg *message;
	int left;
	while ((message = fetcher->curl->multi_info_read(fetcher->multi, &left))) {
		struct fetch *fetch = NULL;
		CURLcode code = message->data.result;
		fetcher->curl->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
				(char **)&fetch);
		/* Without a final head there is no response, whatever libcurl says. */
		if (code == CURLE_OK && !fetch->has_head)
			code = CURLE_WEIRD_SERVER_REPLY;
		if (code == CURLE_OK)
			fetch_end_tap(fetch, true);
		if (code == CURLE_OK)
			thread_end(fetcher, fetch);
		else
			thread_fail(fetcher, fetch, code);
	}
}

/* ---- time ---- */

static void thread_take_late(struct fetcher *fetcher)
{
	uint64_t now = host_now(), next = UINT64_MAX;
	if (now < fetcher->next_deadline)
		return;
	struct fetch *fetch = fetcher->active, *following;
	for (; fetch; fetch = following) {
		following = fetch->following;
		if (fetch->deadline > now) {
			next = fetch->deadline < next ? fetch->deadline : next;
			continue;
		}
		fetch->head_error = fetch->has_head ? FETCH_BETWEEN_BYTES_TIMEOUT
						    : FETCH_FIRST_BYTE_TIMEOUT;
		thread_fail(fetcher, fetch, CURLE_WRITE_ERROR);
	}
	fetcher->next_deadline = next;
}

/* ---- what owners want ---- */

static bool thread_begin(struct fetcher *fetcher, struct fetch *fetch, bool is_whole)
{
	active_add(fetcher, fetch);
	transfer_set_deadline(fetch, is_whole ? fetch->first_byte_time : 0);
	if (fetcher->curl->multi_add_handle(fetcher->multi, fetch->easy) == CURLM_OK)
		return true;
	thread_fail(fetcher, fetch, CURLE_OUT_OF_MEMORY);
	return false;
}

struct wishes {
	bool is_given_up, is_paused, upload_is_paused, has_whole_upload;
};

static void thread_serve(struct fetcher *fetcher, struct fetch *fetch, const struct wishes *wishes)
{
	bool is_new = fetch != fetcher->active && !fetch->previous && !fetch->following;
	if (is_new && !thread_begin(fetcher, fetch, wishes->has_whole_upload))
		return;
	if (wishes->is_given_up) {
		thread_end(fetcher, fetch);
		return;
	}
	if (is_new)
		return;
	/* Both callbacks run again, behind the timer, and pause again what has not changed. */
	fetcher->timer = 0;
	fetcher->curl->easy_pause(fetch->easy,
			(wishes->is_paused ? CURLPAUSE_RECV : 0) |
					(wishes->upload_is_paused ? CURLPAUSE_SEND : 0));
}

/* True until the end. */
static bool thread_take_wishes(struct fetcher *fetcher)
{
	for (;;) {
		struct wishes wishes = {0};
		pthread_mutex_lock(&fetcher->lock);
		struct fetch *fetch = fetcher->wanting;
		bool is_ending = fetcher->is_ending;
		if (fetch) {
			fetcher->wanting = fetch->next;
			fetch->wants_thread = false;
			wishes.is_given_up = fetch->users == 0 || fetch->error;
			wishes.has_whole_upload = fetch->has_whole_upload;
			wishes.is_paused = fetch->body.length - fetch->taken >= FETCH_BUFFER;
			wishes.upload_is_paused = fetch->upload.length == fetch->sent &&
					!fetch->has_whole_upload;
			/* What is paused below is known to whoever can end it. */
			fetch->is_paused = wishes.is_paused;
			fetch->upload_is_paused = wishes.upload_is_paused;
		}
		pthread_mutex_unlock(&fetcher->lock);
		if (!fetch)
			return !is_ending;
		thread_serve(fetcher, fetch, &wishes);
	}
}

static void *thread_run(void *data)
{
	struct fetcher *fetcher = data;
	/* Who needs it first may be one that leaves a processor to others; this serves all. */
	processors_use_all();
	while (thread_take_wishes(fetcher)) {
		sockets_wait(fetcher);
		thread_take_results(fetcher);
		thread_take_late(fetcher);
	}
	/* What only a tap still wants. */
	while (fetcher->active)
		thread_fail(fetcher, fetcher->active, CURLE_ABORTED_BY_CALLBACK);
	return NULL;
}

bool thread_start(struct fetcher *fetcher, struct sv_error *error)
{
	if (fetcher->has_thread)
		return true;
	if (fetcher->wish < 0)
		TRY(sockets_open(fetcher, error));
	fetcher->next_deadline = UINT64_MAX;
	fetcher->curl->multi_setopt(fetcher->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
			(long)FETCH_MOST);
	fetcher->curl->multi_setopt(fetcher->multi, CURLMOPT_MAXCONNECTS, 64L);
	int failure = aside_start(&fetcher->thread, NULL, thread_run, fetcher);
	fetcher->has_thread = failure == 0;
	return fetcher->has_thread ||
			sv_fail(error, SV_ERROR_SYSTEM, "no thread for requests to elsewhere: %s",
					strerror(failure));
}
