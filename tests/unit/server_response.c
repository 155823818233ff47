/*
 * server_response.c: responses: what a guest may set, and how they are written.
 */
#include "host/host.h"

#include <stdlib.h>
#include <string.h>

#include "server/http1_write.h"
#include "server/limits.h"
#include "tests/lib/test.h"

static bool add(struct host_response *response, const char *name, const char *value,
		struct sv_error *error)
{
	return host_response_add(response, host_text(name), host_text(value), error);
}

/* The head of a response as text; `frame` as in http1_write_head. On the heap. */
static char *head_text(const struct host_response *response, struct http1_frame frame,
		struct sv_bytes *body)
{
	struct buffer out = {0};
	frame.time = 784111777; /* the RFC's example of a date */
	if (!http1_write_head(&out, response, &frame, body, NULL) ||
			!buffer_append(&out, "", 1, NULL))
		abort();
	return (char *)out.data;
}

TEST(no_field_can_end_the_head_early)
{
	struct host_response response = {0};
	struct sv_error error = SV_ERROR_INIT;
	host_response_reset(&response);
	CHECK_ERROR(add(&response, "A", "b\r\nC: d", &error), SV_ERROR_INVALID, "control");
	CHECK_ERROR(add(&response, "A", "b\nc", &error), SV_ERROR_INVALID, "control");
	CHECK_ERROR(add(&response, "A\r\nB", "c", &error), SV_ERROR_INVALID, "token");
	CHECK_ERROR(add(&response, "", "c", &error), SV_ERROR_INVALID, "token");
	CHECK_ERROR(add(&response, "A:", "c", &error), SV_ERROR_INVALID, "token");
	CHECK_ERROR(add(&response, "A B", "c", &error), SV_ERROR_INVALID, "token");
	CHECK_ERROR(host_response_add(&response, host_text("A"),
				    (struct sv_bytes){(const uint8_t *)"a\0b", 3}, &error),
			SV_ERROR_INVALID, "control");
	CHECK_OK(add(&response, "A", "tab\tand \xc3\xa9", &error));
	CHECK_EQ(response.field_count, 1);
	host_response_finish(&response);
}

TEST(field_limits_leave_the_response_as_it_was)
{
	struct host_response response = {.field_limit = 2, .text.limit = 10};
	struct sv_error error = SV_ERROR_INIT;
	host_response_reset(&response);
	CHECK_ERROR(add(&response, "Name", "1234567", &error), SV_ERROR_LIMIT, "10 bytes");
	CHECK_OK(add(&response, "A", "1234", &error));
	CHECK_ERROR(add(&response, "Name", "12", &error), SV_ERROR_LIMIT, "10 bytes");
	CHECK_OK(add(&response, "B", "1234", &error));
	CHECK_ERROR(add(&response, "C", "", &error), SV_ERROR_LIMIT, "2 header fields");
	CHECK_EQ(response.field_count, 2);
	host_response_finish(&response);
}

TEST(removal_takes_all_of_a_name_among_the_first)
{
	struct host_response response = {0};
	struct sv_error error = SV_ERROR_INIT;
	host_response_reset(&response);
	CHECK_OK(add(&response, "Set-Cookie", "1", &error));
	CHECK_OK(add(&response, "A", "2", &error));
	CHECK_OK(add(&response, "SET-COOKIE", "3", &error));
	CHECK_OK(add(&response, "set-cookie", "4", &error));
	host_response_remove(&response, host_text("set-cookie"), 3);
	CHECK_EQ(response.field_count, 2);
	CHECK(host_response_field(&response, 1).value.data[0] == '4');
	host_response_finish(&response);
}

TEST(head_has_what_the_server_owes)
{
	struct host_response response = {0};
	struct sv_error error = SV_ERROR_INIT;
	struct sv_bytes body;
	host_response_reset(&response);
	CHECK_OK(add(&response, "Content-Length", "99", &error));
	CHECK_OK(add(&response, "Connection", "upgrade", &error));
	CHECK_OK(add(&response, "Transfer-Encoding", "chunked", &error));
	CHECK_OK(add(&response, "X-Own", "1", &error));
	CHECK_OK(buffer_append(&response.body, "HEADbody", 8, &error));
	response.body_start = 4;
	char *text = head_text(&response, (struct http1_frame){.keep_alive = true}, &body);
	CHECK_HAS(text, "HTTP/1.1 200 OK\r\n");
	CHECK_HAS(text, "\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
	CHECK_HAS(text, "\r\nX-Own: 1\r\n");
	CHECK_HAS(text, "\r\nContent-Length: 4\r\n");
	CHECK(!strstr(text, "Length: 99") && !strstr(text, "chunked") &&
			!strstr(text, "Connection"));
	CHECK_EQ(body.length, 4);
	CHECK_BYTES(body.data, "body", 4);
	free(text);
	host_response_finish(&response);
}

TEST(head_and_empty_statuses_have_no_body)
{
	struct host_response response = {0};
	struct sv_error error = SV_ERROR_INIT;
	struct sv_bytes body;
	host_response_reset(&response);
	CHECK_OK(buffer_append(&response.body, "body", 4, &error));
	char *text = head_text(&response, (struct http1_frame){.is_head = true}, &body);
	CHECK_HAS(text, "\r\nContent-Length: 4\r\n");
	CHECK_HAS(text, "\r\nConnection: close\r\n");
	CHECK_EQ(body.length, 0);
	free(text);
	response.status = 204;
	text = head_text(&response, (struct http1_frame){.is_old = true, .keep_alive = true},
			&body);
	CHECK(!strstr(text, "Content-Length"));
	CHECK_HAS(text, "\r\nConnection: keep-alive\r\n");
	CHECK_EQ(body.length, 0);
	free(text);
	host_response_finish(&response);
}

TEST(limits_are_checked_against_their_table)
{
	struct server_limits limits;
	struct sv_error error = SV_ERROR_INIT;
	server_limits_init(&limits);
	CHECK_OK(server_limits_check(&limits, &error));
	for (size_t i = 0; server_limit_at(i); i++) {
		const struct server_limit *limit = server_limit_at(i);
		uint64_t *value = (uint64_t *)((char *)&limits + limit->offset);
		CHECK_EQ(*value, limit->initial);
		*value = limit->most + 1;
		CHECK_ERROR(server_limits_check(&limits, &error), SV_ERROR_USAGE, limit->option);
		*value = limit->least;
		CHECK_OK(server_limits_check(&limits, &error));
		*value = limit->initial;
	}
}

TEST_MAIN()
