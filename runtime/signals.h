/*
 * signals.h: the process's handlers for faults and for the timers' signal.
 */
#ifndef SELVAGE_RUNTIME_SIGNALS_H
#define SELVAGE_RUNTIME_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

#include "base/check.h"
#include "base/error.h"

/* The timers' signal: ignored by default, so that one too many harms nobody. */
#define SIGNAL_TIMER SIGURG

/* Install the handlers, keeping the foreign ones for faults that are not a guest's. */
SV_MUST_USE bool signals_install(struct sv_error *error);

/* Put the foreign handlers back, where nobody has replaced ours. */
void signals_remove(void);

/* The signals that have handlers. */
void signals_list(sigset_t *set);

#endif
