/*
 * server_trace.c: which trace contexts are valid (W3C Trace Context), and what requests without one
 * get.
 */
#include "server/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/test.h"

#define ID "0af7651916cd43dd8448eb211c80319c"
#define PARENT "b7ad6b7169203331"
#define VALID "00-" ID "-" PARENT "-01"

/* Fields of a request, name and value by turns, up to NULL. */
static struct exchange *exchange_with(const char *const *fields)
{
	struct server_limits limits;
	server_limits_init(&limits);
	limits.header_fields = 8;
	struct exchange *exchange = exchange_new(&limits);
	if (!exchange)
		abort();
	exchange->request = (struct host_request){.headers = exchange->headers};
	for (; *fields; fields += 2)
		exchange->headers[exchange->request.header_count++] = (struct host_header){
				host_text(fields[0]), host_text(fields[1])};
	return exchange;
}

static unsigned count_of(const struct exchange *exchange, const char *name)
{
	unsigned count = 0;
	for (size_t i = 0; i < exchange->request.header_count; i++)
		count += host_name_equal(exchange->headers[i].name, host_text(name));
	return count;
}

static bool is_valid_state(const char *first, const char *second)
{
	const char *const fields[] = {"tracestate", first, "TraceState", second, NULL};
	struct exchange *exchange = exchange_with(fields);
	bool is_valid = trace_state_is_valid(&exchange->request);
	exchange_free(exchange);
	return is_valid;
}

TEST(parents_of_this_version_are_exact)
{
	static const char *const valid[] = {VALID, "00-" ID "-" PARENT "-00",
			"00-" ID "-" PARENT "-ff", "00-" ID "-" PARENT "-09"};
	static const char *const invalid[] = {"", "00", VALID "-", VALID "-00", VALID "x",
			"00-" ID "-" PARENT, "00-" ID "-" PARENT "-", "00-" ID "-" PARENT "-0",
			"00-" ID "-" PARENT "-0g", "00-" ID "-" PARENT "-0A",
			"ff-" ID "-" PARENT "-01", "FF-" ID "-" PARENT "-01",
			"0-" ID "-" PARENT "-010", "0x-" ID "-" PARENT "-01",
			"00_" ID "-" PARENT "-01", "00-" ID "_" PARENT "-01",
			"00-" ID "-" PARENT "_01",
			"00-0AF7651916CD43DD8448EB211C80319C-" PARENT "-01",
			"00-" ID "-B7AD6B7169203331-01",
			"00-00000000000000000000000000000000-" PARENT "-01",
			"00-" ID "-0000000000000000-01",
			"00-0af7651916cd43dd8448eb211c80319-c" PARENT "-01",
			VALID "," VALID};
	for (size_t i = 0; i < ARRAY_LENGTH(valid); i++)
		CHECK_MSG(trace_parent_is_valid(host_text(valid[i])), "%s", valid[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(invalid); i++)
		CHECK_MSG(!trace_parent_is_valid(host_text(invalid[i])), "%s", invalid[i]);
}

TEST(parents_of_later_versions_may_have_more_behind_a_dash)
{
	CHECK(trace_parent_is_valid(host_text("cc-" ID "-" PARENT "-01")));
	CHECK(trace_parent_is_valid(host_text("01-" ID "-" PARENT "-01-what the future")));
	CHECK(trace_parent_is_valid(host_text("01-" ID "-" PARENT "-01-")));
	CHECK(!trace_parent_is_valid(host_text("01-" ID "-" PARENT "-01.what the future")));
	CHECK(!trace_parent_is_valid(host_text("01-" ID "-" PARENT "-0")));
	CHECK(!trace_parent_is_valid(host_text("ff-" ID "-" PARENT "-01-x")));
}

TEST(states_are_lists_of_keys_and_values)
{
	static const char *const valid[] = {"", " ", ",", "a=1", "a=1,", " a=1 \t,\t b=2",
			"a=1,,b=2",
			"a_-*/9=~!\"#$%&'()*+-./0:;<>?@AZ[\\]^_`az{|}", "fw529a3039@dt=F",
			"0tenant@system=x", "a= b c", "a=1,a=2"};
	static const char *const invalid[] = {"a", "=1", "a=", "A=1", "0a=1", "a =1", "a=1=2",
			"a=\x7f", "a=\x01", "a=\xc3\xa9", "a@=1", "@a=1", "a@b@c=1", "a@0=1",
			"a@12345678901234=1", "a.b=1", "a=1,b"};
	for (size_t i = 0; i < ARRAY_LENGTH(valid); i++)
		CHECK_MSG(is_valid_state(valid[i], ""), "%s", valid[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(invalid); i++)
		CHECK_MSG(!is_valid_state(invalid[i], "a=1"), "%s", invalid[i]);
}

TEST(states_have_limits)
{
	char text[1024], key[300];
	size_t length = 0;
	for (unsigned i = 0; i < 31; i++)
		length += (size_t)snprintf(text + length, sizeof text - length, "k%u=1,", i);
	CHECK(is_valid_state(text, "a=1"));
	CHECK(!is_valid_state(text, "a=1,b=2"));
	memset(key, 'k', sizeof key);
	snprintf(text, sizeof text, "%.256s=%.256s", key, key);
	CHECK(is_valid_state(text, ""));
	snprintf(text, sizeof text, "%.257s=1", key);
	CHECK(!is_valid_state(text, ""));
	snprintf(text, sizeof text, "k=%.257s", key);
	CHECK(!is_valid_state(text, ""));
	snprintf(text, sizeof text, "%.241s@%.14s=1", key, key);
	CHECK(is_valid_state(text, ""));
	snprintf(text, sizeof text, "%.242s@%.14s=1", key, key);
	CHECK(!is_valid_state(text, ""));
	snprintf(text, sizeof text, "%.241s@%.15s=1", key, key);
	CHECK(!is_valid_state(text, ""));
}

TEST(a_valid_trace_stays_as_it_came)
{
	const char *const fields[] = {
			"TraceParent", VALID, "tracestate", "b=2", "tracestate", "a=1", NULL};
	struct exchange *exchange = exchange_with(fields);
	trace_begin(exchange);
	CHECK_STR(exchange->request.trace_id, ID);
	CHECK_EQ(exchange->request.header_count, 3);
	CHECK(exchange->headers[0].value.data == (const uint8_t *)fields[1]);
	CHECK_EQ(count_of(exchange, "tracestate"), 2);
	exchange_free(exchange);
}

TEST(an_invalid_state_is_dropped_alone)
{
	const char *const fields[] = {
			"traceparent", VALID, "tracestate", "b=2", "tracestate", "A=1", NULL};
	struct exchange *exchange = exchange_with(fields);
	trace_begin(exchange);
	CHECK_STR(exchange->request.trace_id, ID);
	CHECK_EQ(exchange->request.header_count, 1);
	exchange_free(exchange);
}

TEST(requests_without_a_valid_parent_begin_a_trace)
{
	static const char *const cases[][9] = {
			{"tracestate", "a=1", "x", "y", NULL},
			{"traceparent", "00-" ID "-0000000000000000-01", "x", "y", "tracestate",
					"a=1", NULL},
			{"traceparent", VALID, "x", "y", "traceparent", VALID, NULL},
			{"a", "1", "b", "2", "c", "3", "x", "y", NULL},
	};
	char before[33] = "";
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct exchange *exchange = exchange_with(cases[i]);
		trace_begin(exchange);
		CHECK_EQ(count_of(exchange, "traceparent"), 1);
		CHECK_EQ(count_of(exchange, "tracestate"), 0);
		CHECK_EQ(count_of(exchange, "x"), 1);
		struct sv_bytes value =
				exchange->headers[exchange->request.header_count - 1].value;
		CHECK_EQ(value.length, 55);
		CHECK(trace_parent_is_valid(value));
		CHECK(memcmp(value.data + 3, exchange->request.trace_id, 32) == 0);
		CHECK(memcmp(value.data + 52, "-00", 3) == 0);
		CHECK(strcmp(exchange->request.trace_id, before) != 0);
		memcpy(before, exchange->request.trace_id, sizeof before);
		exchange_free(exchange);
	}
}

TEST_MAIN()
