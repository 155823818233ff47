/*
 * lines.h: what a guest writes to its log, cut into lines of printable text, with a
 * limit on how much one request may log.
 */
#ifndef SELVAGE_HOST_LINES_H
#define SELVAGE_HOST_LINES_H

#include <stddef.h>

#include "host/host.h"

struct host_lines {
	host_log_line log; /* NULL: lines are dropped */
	void *log_data;
	char trace_id[33]; /* of the request */
	size_t left;  /* bytes that may still be logged */
	bool is_full; /* the limit was reached and reported */
	size_t used;
	char line[1000]; /* with a prefix of time and name it stays below PIPE_BUF */
};

/* Begin a new log for a call. */
void host_lines_init(struct host_lines *lines, const struct host_call *call);

/* Take bytes: whole lines go out, the rest is kept for later. */
void host_lines_write(struct host_lines *lines, const void *bytes, size_t length);

/* Send what is left of a line. */
void host_lines_flush(struct host_lines *lines);

#endif
