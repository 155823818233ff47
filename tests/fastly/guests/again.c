/*
 * again.c: a Fastly Compute guest that answers several requests. Each is answered with how many
 * this instance has answered, the number of the request and its body; its path says how the guest
 * then waits for another one. What the waiting gave, if no request, goes to the log.
 */
#include <stdint.h>

#include "calls.h"

__attribute__((import_module("wasi_snapshot_preview1"), import_name("poll_oneoff"))) int32_t
poll_oneoff(uint32_t in, uint32_t out, uint32_t count, uint32_t written);

enum { OK = 0, HAS_TIMEOUT = 2 };

static uint32_t request, body, answered;
static char uri[256], text[1 << 12];
static volatile uint32_t spins;
static uint32_t length;

static void put(const char *bytes)
{
	while (*bytes && length < sizeof text)
		text[length++] = *bytes++;
}

static void put_number(uint32_t number)
{
	if (number >= 10)
		put_number(number / 10);
	text[length++] = (char)('0' + number % 10);
}

static void say(const char *what, uint32_t status)
{
	uint32_t endpoint, written;
	length = 0;
	put(what);
	put_number(status);
	fastly_log_endpoint_get((uint32_t)"guest", 5, (uint32_t)&endpoint);
	fastly_log_write(endpoint, (uint32_t)text, length, (uint32_t)&written);
}

static void sleep(uint32_t milliseconds)
{
	uint64_t subscription[6] = {0}, event[4];
	uint32_t count;
	*(uint32_t *)&subscription[2] = 1; /* the monotonic clock */
	subscription[3] = (uint64_t)milliseconds * 1000000;
	poll_oneoff((uint32_t)subscription, (uint32_t)event, 1, (uint32_t)&count);
}

/* The path behind the host name begins so. */
static int path_is(const char *path)
{
	const char *at = uri;
	for (int slashes = 0; *at && slashes < 3; at++)
		slashes += *at == '/';
	while (*path && *path == *at) {
		path++;
		at++;
	}
	return !*path;
}

static uint32_t read_body(void)
{
	uint32_t status, count;
	do {
		status = (uint32_t)fastly_http_body_read(body, (uint32_t)(text + length),
				sizeof text - length, (uint32_t)&count);
		length += status == OK ? count : 0;
	} while (status == OK && count && length < sizeof text);
	return status;
}

static void answer(void)
{
	uint32_t response, content, count;
	length = 0;
	put_number(++answered);
	put(" ");
	fastly_http_req_downstream_client_request_id((uint32_t)(text + length), 32,
			(uint32_t)&count);
	length += count;
	put(" ");
	if (!path_is("unread"))
		read_body();
	fastly_http_resp_new((uint32_t)&response);
	fastly_http_body_new((uint32_t)&content);
	fastly_http_body_write(content, (uint32_t)text, length, 0, (uint32_t)&count);
	fastly_http_resp_send_downstream(response, content, 0);
}

static uint32_t promise_of(uint64_t milliseconds)
{
	uint32_t promise;
	uint32_t status = (uint32_t)fastly_http_downstream_next_request(
			HAS_TIMEOUT, (uint32_t)&milliseconds, (uint32_t)&promise);
	if (status != OK)
		__builtin_trap();
	return promise;
}

static int is_ready(uint32_t promise)
{
	uint32_t is = 0;
	if (fastly_async_io_is_ready(promise, (uint32_t)&is) != OK)
		__builtin_trap();
	return (int)is;
}

/* As the path says; false: the guest has lost interest. */
static int await(uint32_t promise)
{
	uint32_t which = 1;
	if (path_is("select")) {
		while (which)
			fastly_async_io_select((uint32_t)&promise, 1, 20, (uint32_t)&which);
	} else if (path_is("poll")) {
		while (!is_ready(promise))
			sleep(5);
	} else if (path_is("spin")) { /* when there is one */
		fastly_async_io_select((uint32_t)&promise, 1, 0, (uint32_t)&which);
		while (path_is("spin"))
			spins++;
	} else if (path_is("abandon") || path_is("trap")) {
		is_ready(promise);
		sleep(300);
		if (path_is("trap"))
			__builtin_trap();
		say("abandoned: ", (uint32_t)fastly_http_downstream_next_request_abandon(promise));
		return 0;
	} else if (path_is("unread")) {
		is_ready(promise);
		length = 0;
		say("the old body: ", read_body());
	}
	return 1;
}

static void chat(void)
{
	for (uint32_t i = 0; path_is("chat") && i < 40; i++)
		say("a line of many ", i);
}

/* The next request; false: there is none. */
static int next(void)
{
	uint32_t promise = promise_of(path_is("brief") ? 50 : 3000);
	uint32_t before = request, body_before = body;
	if (!await(promise))
		return 0;
	uint32_t status = (uint32_t)fastly_http_downstream_next_request_wait(promise,
			(uint32_t)&request, (uint32_t)&body);
	if (status != OK) {
		say("no other: ", status);
		return 0;
	}
	fastly_http_req_close(before);
	fastly_http_body_close(body_before);
	return 1;
}

__attribute__((export_name("_start"))) void start(void)
{
	uint32_t count;
	fastly_abi_init(1);
	fastly_http_req_body_downstream_get((uint32_t)&request, (uint32_t)&body);
	do {
		fastly_http_req_uri_get(request, (uint32_t)uri, sizeof uri - 1, (uint32_t)&count);
		uri[count] = 0;
		if (path_is("early"))
			say("early: ", (uint32_t)fastly_http_downstream_next_request_wait(
						       promise_of(1000), (uint32_t)&count,
						       (uint32_t)&count));
		chat();
		answer();
	} while (!path_is("once") && next());
}
