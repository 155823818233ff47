/*
 * wasi_clock.h: clocks of the guest and the host clocks behind them.
 */
#ifndef SELVAGE_HOST_WASI_CLOCK_H
#define SELVAGE_HOST_WASI_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* The host clock of a guest's clock id; false if there is no such clock. */
bool wasi_clock_of_guest(uint32_t id, clockid_t *clock);

/* The time of a host clock in nanoseconds. */
uint64_t wasi_clock_now(clockid_t clock);

#endif
