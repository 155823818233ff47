/*
 * log_format.c: see log_format.h. JSON is written by hand: there is a line for every request.
 */
#include "server/log_format.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "server/request.h"

/* Room that is kept for what ends an object. */
static const size_t tail = 16;

void log_text_escape(char *text, size_t size, struct sv_bytes bytes)
{
	size_t at = 0;
	for (size_t i = 0; i < bytes.length; i++) {
		uint8_t c = bytes.data[i];
		bool is_plain = c > 0x20 && c < 0x7f && c != '"' && c != '\\';
		if (at + (is_plain ? 1 : 4) + 4 > size) {
			memcpy(text + at, "...", 3);
			at += 3;
			break;
		}
		if (is_plain)
			text[at++] = (char)c;
		else
			at += (size_t)snprintf(text + at, 5, "\\x%02x", c);
	}
	text[at] = '\0';
}

static void text_add(struct log_text *text, const char *format, ...) SV_PRINTF(2, 3);
static void text_add(struct log_text *text, const char *format, ...)
{
	size_t room = sizeof text->bytes - text->length;
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(text->bytes + text->length, room, format, arguments);
	va_end(arguments);
	if (length > 0 && (size_t)length < room)
		text->length += (size_t)length;
}

/* ---- JSON ---- */

/* Bytes of the character that begins here; 0: it is not UTF-8 (Unicode, table 3-7). */
static size_t utf8_length(const uint8_t *at, size_t left)
{
	uint8_t c = at[0], low = 0x80, high = 0xbf;
	size_t length = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if ((c >= 0x80 && c < 0xc2) || c > 0xf4)
		return 0;
	if (length > left)
		return 0;
	if (c == 0xe0)
		low = 0xa0;
	else if (c == 0xed)
		high = 0x9f;
	else if (c == 0xf0)
		low = 0x90;
	else if (c == 0xf4)
		high = 0x8f;
	for (size_t i = 1; i < length; i++) {
		if (at[i] < low || at[i] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return length;
}

/* Into a string of JSON. What is no UTF-8 becomes '?'. */
static void json_bytes(struct log_text *text, struct sv_bytes bytes)
{
	for (size_t i = 0; i < bytes.length;) {
		const uint8_t *at = bytes.data + i;
		size_t length = utf8_length(at, bytes.length - i);
		if (text->length + 6 + tail > sizeof text->bytes)
			return;
		if (*at < 0x20 || *at == 0x7f)
			text_add(text, "\\u%04x", *at);
		else if (*at == '"' || *at == '\\')
			text_add(text, "\\%c", *at);
		else if (length) {
			memcpy(text->bytes + text->length, at, length);
			text->length += length;
		} else
			text->bytes[text->length++] = '?';
		i += length ? length : 1;
	}
}

/* A member and its value; those that are empty are left out. */
static void json_member(struct log_text *text, const char *name, struct sv_bytes value)
{
	if (!value.length || text->length + strlen(name) + 64 > sizeof text->bytes)
		return;
	text_add(text, ",\"%s\":\"", name);
	json_bytes(text, value);
	text_add(text, "\"");
}

static void json_begin(struct log_text *text, const char *time, const char *kind)
{
	text_add(text, "{\"time\":\"%s\",\"kind\":\"%s\"", time, kind);
}

static void json_end(struct log_text *text)
{
	text_add(text, "}");
}

static struct sv_bytes cut(struct sv_bytes bytes, size_t most)
{
	return (struct sv_bytes){bytes.data, bytes.length < most ? bytes.length : most};
}

void log_json_request(struct log_text *text, const char *time, const struct exchange *exchange,
		uint64_t micros)
{
	const struct host_request *request = &exchange->request;
	const struct host_outcome *outcome = &exchange->outcome;
	json_begin(text, time, "request");
	json_member(text, "remote", host_text(request->remote_address));
	json_member(text, "method", cut(request->method, 32));
	json_member(text, "host", host_text(request->server_name));
	json_member(text, "target", cut(request->target, 1024));
	json_member(text, "protocol", host_text(host_request_protocol(request)));
	text_add(text, ",\"status\":%d,\"bytes\":%" PRIu64 ",\"ms\":%" PRIu64 ".%03" PRIu64,
			exchange->response.status, exchange->sent, micros / 1000, micros % 1000);
	json_member(text, "trace", host_text(request->trace_id));
	if (outcome->ending != HOST_ANSWERED) {
		json_member(text, "cause", host_text(outcome->cause));
		json_member(text, "at", host_text(outcome->frames));
	}
	json_end(text);
}

void log_json_refusal(struct log_text *text, const char *time, const char *remote, int status,
		const char *reason)
{
	json_begin(text, time, "request");
	json_member(text, "remote", host_text(remote));
	text_add(text, ",\"status\":%d", status);
	json_member(text, "cause", host_text(reason));
	json_end(text);
}

void log_json_event(struct log_text *text, const char *time, const char *event)
{
	json_begin(text, time, "event");
	json_member(text, "text", host_text(event));
	json_end(text);
}

void log_json_guest(struct log_text *text, const char *time, const char *program,
		const char *trace_id, struct sv_bytes line)
{
	json_begin(text, time, "guest");
	json_member(text, "program", host_text(program));
	json_member(text, "trace", host_text(trace_id));
	json_member(text, "text", line);
	json_end(text);
}

/* ---- combined ---- */

/* "[24/Nov/2026:00:08:40 +0000]" */
static void combined_time(struct log_text *text)
{
	char made[40] = "";
	struct tm parts;
	time_t now = time(NULL);
	if (gmtime_r(&now, &parts))
		strftime(made, sizeof made, "%d/%b/%Y:%H:%M:%S +0000", &parts);
	text_add(text, " - - [%s] ", made);
}

static void combined_field(struct log_text *text, const struct host_request *request,
		const char *name)
{
	struct sv_bytes value;
	char escaped[512] = "-";
	if (request_find(request, name, &value))
		log_text_escape(escaped, sizeof escaped, value);
	text_add(text, " \"%s\"", escaped);
}

void log_combined_request(struct log_text *text, const struct exchange *exchange)
{
	const struct host_request *request = &exchange->request;
	char method[40], target[1024];
	log_text_escape(method, sizeof method, request->method);
	log_text_escape(target, sizeof target, request->target);
	text_add(text, "%s", request->remote_address);
	combined_time(text);
	text_add(text, "\"%s %s %s\" %d %" PRIu64, method, target, host_request_protocol(request),
			exchange->response.status, exchange->sent);
	combined_field(text, request, "Referer");
	combined_field(text, request, "User-Agent");
}

void log_combined_refusal(struct log_text *text, const char *remote, int status)
{
	text_add(text, "%s", remote);
	combined_time(text);
	text_add(text, "\"-\" %d 0 \"-\" \"-\"", status);
}
