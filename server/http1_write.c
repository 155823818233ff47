/*
 * http1_write.c: the head of a response. The fields about the message and the connection
 * are the server's own; those of the guest with these names are left out.
 */
#include "server/http1_write.h"

#include <stdio.h>
#include <string.h>

#include "base/version.h"
#include "host/lend.h"
#include "server/response.h"

static const struct {
	int status;
	const char *text;
} statuses[] = {
#define HTTP_STATUS(status, text) {status, text},
#include "server/status.def"
#undef HTTP_STATUS
};

const char *http1_status_text(int status)
{
	for (size_t i = 0; i < ARRAY_LENGTH(statuses); i++) {
		if (statuses[i].status == status)
			return statuses[i].text;
	}
	return "Unknown";
}

static bool write_field(struct buffer *out, struct host_header field, struct sv_error *error)
{
	TRY(buffer_reserve(out, field.name.length + field.value.length + 4, error));
	TRY(buffer_append(out, field.name.data, field.name.length, error));
	TRY(buffer_append(out, ": ", 2, error));
	TRY(buffer_append(out, field.value.data, field.value.length, error));
	return buffer_append(out, "\r\n", 2, error);
}

static bool write_fields(struct buffer *out, const struct host_response *response,
		struct sv_error *error)
{
	for (size_t i = 0; i < response->field_count; i++) {
		struct host_header field = host_response_field(response, i);
		if (!response_field_is_ours(field.name))
			TRY(write_field(out, field, error));
	}
	return true;
}

/* Formatting by printf would take longer than the rest of the head. */
static bool write_content_length(struct buffer *out, uint64_t length, struct sv_error *error)
{
	char text[24];
	size_t at = sizeof text;
	text[--at] = '\n';
	text[--at] = '\r';
	do {
		text[--at] = (char)('0' + length % 10);
		length /= 10;
	} while (length);
	TRY(buffer_append(out, "Content-Length: ", 16, error));
	return buffer_append(out, text + at, sizeof text - at, error);
}

/* How long the body is, or how its end is told. */
static bool write_length(struct buffer *out, const struct host_response *response,
		const struct http1_frame *frame, struct sv_error *error)
{
	int64_t length = response_length(response, frame->is_head, frame->more);
	if (length >= 0)
		return write_content_length(out, (uint64_t)length, error);
	return frame->is_old || buffer_printf(out, error, "Transfer-Encoding: chunked\r\n");
}

/* What is the same for all answers of a second is not formatted for each. */
static bool write_beginning(struct buffer *out, int status, time_t time, struct sv_error *error)
{
	static _Thread_local char text[256];
	static _Thread_local size_t length;
	static _Thread_local int made_with;
	static _Thread_local time_t made_at;
	if (!length || status != made_with || time != made_at)
		length = (size_t)snprintf(text, sizeof text,
				"HTTP/1.1 %d %s\r\nServer: Selvage/" SV_VERSION "\r\nDate: %s\r\n",
				status, http1_status_text(status), response_date(time));
	made_with = status;
	made_at = time;
	return buffer_append(out, text, length, error);
}

bool http1_write_head(struct buffer *out, const struct host_response *response,
		const struct http1_frame *frame, struct sv_bytes *body, struct sv_error *error)
{
	int status = response->status;
	bool has_content = response_has_content(status);
	*body = (struct sv_bytes){0};
	TRY(write_beginning(out, status, frame->time, error));
	TRY(write_fields(out, response, error));
	if (has_content)
		TRY(write_length(out, response, frame, error));
	if (!frame->keep_alive)
		TRY(buffer_append(out, "Connection: close\r\n", 19, error));
	else if (frame->is_old)
		TRY(buffer_append(out, "Connection: keep-alive\r\n", 24, error));
	TRY(buffer_append(out, "\r\n", 2, error));
	if (has_content && !frame->is_head)
		*body = host_response_body(response);
	return true;
}

bool http1_write_trailers(struct buffer *out, const struct host_response *response,
		struct sv_error *error)
{
	for (size_t i = 0; i < response->field_count; i++) {
		struct host_header field = host_response_field(response, i);
		if (!response_field_is_for_heads(field.name))
			TRY(write_field(out, field, error));
	}
	return buffer_append(out, "\r\n", 2, error);
}

bool http1_make_text(struct host_response *response, int status, const char *text,
		struct sv_error *error)
{
	host_response_reset(response);
	response->status = status;
	TRY(host_response_add(response, host_text("Content-Type"),
			host_text("text/plain; charset=utf-8"), error));
	return buffer_printf(&response->body, error, "%d %s\n%s\n", status,
			http1_status_text(status), text);
}
