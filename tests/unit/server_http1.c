/*
 * server_http1.c: the request parser without sockets: however the bytes arrive the result is
 * the same, views stay inside what was given, and damaged requests end in a refusal, not worse.
 */
#include "server/http1_parse.h"

#include <stdlib.h>
#include <string.h>

#include "tests/lib/test.h"

/* What parsing a request came to. */
struct result {
	enum http1_result ended;
	int status;
	size_t used; /* bytes of the input that belonged to the request */
	struct host_request request;
	struct host_header headers[100];
	struct buffer body;
	uint8_t *input; /* owned; the views point here */
};

static struct server_limits limits;

/* `step`: bytes that arrive at once. The input is copied to memory of exactly its size. */
static void parse(const void *bytes, size_t length, size_t step, struct result *result)
{
	struct http1_parser parser;
	size_t head = 0, have = 0, used;
	*result = (struct result){.ended = HTTP1_MORE, .input = malloc(length + !length)};
	memcpy(result->input, bytes, length);
	server_limits_init(&limits);
	http1_parser_init(&parser, &limits);
	while (result->ended == HTTP1_MORE && have < length) {
		have = length - have < step ? length : have + step;
		result->ended = http1_find_head(&parser, (struct sv_bytes){result->input, have},
				&head);
	}
	if (result->ended == HTTP1_READY)
		result->ended = http1_parse_head(&parser, (struct sv_bytes){result->input, head},
				&result->request, result->headers, &result->body);
	result->used = head;
	while (head && result->ended == HTTP1_MORE && result->used < length) {
		size_t more = length - result->used < step ? length - result->used : step;
		uint8_t *part = malloc(more);
		memcpy(part, result->input + result->used, more);
		result->ended = http1_parse_body(&parser, (struct sv_bytes){part, more}, &used);
		result->used += used;
		free(part);
	}
	result->status = parser.head.status;
}

static void finish(struct result *result)
{
	buffer_finish(&result->body);
	free(result->input);
}

static bool bytes_equal(struct sv_bytes a, struct sv_bytes b)
{
	return a.length == b.length && (!a.length || memcmp(a.data, b.data, a.length) == 0);
}

static bool is_inside(const struct result *result, struct sv_bytes view, size_t length)
{
	return !view.length ||
			(view.data >= result->input &&
					view.data + view.length <= result->input + length);
}

static bool same_requests(const struct result *a, const struct result *b)
{
	const struct host_request *x = &a->request, *y = &b->request;
	if (!bytes_equal(x->method, y->method) || !bytes_equal(x->target, y->target) ||
			!bytes_equal(x->path, y->path) || !bytes_equal(x->query, y->query) ||
			x->header_count != y->header_count || a->used != b->used)
		return false;
	for (size_t i = 0; i < x->header_count; i++) {
		if (!bytes_equal(x->headers[i].name, y->headers[i].name) ||
				!bytes_equal(x->headers[i].value, y->headers[i].value))
			return false;
	}
	return bytes_equal(buffer_view(&a->body), buffer_view(&b->body));
}

static const char *const requests[] = {
		"GET / HTTP/1.1\r\nHost: t\r\n\r\n",
		"\r\nGET /a%20b?c=d&e HTTP/1.1\r\nHost: t:80\r\nA:  b \t\r\nB:\r\nA: c\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 11\r\n\r\nhello world",
		"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
		"5\r\nhello\r\n6;x=\"y\"\r\n world\r\n0\r\nT: v\r\n\r\n",
		"PUT http://h.example:1/p?q HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nab",
		"OPTIONS * HTTP/1.1\r\nHost: t\r\nConnection: close, keep-alive\r\n\r\n",
		"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: [::1]:80\r\nExpect: 100-continue\r\nContent-Length: "
		"1\r\n\r\nx",
		"GET / HTTP/1.1\r\nHost: t\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
};

TEST(requests_are_the_same_however_they_arrive)
{
	for (size_t i = 0; i < ARRAY_LENGTH(requests); i++) {
		struct result whole, parts;
		size_t length = strlen(requests[i]);
		parse(requests[i], length, length, &whole);
		CHECK_MSG(whole.ended == HTTP1_READY, "request %zu: status %d", i, whole.status);
		CHECK_EQ(whole.used, length);
		for (size_t step = 1; step < 20; step++) {
			parse(requests[i], length, step, &parts);
			CHECK_MSG(parts.ended == HTTP1_READY && same_requests(&whole, &parts),
					"request %zu in steps of %zu", i, step);
			finish(&parts);
		}
		finish(&whole);
	}
}

TEST(target_is_split_at_the_first_question_mark)
{
	struct result result;
	const char *text = "GET /a%2f/b?c?d HTTP/1.1\r\nHost: t\r\n\r\n";
	parse(text, strlen(text), 100, &result);
	CHECK_EQ(result.ended, HTTP1_READY);
	CHECK(bytes_equal(result.request.path, host_text("/a%2f/b")));
	CHECK(bytes_equal(result.request.query, host_text("c?d")));
	CHECK(bytes_equal(result.request.target, host_text("/a%2f/b?c?d")));
	finish(&result);
}

TEST(what_follows_a_request_is_not_touched)
{
	struct result result;
	const char *first = "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc";
	char text[200];
	int length = snprintf(text, sizeof text, "%sGET / HTTP/1.1\r\n", first);
	parse(text, (size_t)length, 200, &result);
	CHECK_EQ(result.ended, HTTP1_READY);
	CHECK_EQ(result.used, strlen(first));
	CHECK(bytes_equal(buffer_view(&result.body), host_text("abc")));
	finish(&result);
}

TEST(values_have_no_space_around_them)
{
	struct result result;
	const char *text = "GET / HTTP/1.1\r\nHost: t\r\nA: \t b c \t\r\nB: \r\n\r\n";
	parse(text, strlen(text), 100, &result);
	CHECK_EQ(result.request.header_count, 3);
	CHECK(bytes_equal(result.headers[1].value, host_text("b c")));
	CHECK_EQ(result.headers[2].value.length, 0);
	finish(&result);
}

/* A small generator of our own: the same damage on every machine. */
static uint32_t random_next(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static size_t damage(uint8_t *bytes, size_t length, uint32_t *state)
{
	static const char spice[] = "\r\n\t \0:;,=0aF\xff\x7f/?#%";
	for (uint32_t n = 1 + random_next(state) % 3; n > 0; n--) {
		size_t at = random_next(state) % length;
		switch (random_next(state) % 4) {
		case 0:
			bytes[at] = (uint8_t)spice[random_next(state) % (sizeof spice - 1)];
			break;
		case 1: /* one byte less */
			memmove(bytes + at, bytes + at + 1, length - at - 1);
			length -= length > 1;
			break;
		case 2: /* one byte more */
			memmove(bytes + at + 1, bytes + at, length - at);
			bytes[at] = (uint8_t)spice[random_next(state) % (sizeof spice - 1)];
			length++;
			break;
		default:
			length = length > 1 ? 1 + at : length;
			break;
		}
	}
	return length;
}

static bool views_are_inside(const struct result *result, size_t length)
{
	const struct host_request *request = &result->request;
	bool is_good = is_inside(result, request->method, length) &&
			is_inside(result, request->query, length);
	for (size_t i = 0; i < request->header_count; i++)
		is_good = is_good && is_inside(result, request->headers[i].name, length) &&
				is_inside(result, request->headers[i].value, length);
	return is_good;
}

TEST(damaged_requests_are_understood_in_one_way_only)
{
	uint32_t state = 1;
	for (unsigned round = 0; round < 60000; round++) {
		const char *text = requests[random_next(&state) % ARRAY_LENGTH(requests)];
		uint8_t bytes[400];
		size_t length = strlen(text);
		memcpy(bytes, text, length);
		length = damage(bytes, length, &state);
		struct result whole, parts;
		parse(bytes, length, length, &whole);
		parse(bytes, length, 1 + random_next(&state) % 7, &parts);
		bool is_same = whole.ended == parts.ended && whole.status == parts.status &&
				(whole.ended != HTTP1_READY || same_requests(&whole, &parts));
		bool is_told = (whole.ended == HTTP1_REFUSED) == (whole.status >= 400);
		bool is_good = is_same && is_told && views_are_inside(&whole, length);
		int ended[] = {whole.ended, parts.ended, whole.status, parts.status};
		finish(&whole);
		finish(&parts);
		CHECK_MSG(is_good, "round %u: ended %d and %d, status %d and %d: %.*s", round,
				ended[0], ended[1], ended[2], ended[3], (int)length, bytes);
	}
}

TEST(limits_hold_to_the_byte)
{
	char text[20000];
	struct result result;
	server_limits_init(&limits);
	for (int more = 0; more < 2; more++) {
		int length = snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: t\r\nA: ");
		memset(text + length, 'a', limits.head_bytes - 4 - (size_t)length + (size_t)more);
		length = (int)limits.head_bytes - 4 + more;
		memcpy(text + length, "\r\n\r\n", 4);
		parse(text, (size_t)length + 4, 1000, &result);
		CHECK_EQ(result.ended, more ? HTTP1_REFUSED : HTTP1_READY);
		CHECK_EQ(result.status, more ? 431 : 0);
		finish(&result);
	}
}

TEST_MAIN()
