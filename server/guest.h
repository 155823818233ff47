/*
 * guest.h: the handler that answers requests with a fresh instance of one artifact each.
 */
#ifndef SELVAGE_SERVER_GUEST_H
#define SELVAGE_SERVER_GUEST_H

#include "host/host.h"
#include "server/executor.h"
#include "server/limits.h"

struct sv_engine;
struct guest_service;

/*
 * Find the ABI of `guest->artifact`, refuse what it cannot do, link, and make a pool of at
 * most `limits->guests` instances. `guest` is borrowed. NULL with `error` on failure.
 */
struct guest_service *guest_service_new(struct sv_engine *engine, const struct host_guest *guest,
		const struct server_limits *limits, struct sv_error *error);

/* Its handler; lives as long as the service. */
const struct handler *guest_service_handler(const struct guest_service *service);

/* Name of the ABI that was found; constant string. */
const char *guest_service_abi(const struct guest_service *service);

/* What its pool has now; any thread. */
struct sv_pool_stats;
void guest_service_look(struct guest_service *service, struct sv_pool_stats *stats);

/* Release it; no worker may be left. NULL is allowed. */
void guest_service_free(struct guest_service *service);

#endif
