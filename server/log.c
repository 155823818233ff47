/*
 * log.c: lines with a time in front. What clients and guests sent is shown with anything
 * that is not printable ASCII escaped, so a line is a line.
 */
#include "server/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "server/log_writer.h"

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

/* `bytes` as it may stand in a line, cut to what is useful there. */
static void escape(char *text, size_t size, struct sv_bytes bytes)
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

/* Lines that cannot be stored are lost rather than the request. */
static void log_line(struct server_log *log, const char *format, ...) SV_PRINTF(2, 3);
static void log_line(struct server_log *log, const char *format, ...)
{
	char text[2048];
	size_t length = 0;
	time_text(text, sizeof text);
	length = strlen(text);
	text[length++] = ' ';
	va_list arguments;
	va_start(arguments, format);
	int more = vsnprintf(text + length, sizeof text - length - 1, format, arguments);
	va_end(arguments);
	if (more < 0)
		return;
	length += strlen(text + length);
	text[length++] = '\n';
	if (!buffer_append(&log->out, text, length, NULL))
		log->out.length = 0;
}

void log_exchange(struct server_log *log, const struct exchange *exchange, uint64_t now)
{
	const struct host_outcome *outcome = &exchange->outcome;
	if (log->is_quiet && outcome->ending == HOST_ANSWERED)
		return;
	char method[40], target[512], cause[768] = "";
	escape(method, sizeof method, exchange->request.method);
	escape(target, sizeof target, exchange->request.target);
	if (outcome->ending != HOST_ANSWERED)
		snprintf(cause, sizeof cause, " (%s%s%s)", outcome->cause,
				outcome->frames[0] ? " at " : "", outcome->frames);
	uint64_t us = (now - exchange->began) / 1000;
	log_line(log, "%s %s %s %d %llu %llu.%03llums%s", exchange->request.remote_address, method,
			target, exchange->response.status, (unsigned long long)exchange->sent,
			(unsigned long long)(us / 1000), (unsigned long long)(us % 1000), cause);
}

void log_refusal(struct server_log *log, const char *remote, int status, const char *reason)
{
	log_line(log, "%s - - %d (%s)", remote, status, reason);
}

void log_event(struct server_log *log, const char *format, ...)
{
	char text[600];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	log_line(log, "%s", text);
}

void log_flush(struct server_log *log)
{
	if (log->out.length)
		log_writer_add((const char *)log->out.data, log->out.length);
	log->out.length = 0;
}

/* One call, so that lines of several threads do not mix. */
void log_guest(void *data, const char *line, size_t length)
{
	char text[1280], time[40]; /* lines of guests have up to 1000 bytes (host/lines.h) */
	time_text(time, sizeof time);
	int head = snprintf(text, sizeof text, "%s guest %.80s: ", time, (const char *)data);
	size_t room = sizeof text - (size_t)head - 1;
	if (length > room)
		length = room;
	memcpy(text + head, line, length);
	text[(size_t)head + length] = '\n';
	log_writer_add(text, (size_t)head + length + 1);
}
