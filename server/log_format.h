/*
 * log_format.h: lines of the log in forms that other programs read.
 */
#ifndef SELVAGE_SERVER_LOG_FORMAT_H
#define SELVAGE_SERVER_LOG_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "server/exchange.h"

/* A line being made: what has no room is left out, and text is cut. Begin with `length` 0. */
struct log_text {
	size_t length;
	char bytes[4096];
};

/* One object without its newline: a request, answered after `micros` microseconds. */
void log_json_request(struct log_text *text, const char *time, const struct exchange *exchange,
		uint64_t micros);

/* A request that never became one; something that happened; a guest's line. */
void log_json_refusal(struct log_text *text, const char *time, const char *remote, int status,
		const char *reason);
void log_json_event(struct log_text *text, const char *time, const char *event);
void log_json_guest(struct log_text *text, const char *time, const char *program,
		const char *trace_id, struct sv_bytes line);

/* The "combined" format of web servers: client, time, request line, status, bytes, two fields. */
void log_combined_request(struct log_text *text, const struct exchange *exchange);
void log_combined_refusal(struct log_text *text, const char *remote, int status);

/* As it may stand between quotes in a line of text: printable ASCII, other bytes as \xNN. */
void log_text_escape(char *text, size_t size, struct sv_bytes bytes);

#endif
