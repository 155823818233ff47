/*
 * send.c: a request's way from the guest to a whole response, redirects followed. Guests have no
 * bodies that stream, so what has come is kept until all of it is there.
 *
 * Terrarium sent with the crate reqwest 0.9; what happens to redirects is as there.
 */
#include "host/terrarium/send.h"

#include <string.h>

#include "host/terrarium/settings.h"

/* Milliseconds; the deadline of the guest's own request ends it in any case. */
enum { CONNECT_TIME = 5000, FIRST_BYTE_TIME = 30000, BETWEEN_BYTES_TIME = 10000 };

static const unsigned max_redirects = 10;

/* Bytes of a body that are taken at once. */
static const size_t piece = 64 * 1024;

static bool send_begin(struct terrarium_guest *guest, struct terrarium_thing *thing,
		struct sv_error *error)
{
	const struct terrarium_url *url = &thing->url;
	const struct fetch_target target = {
			.host = url->host,
			.port = url->port,
			.is_tls = url->is_tls,
			.is_trusted = terrarium_settings_trust(guest->service->settings, url->host,
					url->port),
			.connect_time = CONNECT_TIME,
			.first_byte_time = FIRST_BYTE_TIME,
			.between_bytes_time = BETWEEN_BYTES_TIME,
	};
	struct fetch_request request = {
			.target = &target,
			.method = host_text(thing->method),
			.path = buffer_view(&url->path),
			.host = host_text(url->authority),
			.fields = &thing->message,
			.call = guest->call,
			.waker = guest->call->waker,
	};
	/* A copy: a redirect may have it sent again. */
	const struct buffer *body = &thing->message.body;
	TRY(!body->length || buffer_append(&request.body, body->data, body->length, error));
	thing->fetch = fetch_start(guest->service->fetcher, &request, error);
	buffer_finish(&request.body);
	return thing->fetch != NULL;
}

/* A line about it in the log. Its path and query may be nobody's business. */
static void send_fail(struct terrarium_guest *guest, uint32_t handle,
		const struct terrarium_thing *thing, const char *reason)
{
	terrarium_tell(guest, "request to %s://%s: %s", thing->url.is_tls ? "https" : "http",
			thing->url.authority, reason);
	terrarium_thing_drop(guest, handle);
}

bool terrarium_send(struct terrarium_guest *guest, uint32_t handle)
{
	struct terrarium_thing *thing = terrarium_thing(guest, handle, TERRARIUM_REQUEST);
	struct sv_error error = SV_ERROR_INIT;
	if (guest->sent >= TERRARIUM_MAX_SENT)
		sv_fail(&error, SV_ERROR_LIMIT, "more than %u requests of a guest at once",
				TERRARIUM_MAX_SENT);
	else if (send_begin(guest, thing, &error)) {
		thing->kind = TERRARIUM_PENDING;
		guest->sent++;
		return true;
	}
	send_fail(guest, handle, thing, error.text);
	return false;
}

/* ---- redirects ---- */

static bool status_redirects(int status)
{
	return (status >= 301 && status <= 303) || status == 307 || status == 308;
}

static bool field_find(const struct host_response *message, const char *name,
		struct sv_bytes *value)
{
	for (size_t i = 0; i < message->field_count; i++) {
		struct host_header field = host_response_field(message, i);
		*value = field.value;
		if (host_name_equal(field.name, host_text(name)))
			return true;
	}
	return false;
}

static void fields_remove(struct host_response *message, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		host_response_remove(message, host_text(names[i]), message->field_count);
}

/* What is not for the place that it is sent to now. */
static void request_adapt(struct terrarium_thing *thing, int status,
		const struct terrarium_url *before)
{
	static const char *const of_body[] = {
			"Content-Encoding", "Content-Language", "Content-Location", "Content-Type"};
	static const char *const secret[] = {"Authorization", "Cookie", "Cookie2",
			"Proxy-Authorization", "WWW-Authenticate"};
	bool is_get = strcmp(thing->method, "GET") == 0 || strcmp(thing->method, "HEAD") == 0;
	if (status <= 303 && !is_get) {
		memcpy(thing->method, "GET", sizeof "GET");
		thing->message.body.length = 0;
		fields_remove(&thing->message, of_body, ARRAY_LENGTH(of_body));
	}
	if (before->port != thing->url.port || before->is_tls != thing->url.is_tls ||
			strcmp(before->host, thing->url.host) != 0)
		fields_remove(&thing->message, secret, ARRAY_LENGTH(secret));
}

/* Send it to where the response says. */
static bool redirect(struct terrarium_guest *guest, struct terrarium_thing *thing,
		struct sv_bytes location, struct sv_error *error)
{
	struct terrarium_url next = {0};
	int status = fetch_head(thing->fetch)->status;
	if (thing->redirects++ == max_redirects)
		return sv_fail(error, SV_ERROR_LIMIT, "more than %u redirects", max_redirects);
	TRY(terrarium_url_parse(&next, &thing->url, location, error));
	fetch_release(thing->fetch);
	thing->fetch = NULL;
	struct terrarium_url before = thing->url;
	thing->url = next;
	request_adapt(thing, status, &before);
	terrarium_url_finish(&before);
	if (send_begin(guest, thing, error))
		return true;
	guest->sent--; /* no fetch is left to be stopped */
	return false;
}

/* ---- the response ---- */

static bool head_take(struct terrarium_thing *thing, const struct host_response *head,
		struct sv_error *error)
{
	struct host_response *message = &thing->message;
	host_response_reset(message);
	message->status = head->status;
	for (size_t i = 0; i < head->field_count; i++) {
		struct host_header field = host_response_field(head, i);
		TRY(host_response_add(message, field.name, field.value, error));
	}
	thing->has_head = true;
	return true;
}

/* READY when `message` has the head of the last response. */
static enum terrarium_progress head_collect(struct terrarium_guest *guest,
		struct terrarium_thing *thing, struct sv_error *error)
{
	while (!thing->has_head) {
		struct sv_bytes location;
		const char *text;
		switch (fetch_answered(thing->fetch)) {
		case FETCH_READY:
			break;
		case FETCH_LATER:
			return TERRARIUM_LATER;
		default:
			fetch_failure(thing->fetch, &text);
			sv_fail(error, SV_ERROR_REMOTE, "%s", text);
			return TERRARIUM_FAILED;
		}
		const struct host_response *head = fetch_head(thing->fetch);
		bool is_fine = status_redirects(head->status) &&
						field_find(head, "Location", &location)
				? redirect(guest, thing, location, error)
				: head_take(thing, head, error);
		if (!is_fine)
			return TERRARIUM_FAILED;
	}
	return TERRARIUM_READY;
}

static bool body_reserve(struct terrarium_guest *guest, struct terrarium_thing *thing,
		struct sv_error *error)
{
	if (!terrarium_thing_count(guest, thing, piece))
		return sv_fail(error, SV_ERROR_LIMIT,
				"requests and responses of more than %llu bytes, the guest's limit "
				"of memory",
				(unsigned long long)guest->call->guest->max_memory);
	return buffer_reserve(&thing->message.body, piece, error);
}

static enum terrarium_progress body_collect(struct terrarium_guest *guest,
		struct terrarium_thing *thing, struct sv_error *error)
{
	struct buffer *body = &thing->message.body;
	body->limit = 0; /* what the guest holds is counted */
	for (;;) {
		size_t count;
		const char *text;
		if (!body_reserve(guest, thing, error))
			return TERRARIUM_FAILED;
		switch (fetch_read(thing->fetch, body->data + body->length, piece, &count)) {
		case FETCH_READY:
			body->length += count;
			break;
		case FETCH_LATER:
			return TERRARIUM_LATER;
		case FETCH_END:
			return TERRARIUM_READY;
		case FETCH_BROKEN:
			fetch_failure(thing->fetch, &text);
			sv_fail(error, SV_ERROR_REMOTE, "%s", text);
			return TERRARIUM_FAILED;
		}
	}
}

enum terrarium_progress terrarium_collect(struct terrarium_guest *guest, uint32_t handle)
{
	struct terrarium_thing *thing = terrarium_thing(guest, handle, TERRARIUM_PENDING);
	struct sv_error error = SV_ERROR_INIT;
	enum terrarium_progress progress = head_collect(guest, thing, &error);
	if (progress == TERRARIUM_READY)
		progress = body_collect(guest, thing, &error);
	if (progress == TERRARIUM_READY) {
		terrarium_thing_stop(guest, thing);
		thing->kind = TERRARIUM_RESPONSE;
		(void)!terrarium_thing_count(guest, thing, 0);
	}
	if (progress == TERRARIUM_FAILED)
		send_fail(guest, handle, thing, error.text);
	return progress;
}
