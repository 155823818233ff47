/*
 * survey.c: uses each of Terrarium's hostcalls and answers with a report, a line for each.
 * survey.wat, survey_rust and survey.ts do the same: their reports are compared.
 */
#include <http_hostcalls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char report[4096];
static size_t used;

#define SAY(...) (used += (size_t)snprintf(report + used, sizeof report - used, __VA_ARGS__))
#define TEXT(text) (text), (sizeof(text) - 1)

static int is_there(struct string_slice *list, size_t count, const char *text)
{
	int found = 0;
	for (size_t i = 0; i < count; i++) {
		found |= list[i].len == strlen(text) && memcmp(list[i].ptr, text, list[i].len) == 0;
		free((void *)list[i].ptr);
	}
	free(list);
	return found;
}

static char *backend_url(const char *path, size_t *length)
{
	static char url[300];
	struct string_slice *values;
	size_t count;
	hostcall_req_get_header(&values, &count, REQUEST_INCOMING, TEXT("x-backend"));
	*length = (size_t)snprintf(url, sizeof url, "%.*s%s", count ? (int)values[0].len : 0,
			count ? values[0].ptr : "", path);
	return url;
}

static request_t request_to(const char *method, const char *path)
{
	size_t length;
	const char *url = backend_url(path, &length);
	return hostcall_req_create(method, strlen(method), url, length);
}

static void say_incoming(void)
{
	struct string_slice *names;
	char *method, *path;
	uint8_t *body;
	size_t count, method_length, path_length, body_length;
	hostcall_req_get_headers(&names, &count, REQUEST_INCOMING);
	SAY("header %d\n", is_there(names, count, "x-backend"));
	hostcall_req_get_method(&method, &method_length, REQUEST_INCOMING);
	hostcall_req_get_path(&path, &path_length, REQUEST_INCOMING);
	hostcall_req_get_body(&body, &body_length, REQUEST_INCOMING);
	SAY("%.*s %.*s %.*s\n", (int)method_length, method, (int)path_length, path,
			(int)body_length, (char *)body);
	free(method);
	free(path);
	free(body);
}

static void say_response(response_t response)
{
	struct string_slice *list;
	uint8_t *body;
	size_t count, length;
	SAY("status %u\n", (unsigned)hostcall_resp_get_response_code(response));
	hostcall_resp_get_headers(&list, &count, response);
	SAY("origin %d", is_there(list, count, "x-origin"));
	hostcall_resp_get_header(&list, &count, response, TEXT("x-origin"));
	SAY(" %d\n", is_there(list, count, "here"));
	hostcall_resp_get_body(&body, &length, response);
	SAY("body %.*s\n", (int)length, (char *)body);
	free(body);
}

static void say_requests(void)
{
	struct string_slice values[2] = {{"one", 3}, {"two", 3}};
	pending_request_t pending[2], ready;
	request_t request = request_to("POST", "/count");
	SAY("set %d", hostcall_req_set_header(request, TEXT("x-sent"), values, 2));
	SAY(" %d\n", hostcall_req_set_body(request, TEXT("payload")));
	say_response(hostcall_req_send(request));
	pending[0] = hostcall_req_send_async(request_to("GET", "/count"));
	SAY("wait %d\n", hostcall_pending_req_wait(pending[0]) > 0);
	pending[0] = hostcall_req_send_async(request_to("GET", "/count"));
	response_t response;
	do
		response = hostcall_pending_req_poll(pending[0]);
	while (response == HANDLE_NOT_READY);
	SAY("poll %d\n", response > 0);
	pending[0] = hostcall_req_send_async(request_to("GET", "/silent"));
	pending[1] = hostcall_req_send_async(request_to("GET", "/count"));
	response = hostcall_pending_req_select(pending, 2, &ready);
	SAY("select %d %d\n", response > 0, ready == pending[1]);
}

static void say_store(void)
{
	uint8_t *value;
	size_t length;
	SAY("store %d", hostcall_kvstore_insert(TEXT("key"), TEXT("1")));
	SAY(" %d", hostcall_kvstore_insert(TEXT("key"), TEXT("2")));
	SAY(" %d", hostcall_kvstore_upsert(TEXT("key"), TEXT("3")));
	SAY(" %d", hostcall_kvstore_append(TEXT("key"), TEXT("+")));
	SAY(" %d", hostcall_kvstore_get(&value, &length, TEXT("key")));
	SAY(" %.*s", (int)length, (char *)value);
	free(value);
	SAY(" %d", hostcall_kvstore_remove(TEXT("key")));
	SAY(" %d", hostcall_kvstore_remove(TEXT("key")));
	SAY(" %d\n", hostcall_kvstore_get(&value, &length, TEXT("key")));
}

static void say_names(void)
{
	/* One question for the address of guest.test. */
	static const char query[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
				    "\x05guest\x04test\x00\x00\x01\x00\x01";
	struct string_slice *addresses;
	uint8_t *answer;
	size_t count, length;
	for (int v6 = 0; v6 < 2; v6++) {
		hostcall_dns_query_ip(&addresses, &count, TEXT("guest.test"), v6);
		SAY("address ");
		for (size_t i = 0; i < addresses[0].len; i++)
			SAY("%02x", (uint8_t)addresses[0].ptr[i]);
		SAY(" %zu\n", count);
		is_there(addresses, count, "");
	}
	int is_good = hostcall_dns_query_raw(&answer, &length, query, sizeof query - 1);
	SAY("raw %d %02x%02x %02x%02x\n", is_good, answer[0], answer[1], answer[length - 2],
			answer[length - 1]);
	free(answer);
}

static void say_rest(void)
{
	uint32_t nanoseconds = UINT32_MAX;
	SAY("random %d\n", hostcall_rng_next_u64() != hostcall_rng_next_u64());
	SAY("time %d", hostcall_time_now(&nanoseconds) > 1600000000);
	SAY(" %d\n", nanoseconds < 1000000000);
}

__attribute__((export_name("run"))) void run(void)
{
	struct string_slice done = {"done", 4};
	hostcall_init_mm(malloc, free);
	hostcall_debug(TEXT("the survey begins"));
	char *method;
	size_t length;
	hostcall_req_get_method(&method, &length, REQUEST_INCOMING);
	if (length == 6) {
		hostcall_panic_hook(TEXT("DELETE is too much"));
		__builtin_trap();
	}
	free(method);
	say_incoming();
	say_requests();
	say_store();
	say_names();
	say_rest();
	hostcall_resp_set_header(RESPONSE_OUTGOING, TEXT("x-survey"), &done, 1);
	hostcall_resp_set_response_code(RESPONSE_OUTGOING, 201);
	hostcall_resp_set_body(RESPONSE_OUTGOING, report, used);
}
