/*
 * log.h: the server's lines on standard error, through log_writer.h. Lines of the loop are
 * gathered and handed over once per turn; those of guests, from any thread, at once.
 */
#ifndef SELVAGE_SERVER_LOG_H
#define SELVAGE_SERVER_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "server/exchange.h"

/* What lines look like: for people, an object each, or as other web servers have them. */
enum log_format { LOG_TEXT, LOG_JSON, LOG_COMBINED };

/* Their names, in that order, with NULL behind. */
extern const char *const log_format_names[];

/* Of all lines of the process, as its standard error is; before there is a server. */
void log_set_format(enum log_format format);

/* The log of one server; of the loop's thread, but for log_guest. */
struct server_log {
	bool is_quiet;     /* no line for a request that went well */
	struct buffer out; /* lines not yet written */
};

/* A line about an exchange that is being answered with the response it holds. */
void log_exchange(struct server_log *log, const struct exchange *exchange, uint64_t now);

/* A line about a request that was refused before there was an exchange to handle. */
void log_refusal(struct server_log *log, const char *remote, int status, const char *reason);

/* A line about the server itself. */
void log_event(struct server_log *log, const char *format, ...) SV_PRINTF(2, 3);

/* Hand over what was gathered. */
void log_flush(struct server_log *log);

/* host_log_line: a guest's own line; `data` is the guest's name. */
void log_guest(void *data, const char *trace_id, const char *line, size_t length);

#endif
