/*
 * log.c: lines with a time in front, or in a form of log_format.h. What clients and guests sent is
 * shown with anything that is not printable ASCII escaped, so a line is a line.
 */
#include "server/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "server/log_format.h"
#include "server/log_writer.h"

const char *const log_format_names[] = {"text", "json", "combined", NULL};

static enum log_format format = LOG_TEXT;

void log_set_format(enum log_format wanted)
{
	format = wanted;
}

/* "2026-11-24T00:08:40.123Z" */
static void time_text(char *text, size_t size)
{
	static _Thread_local time_t made_for;
	static _Thread_local char second[24];
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	struct tm parts;
	if (now.tv_sec != made_for && gmtime_r(&now.tv_sec, &parts)) {
		strftime(second, sizeof second, "%Y-%m-%dT%H:%M:%S", &parts);
		made_for = now.tv_sec;
	}
	snprintf(text, size, "%s.%03dZ", second, (int)(now.tv_nsec / 1000000));
}

/* Lines that cannot be stored are lost rather than the request. */
static void log_add(struct server_log *log, const char *line, size_t length)
{
	if (!buffer_append(&log->out, line, length, NULL) ||
			!buffer_append(&log->out, "\n", 1, NULL))
		log->out.length = 0;
}

/* A line of text behind its time. */
static void log_line(struct server_log *log, const char *format, ...) SV_PRINTF(2, 3);
static void log_line(struct server_log *log, const char *format, ...)
{
	char text[2048];
	time_text(text, sizeof text);
	size_t length = strlen(text);
	text[length++] = ' ';
	va_list arguments;
	va_start(arguments, format);
	int more = vsnprintf(text + length, sizeof text - length, format, arguments);
	va_end(arguments);
	if (more >= 0)
		log_add(log, text, strlen(text));
}

/* Why a guest failed, and the trace by which others know of the request; "" if it did not. */
static void failure_text(char *text, size_t size, const struct exchange *exchange)
{
	const struct host_outcome *outcome = &exchange->outcome;
	const char *trace_id = exchange->request.trace_id;
	text[0] = '\0';
	if (outcome->ending != HOST_ANSWERED)
		snprintf(text, size, " (%s%s%s)%s%s", outcome->cause,
				outcome->frames[0] ? " at " : "", outcome->frames,
				trace_id[0] ? " trace=" : "", trace_id);
}

static void log_plain(struct server_log *log, const struct exchange *exchange, uint64_t us)
{
	char method[40], target[512], failure[768];
	log_text_escape(method, sizeof method, exchange->request.method);
	log_text_escape(target, sizeof target, exchange->request.target);
	failure_text(failure, sizeof failure, exchange);
	log_line(log, "%s %s %s %d %llu %llu.%03llums%s", exchange->request.remote_address, method,
			target, exchange->response.status, (unsigned long long)exchange->sent,
			(unsigned long long)(us / 1000), (unsigned long long)(us % 1000), failure);
}

/* The format has no place for a failure: that is a line of its own. */
static void log_combined(struct server_log *log, const struct exchange *exchange)
{
	struct log_text text;
	char failure[768];
	text.length = 0;
	log_combined_request(&text, exchange);
	log_add(log, text.bytes, text.length);
	failure_text(failure, sizeof failure, exchange);
	if (failure[0])
		log_line(log, "%s failed:%s", exchange->request.remote_address, failure);
}

void log_exchange(struct server_log *log, const struct exchange *exchange, uint64_t now)
{
	struct log_text text;
	char time[40];
	uint64_t us = (now - exchange->began) / 1000;
	if (log->is_quiet && exchange->outcome.ending == HOST_ANSWERED)
		return;
	switch (format) {
	case LOG_TEXT:
		log_plain(log, exchange, us);
		return;
	case LOG_COMBINED:
		log_combined(log, exchange);
		return;
	case LOG_JSON:
		text.length = 0;
		time_text(time, sizeof time);
		log_json_request(&text, time, exchange, us);
		log_add(log, text.bytes, text.length);
		return;
	}
}

void log_refusal(struct server_log *log, const char *remote, int status, const char *reason)
{
	struct log_text text;
	char time[40];
	text.length = 0;
	if (format == LOG_JSON) {
		time_text(time, sizeof time);
		log_json_refusal(&text, time, remote, status, reason);
		log_add(log, text.bytes, text.length);
		return;
	}
	if (format == LOG_COMBINED) {
		log_combined_refusal(&text, remote, status);
		log_add(log, text.bytes, text.length);
	}
	log_line(log, "%s - - %d (%s)", remote, status, reason);
}

void log_event(struct server_log *log, const char *event, ...)
{
	char said[600], time[40];
	struct log_text text;
	va_list arguments;
	va_start(arguments, event);
	vsnprintf(said, sizeof said, event, arguments);
	va_end(arguments);
	if (format != LOG_JSON) {
		log_line(log, "%s", said);
		return;
	}
	text.length = 0;
	time_text(time, sizeof time);
	log_json_event(&text, time, said);
	log_add(log, text.bytes, text.length);
}

void log_flush(struct server_log *log)
{
	if (log->out.length)
		log_writer_add((const char *)log->out.data, log->out.length);
	log->out.length = 0;
}

/* One call, so that lines of several threads do not mix. They have up to 1000 bytes (lines.h). */
void log_guest(void *data, const char *trace_id, const char *line, size_t length)
{
	struct log_text text;
	char time[40];
	time_text(time, sizeof time);
	text.length = 0;
	if (format == LOG_JSON) {
		log_json_guest(&text, time, data, trace_id,
				(struct sv_bytes){(const uint8_t *)line, length});
	} else {
		int head = snprintf(text.bytes, sizeof text.bytes, "%s guest %.80s: ", time,
				(const char *)data);
		size_t room = sizeof text.bytes - (size_t)head - 1;
		text.length = (size_t)head + (length < room ? length : room);
		memcpy(text.bytes + head, line, text.length - (size_t)head);
	}
	text.bytes[text.length++] = '\n';
	log_writer_add(text.bytes, text.length);
}
