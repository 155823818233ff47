/*
 * log_writer.h: lines on their way to standard error. A thread of its own writes them, so that
 * neither the loop nor a guest waits for whoever reads; what has no room meanwhile is dropped
 * and counted. One for the process, as its standard error is.
 */
#ifndef SELVAGE_SERVER_LOG_WRITER_H
#define SELVAGE_SERVER_LOG_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/error.h"

/* Start the thread, unless it runs already: it lives as long as the process. */
SV_MUST_USE bool log_writer_start(struct sv_error *error);

/* Take over whole lines, or some of them. Any thread; before the start all are dropped. */
void log_writer_add(const char *lines, size_t length);

/* Wait until all is written, but for so many nanoseconds at most. */
void log_writer_drain(uint64_t patience);

#endif
