/*
 * routes.c: does what the path of its request says, one thing each; what follows '?' is its
 * argument. The tests that use a route say what for.
 */
#include <http_hostcalls.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *argument = "";
static size_t argument_length;

static void answer(const void *body, size_t length)
{
	hostcall_resp_set_body(RESPONSE_OUTGOING, body, length);
}

static void answer_number(int64_t number)
{
	char text[32];
	answer(text, (size_t)snprintf(text, sizeof text, "%lld", (long long)number));
}

static request_t request_to(const char *method)
{
	return hostcall_req_create(method, strlen(method), argument, argument_length);
}

static void answer_response(response_t response)
{
	uint8_t *body;
	size_t length;
	if (response < 0) {
		hostcall_resp_set_response_code(RESPONSE_OUTGOING, 502);
		return;
	}
	hostcall_resp_set_response_code(RESPONSE_OUTGOING,
			(uint16_t)hostcall_resp_get_response_code(response));
	hostcall_resp_get_body(&body, &length, response);
	answer(body, length);
}

static void do_get(void)
{
	answer_response(hostcall_req_send(request_to("GET")));
}

/* With secrets and a body, which a redirect may take along or not. */
static void do_post(void)
{
	struct string_slice secret = {"secret", 6}, type = {"text/x-own", 10};
	request_t request = request_to("POST");
	hostcall_req_set_header(request, "Authorization", 13, &secret, 1);
	hostcall_req_set_header(request, "Content-Type", 12, &type, 1);
	hostcall_req_set_body(request, "payload", 7);
	answer_response(hostcall_req_send(request));
}

/* All of `count` answers, in the order they come; a number is added to the URL. */
static void do_select(void)
{
	enum { count = 5 };
	pending_request_t pending[count], ready;
	char text[200] = "", url[300];
	size_t left = count;
	for (int i = 0; i < count; i++) {
		int length = snprintf(url, sizeof url, "%.*s/%d", (int)argument_length, argument,
				i);
		pending[i] = hostcall_req_send_async(hostcall_req_create("GET", 3, url,
				(size_t)length));
	}
	while (left) {
		response_t response = hostcall_pending_req_select(pending, left, &ready);
		snprintf(text + strlen(text), sizeof text - strlen(text), "%d\n",
				response < 0 ? -1 : (int)hostcall_resp_get_response_code(response));
		size_t at = 0;
		while (pending[at] != ready)
			at++;
		pending[at] = pending[--left];
	}
	answer(text, strlen(text));
}

/* Two are under way and nobody waits for them. */
static void do_leave(void)
{
	hostcall_req_send_async(request_to("GET"));
	hostcall_req_send_async(request_to("GET"));
	answer("left", 4);
}

/* Test-and-set: one of all requests with this key gets 1. */
static void do_upsert(void)
{
	answer_number(hostcall_kvstore_upsert(argument, argument_length, "x", 1));
}

static void do_append(void)
{
	answer_number(hostcall_kvstore_append(argument, argument_length, "x", 1));
}

static void do_value(void)
{
	uint8_t *value;
	size_t length;
	if (hostcall_kvstore_get(&value, &length, argument, argument_length))
		answer(value, length);
	else
		hostcall_resp_set_response_code(RESPONSE_OUTGOING, 404);
}

static void do_remove(void)
{
	answer_number(hostcall_kvstore_remove(argument, argument_length));
}

/* A value of so many bytes. */
static void do_fill(void)
{
	size_t length = strtoul(argument, NULL, 10);
	answer_number(hostcall_kvstore_insert("fill", 4, malloc(length), length));
}

static void do_key(void)
{
	size_t length = strtoul(argument, NULL, 10);
	answer_number(hostcall_kvstore_insert(malloc(length), length, "", 0));
}

static void do_resolve(void)
{
	struct string_slice *addresses;
	size_t count = 77;
	_Bool is_there = hostcall_dns_query_ip(&addresses, &count, argument, argument_length, 0);
	answer_number(is_there ? (int64_t)count : -1);
}

/* A message to name servers that is none. */
static void do_raw(void)
{
	uint8_t *data;
	size_t length;
	answer_number(hostcall_dns_query_raw(&data, &length, argument, argument_length));
}

/* Requests that are made and never sent, until there is an error. */
static void do_create(void)
{
	int made = 0;
	while (hostcall_req_create("GET", 3, "http://a/", 9) > 0)
		made++;
	answer_number(made);
}

/* Requests that are sent and not waited for, until there is an error. */
static void do_send(void)
{
	int sent = 0;
	while (hostcall_req_send_async(request_to("GET")) > 0)
		sent++;
	answer_number(sent);
}

/* Handles that stand for nothing, or for something else. */
static void do_handles(void)
{
	char text[200];
	struct string_slice value = {"", 0};
	pending_request_t ready = 5, bad[2] = {7, 9};
	request_t request = request_to("GET");
	snprintf(text, sizeof text, "%d %d %d %d %d %d %d %d %d %d\n", hostcall_req_send(3),
			hostcall_req_send(-1), hostcall_req_send_async(0),
			hostcall_pending_req_wait(request), hostcall_pending_req_poll(1 << 30),
			hostcall_pending_req_select(bad, 2, &ready),
			hostcall_pending_req_select(bad, 0, &ready),
			hostcall_req_set_body(0, "", 0), hostcall_req_set_body(9, "", 0),
			hostcall_req_set_header(request, "a b", 3, &value, 1));
	answer(text, strlen(text));
}

/* The body of the request, behind a line that tells that the guest has begun. */
static void do_body(void)
{
	uint8_t *body;
	size_t length;
	hostcall_debug("begun", 5);
	hostcall_req_get_body(&body, &length, REQUEST_INCOMING);
	answer(body, length);
}

/* The same twice: whether it is the same, in two places, and how long. */
static void do_twice(void)
{
	uint8_t *first, *second;
	size_t length, again;
	hostcall_req_get_body(&first, &length, REQUEST_INCOMING);
	hostcall_req_get_body(&second, &again, REQUEST_INCOMING);
	bool is_same = length == again && (!length || first != second) &&
			memcmp(first, second, length) == 0;
	answer_number(is_same ? (int64_t)length : -1);
}

/* First an answer from elsewhere, then the body; the answer is both. */
static void do_both(void)
{
	uint8_t *body;
	size_t length;
	answer_response(hostcall_req_send(request_to("GET")));
	hostcall_req_get_body(&body, &length, REQUEST_INCOMING);
	answer(body, length);
}

/* No look at the body. */
static void do_ignore(void)
{
	answer("ignored", 7);
}

static const struct {
	const char *path;
	void (*run)(void);
} routes[] = {{"/get", do_get}, {"/post", do_post}, {"/select", do_select}, {"/leave", do_leave},
		{"/upsert", do_upsert}, {"/append", do_append}, {"/value", do_value},
		{"/remove", do_remove}, {"/fill", do_fill}, {"/key", do_key},
		{"/resolve", do_resolve}, {"/raw", do_raw}, {"/create", do_create},
		{"/send", do_send}, {"/handles", do_handles}, {"/body", do_body},
		{"/twice", do_twice}, {"/both", do_both}, {"/ignore", do_ignore}};

__attribute__((export_name("run"))) void run(void)
{
	char *path;
	size_t length;
	hostcall_init_mm(malloc, free);
	hostcall_req_get_path(&path, &length, REQUEST_INCOMING);
	char *mark = memchr(path, '?', length);
	size_t name = mark ? (size_t)(mark - path) : length;
	if (mark) {
		argument = mark + 1;
		argument_length = length - name - 1;
	}
	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
		if (strlen(routes[i].path) == name && memcmp(routes[i].path, path, name) == 0) {
			routes[i].run();
			return;
		}
	}
	hostcall_resp_set_response_code(RESPONSE_OUTGOING, 404);
}
