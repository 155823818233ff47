/*
 * progress.h: a bar on the terminal for compilations that take long enough to notice.
 */
#ifndef SELVAGE_CLI_PROGRESS_H
#define SELVAGE_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* True if standard error is a terminal. */
bool progress_is_wanted(void);

/* An sv_progress: draws after the first half second, erases the bar when all is done. */
void progress_show(void *data, uint64_t done, uint64_t total);

/* Erase the bar, in case the compilation failed half-way. */
void progress_end(void);

#endif
