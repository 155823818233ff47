/*
 * platform.h: the daemon behind `selvage up`: deployments that are kept, built, served and
 * controlled. One for a process. Made, run until it is told to stop, freed.
 */
#ifndef SELVAGE_PLATFORM_H
#define SELVAGE_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"
#include "base/error.h"
#include "platform/accounts.h"
#include "platform/quotas.h"
#include "platform/signature.h"
#include "server/limits.h"

struct platform;

struct platform_config {
	const char *data;    /* folder of all that is kept; made if it is not there */
	const char *http;    /* where to listen for requests: "ADDR:PORT" */
	const char *https;   /* the same with TLS */
	/* PEM files for names of their own, in pairs. */
	const char *const *certificates, *const *keys;
	size_t certificate_count;
	const char *client_authority; /* of certificates that clients are asked for; NULL: none */
	const char *acme;    /* folder with challenges of an ACME client; NULL: none */
	const char *control; /* the same for the REST API */
	const char *domain;  /* deployments answer to NAME.DOMAIN */
	struct server_limits limits; /* of requests to deployments */
	struct quotas quotas;        /* of each tenant */
	unsigned workers;    /* threads that run guests */
	const char *compiler; /* which it is: what another one made is not used for new versions */
	const char *tools;   /* folders with compilers of sources, with ':' between; NULL: none */
	struct trust trust;  /* keys whose artifacts are taken; the files live as long as this */
	const char *name_servers; /* for proofs of host names: "ADDR:PORT,..."; NULL: usual ones */
	/* Private addresses that backends of guests may have: "HOST:PORT"; live as long as this. */
	const char *const *reachable;
	size_t reachable_count;
	bool terrarium;      /* take what terrctl sends, without a token */
	bool quiet;          /* no log line for requests that went well */
};

/* Open the data folder, listen, and start to build what is to be built. NULL with `error`. */
struct platform *platform_new(const struct platform_config *config, struct sv_error *error);

/* Addresses that were taken: "127.0.0.1:8080". They live as long as the platform. */
const char *platform_http(const struct platform *platform);
const char *platform_https(const struct platform *platform);
const char *platform_control(const struct platform *platform);

/* The certificate of the authority that made those of NAME.DOMAIN: what clients must trust. */
const char *platform_authority(const struct platform *platform);

/*
 * Make the first token, of the role admin in the tenant "default", if there is none at all.
 * `token` is empty if there was. It counts as told, and is not given out again, from platform_run
 * on.
 */
SV_MUST_USE bool platform_first_token(struct platform *platform, char token[static TOKEN_SIZE],
		struct sv_error *error);

/*
 * Serve until platform_stop, then finish what is under way. False if requests were still not
 * answered after the stop time: the process should then end without platform_free.
 */
bool platform_run(struct platform *platform);

/* Make platform_run return. In a signal handler too. */
void platform_stop(struct platform *platform);

/* Release it after platform_run. NULL is allowed. */
void platform_free(struct platform *platform);

#endif
