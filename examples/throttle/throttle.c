/*
 * throttle.c: passes requests on to a backend, so many from each client in a minute. The counters
 * are in the key-value store, where all instances see them. Variables of the environment: BACKEND,
 * its address without a path, and LIMIT.
 *
 *	sdk/c/build-guest --libc throttle.wasm examples/throttle/throttle.c
 *	selvage serve --env BACKEND=https://example.com --env LIMIT=60 throttle.wasm
 */
#include <http_hostcalls.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(text) (text), (sizeof(text) - 1)

/* What the store has under a name, as a string; NULL: nothing. */
static char *variable(const char *name)
{
	uint8_t *value;
	size_t length;
	if (!hostcall_kvstore_get(&value, &length, name, strlen(name)))
		return NULL;
	char *text = malloc(length + 1);
	if (!text)
		abort();
	memcpy(text, length ? value : (const uint8_t *)"", length);
	text[length] = '\0';
	return text;
}

static char *text_of(const char *format, ...)
{
	va_list arguments, again;
	va_start(arguments, format);
	va_copy(again, arguments);
	int length = vsnprintf(NULL, 0, format, arguments);
	char *text = length < 0 ? NULL : malloc((size_t)length + 1);
	if (!text)
		abort();
	vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	va_end(arguments);
	return text;
}

static void header_set(const char *name, const char *value)
{
	struct string_slice slice = {value, strlen(value)};
	hostcall_resp_set_header(RESPONSE_OUTGOING, name, strlen(name), &slice, 1);
}

static void answer(uint16_t status, const char *text)
{
	hostcall_resp_set_response_code(RESPONSE_OUTGOING, status);
	header_set("content-type", "text/plain");
	hostcall_resp_set_body(RESPONSE_OUTGOING, text, strlen(text));
}

/* Who asks: the server sets this header itself. */
static char *client_name(void)
{
	struct string_slice *values;
	size_t count;
	hostcall_req_get_header(&values, &count, REQUEST_INCOMING, TEXT("fastly-client-ip"));
	return count ? text_of("%.*s", (int)values[0].len, values[0].ptr) : "unknown";
}

/* This request's number among those of the client in this minute. Each of them is a byte. */
static size_t request_count(const char *client, int64_t minute)
{
	uint8_t *hits;
	size_t count = 0;
	char *before = text_of("hits/%s/%lld", client, (long long)minute - 1);
	char *key = text_of("hits/%s/%lld", client, (long long)minute);
	hostcall_kvstore_remove(before, strlen(before));
	hostcall_kvstore_append(key, strlen(key), "x", 1);
	hostcall_kvstore_get(&hits, &count, key, strlen(key));
	return count;
}

static response_t pass_on(const char *backend)
{
	char *method, *path;
	uint8_t *body;
	size_t method_length, path_length, length;
	hostcall_req_get_method(&method, &method_length, REQUEST_INCOMING);
	hostcall_req_get_path(&path, &path_length, REQUEST_INCOMING);
	hostcall_req_get_body(&body, &length, REQUEST_INCOMING);
	char *url = text_of("%s%.*s", backend, (int)path_length, path);
	request_t request = hostcall_req_create(method, method_length, url, strlen(url));
	hostcall_req_set_body(request, body, length);
	return hostcall_req_send(request);
}

static void give(response_t response)
{
	struct string_slice *kind;
	uint8_t *body;
	size_t length, count;
	hostcall_resp_set_response_code(RESPONSE_OUTGOING,
			(uint16_t)hostcall_resp_get_response_code(response));
	hostcall_resp_get_header(&kind, &count, response, TEXT("content-type"));
	hostcall_resp_set_header(RESPONSE_OUTGOING, TEXT("content-type"), kind, count);
	hostcall_resp_get_body(&body, &length, response);
	hostcall_resp_set_body(RESPONSE_OUTGOING, body, length);
}

__attribute__((export_name("run"))) void run(void)
{
	hostcall_init_mm(malloc, free);
	int64_t now = hostcall_time_now(NULL);
	char *backend = variable("env/BACKEND"), *limit = variable("env/LIMIT");
	if (!backend || !limit) {
		answer(500, "BACKEND or LIMIT is not set\n");
		return;
	}
	if (request_count(client_name(), now / 60) > strtoul(limit, NULL, 10)) {
		header_set("retry-after", text_of("%d", (int)(60 - now % 60)));
		answer(429, "too many requests\n");
		return;
	}
	response_t response = pass_on(backend);
	if (response < 0)
		answer(502, "the backend does not answer\n");
	else
		give(response);
}
