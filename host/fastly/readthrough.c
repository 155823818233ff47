/*
 * readthrough.c: see readthrough.h. Of those who ask for the same thing one at a time asks the
 * backend (fill.c), and the others wait; but not if there is a stale object that may be used.
 */
#include "host/fastly/readthrough.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/fastly/fields.h"
#include "host/fastly/fill.h"
#include "host/fastly/http_rules.h"
#include "host/fastly/http_stored.h"
#include "host/fastly/service.h"

/* The field by which older SDKs give a key of the guest's own, as hexadecimal digits. */
static const char key_field[] = "Fastly-Xqd-Cache-Key";

struct readthrough {
	struct cache_lookup lookup; /* none any more if there is a fill, which has it */
	struct fill *fill; /* one use of it is ours; NULL: nothing is asked for the cache */
	struct cache_object *found; /* one use of it is ours; NULL: nothing was */
	bool is_begun, has_failed;
	struct fastly_override override; /* its surrogates are owned */
	const struct fastly_backend *backend;
	struct buffer method, path, host;
	size_t counted; /* bytes of all that, in what the guest holds */
};

bool readthrough_is_for(const struct fastly_message *message)
{
	return !message->override.is_pass && http_method_is_kept(buffer_view(&message->method));
}

void readthrough_forget_key(struct fastly_message *message)
{
	struct host_response *head = &message->fields.head;
	host_response_remove(head, host_text(key_field), head->field_count);
}

/* ---- beginning and end ---- */

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A key of the guest's own, else that of the address. False: it is no such key. */
static bool key_find(const struct fastly_message *message, uint8_t key[HTTP_KEY_BYTES])
{
	struct sv_bytes own = http_field(&message->fields.head, key_field);
	if (!own.data)
		return http_key_make(message, key);
	if (own.length != 2 * HTTP_KEY_BYTES)
		return false;
	for (size_t i = 0; i < HTTP_KEY_BYTES; i++) {
		int high = hex_digit(own.data[2 * i]), low = hex_digit(own.data[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		key[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool copy(struct buffer *to, struct sv_bytes from)
{
	return buffer_append(to, from.data, from.length, NULL);
}

static bool request_copy(struct readthrough *through, const struct readthrough_request *request)
{
	const struct fastly_override *override = &request->message->override;
	through->override = *override;
	through->override.surrogates = (struct buffer){0};
	through->backend = request->backend;
	return copy(&through->override.surrogates, buffer_view(&override->surrogates)) &&
			copy(&through->method, buffer_view(&request->message->method)) &&
			copy(&through->path, request->path) && copy(&through->host, request->host);
}

struct readthrough *readthrough_new(struct fastly_guest *guest,
		const struct readthrough_request *request, enum fastly_status *status,
		uint32_t *detail)
{
	const struct fastly_message *message = request->message;
	uint8_t key[HTTP_KEY_BYTES];
	size_t length = sizeof(struct readthrough) + message->fields.counted +
			message->override.surrogates.length + message->method.length +
			request->path.length + request->host.length;
	*status = FASTLY_LIMITEXCEEDED;
	*detail = DETAIL_INTERNAL;
	if (!fastly_may_hold(guest, length))
		return NULL;
	*status = FASTLY_INVAL;
	*detail = DETAIL_BAD_KEY;
	if (!key_find(message, key))
		return NULL;
	*status = FASTLY_ERROR;
	*detail = DETAIL_INTERNAL;
	struct readthrough *through = calloc(1, sizeof *through);
	if (!through)
		return NULL;
	through->counted = length;
	guest->held += length;
	if (request_copy(through, request) &&
			cache_lookup_init(&through->lookup, guest->service->cache, CACHE_RESPONSES,
					(struct sv_bytes){key, sizeof key}, &message->fields.head))
		return through;
	readthrough_close(guest, through);
	return NULL;
}

void readthrough_close(struct fastly_guest *guest, struct readthrough *through)
{
	if (!through)
		return;
	cache_object_release(through->found);
	fill_release(through->fill);
	cache_lookup_finish(&through->lookup);
	buffer_finish(&through->override.surrogates);
	buffer_finish(&through->method);
	buffer_finish(&through->path);
	buffer_finish(&through->host);
	guest->held -= through->counted;
	free(through);
}

/* ---- asking the backend ---- */

static const struct cache_lookup *lookup_of(const struct readthrough *through)
{
	return through->fill ? fill_lookup(through->fill) : &through->lookup;
}

static bool fields_make(const struct readthrough *through, struct host_response *head)
{
	const struct host_response *request = &lookup_of(through)->request;
	bool is_made = true;
	if (through->fill)
		is_made = http_suggest(lookup_of(through), head);
	for (size_t i = 0; !through->fill && is_made && i < request->field_count; i++) {
		struct host_header field = host_response_field(request, i);
		is_made = host_response_add(head, field.name, field.value, NULL);
	}
	host_response_remove(head, host_text(key_field), head->field_count);
	return is_made;
}

/* What nobody waits for goes on without the guest, as does what has begun to be stored. */
static struct fetch *ask(struct fastly_guest *guest, struct readthrough *through)
{
	struct sv_error error = SV_ERROR_INIT;
	struct host_response fields = {0};
	const struct fetch_request like = {
			.target = &through->backend->target,
			.method = through->fill ? host_text("GET") : buffer_view(&through->method),
			.path = buffer_view(&through->path),
			.host = buffer_view(&through->host),
			.fields = &fields,
			.call = guest->call,
			.waker = guest->call->waker,
			.tap = through->fill ? &fill_tap : NULL,
			.tap_data = through->fill,
			.goes_on = through->found != NULL,
	};
	struct fetch_request request = like;
	struct fetch *fetch = NULL;
	if (fields_make(through, &fields))
		fetch = fetch_start(guest->service->fetcher, &request, &error);
	host_response_finish(&fields);
	if (!fetch)
		fastly_tell(guest, error.code ? error.text : "no memory for a request");
	through->has_failed = !fetch;
	return fetch;
}

/* Make the object for all that wait for it; if there is one that may be used meanwhile, use it. */
static void fill_begin(struct fastly_guest *guest, struct fastly_pending *pending)
{
	struct readthrough *through = pending->through;
	through->fill = fill_new(&through->lookup, &through->override);
	struct fetch *fetch = through->fill ? ask(guest, through) : NULL;
	if (!fetch) {
		/* The thread's use; with ours the claim goes to somebody else. */
		fill_release(through->fill);
		through->has_failed = !through->found;
		return;
	}
	if (through->found)
		fetch_release(fetch);
	else
		pending->fetch = fetch;
}

static void begin(struct fastly_guest *guest, struct fastly_pending *pending)
{
	struct readthrough *through = pending->through;
	struct cache_lookup *lookup = &through->lookup;
	through->is_begun = true;
	if (lookup->object && lookup->state & CACHE_USABLE)
		through->found = cache_object_use(lookup->object);
	if (lookup->claim)
		fill_begin(guest, pending);
	else if (!through->found)
		pending->fetch = ask(guest, through);
}

enum fetch_progress readthrough_answered(struct fastly_guest *guest, struct fastly_pending *pending)
{
	struct readthrough *through = pending->through;
	if (!through->is_begun) {
		switch (cache_claim(&through->lookup, guest->call->waker, host_now())) {
		case CACHE_LATER:
			return FETCH_LATER;
		case CACHE_READY:
			begin(guest, pending);
			break;
		default:
			through->is_begun = through->has_failed = true;
		}
	}
	if (through->found)
		return FETCH_READY;
	if (through->has_failed)
		return FETCH_BROKEN;
	enum fetch_progress progress = fetch_answered(pending->fetch);
	/* Before it began nobody but the guest had it, and the end of it is seen by both. */
	bool is_stale = progress == FETCH_BROKEN && through->fill &&
			fill_outcome(through->fill) == FILL_STALE;
	return is_stale ? FETCH_READY : progress;
}

/* ---- the response ---- */

struct cache_object *readthrough_object(const struct readthrough *through)
{
	return through->found ? through->found : through->fill ? fill_object(through->fill) : NULL;
}

enum fastly_status readthrough_make(struct fastly_guest *guest,
		const struct fastly_pending *pending, struct fastly_message **message,
		struct fastly_body **body)
{
	const struct readthrough *through = pending->through;
	const struct http_found found = {readthrough_object(through), &lookup_of(through)->request,
			pending->is_head, true};
	enum fastly_status status = http_found_make(guest, &found, message, body);
	if (status == FASTLY_OK)
		(*body)->is_carried = !through->found;
	return status;
}

bool readthrough_tell(const struct readthrough *through, struct host_response *head)
{
	char hits[32];
	bool is_hit = through->found ||
			(through->fill && fill_outcome(through->fill) == FILL_STALE);
	uint64_t count = is_hit ? cache_object_hits(readthrough_object(through)) : 0;
	snprintf(hits, sizeof hits, "%llu", (unsigned long long)count);
	host_response_remove(head, host_text("X-Cache"), head->field_count);
	host_response_remove(head, host_text("X-Cache-Hits"), head->field_count);
	return host_response_add(head, host_text("X-Cache"), host_text(is_hit ? "HIT" : "MISS"),
			       NULL) &&
			host_response_add(head, host_text("X-Cache-Hits"), host_text(hits), NULL);
}
