/*
 * daemon.h: what commands that serve until they are told to stop have in common: signals, and
 * talking to a service manager. One for a process; of the main thread.
 */
#ifndef SELVAGE_CLI_DAEMON_H
#define SELVAGE_CLI_DAEMON_H

#include <stdint.h>

/* Threads that run guests: `asked`, or by default two for each CPU and at least four. */
unsigned daemon_workers(uint64_t asked);

/*
 * Before anything is opened: what nobody reads, and files that are full, are error numbers from now
 * on and not signals.
 */
void daemon_begin(void);

/*
 * It serves: from now on SIGTERM and SIGINT call `stop`, which must be async-signal-safe, and a
 * service manager that asked for it is told so, and of the stop too (sd_notify(3)). If that cannot
 * be done, standard error says why.
 */
void daemon_ready(void (*stop)(void *data), void *data);

#endif
