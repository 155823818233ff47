/*
 * service.h: what the guests of one program of Fastly Compute have in common.
 */
#ifndef SELVAGE_HOST_FASTLY_SERVICE_H
#define SELVAGE_HOST_FASTLY_SERVICE_H

#include "host/intake.h"

struct cache;
struct fastly_settings;
struct fetcher;
struct rates;

struct fastly_service {
	struct fastly_settings *settings; /* owned */
	struct fetcher *fetcher;          /* owned */
	struct rates *rates;              /* owned */
	struct cache *cache;              /* owned */
	struct host_intake cut_off;       /* of bodies whose request is over */
};

#endif
