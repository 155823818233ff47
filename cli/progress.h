/*
 * progress.h: a bar on the terminal for work that takes long enough to notice.
 */
#ifndef SELVAGE_CLI_PROGRESS_H
#define SELVAGE_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* True if standard error is a terminal. */
bool progress_is_wanted(void);

/*
 * An sv_progress: draws after the first half second, erases the bar when all is done. `data` is
 * a string, what is going on: "compiling".
 */
void progress_show(void *data, uint64_t done, uint64_t total);

/* Erase the bar, in case the work failed half-way. */
void progress_end(void);

#endif
