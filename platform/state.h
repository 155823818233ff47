/*
 * state.h: what the parts of the platform work on. Made and released by platform.c.
 */
#ifndef SELVAGE_PLATFORM_STATE_H
#define SELVAGE_PLATFORM_STATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "platform/blobs.h"
#include "platform/quotas.h"
#include "platform/seal.h"
#include "platform/signature.h"
#include "server/limits.h"

struct build;
struct db;
struct journals;
struct proofs;
struct routes;
struct sv_engine;

struct platform_state {
	char database[512], blob_folder[512], log_folder[512], key_file[512];
	char work_folder[512];  /* where sources are built */
	char tools[2048];       /* folders with compilers for them, with ':' between */
	char acme_folder[512];  /* challenges of an ACME client; "": none */
	char folder[512], tls_folder[512], lock_file[512], token_file[512];
	char domain[128];       /* deployments are names below it */
	char compiler[80];      /* which compiler this is, part of the key of what it made */
	uint16_t http_port;     /* 0: none */
	uint16_t https_port;    /* the same */
	struct trust trust;     /* whose compiled artifacts are taken */
	const char *const *reachable; /* private addresses that guests may name: "HOST:PORT" */
	size_t reachable_count;
	int64_t terrarium_tenant; /* of what comes without a token; 0: that is refused */
	struct server_limits limits; /* of the data plane */
	struct quotas quotas;        /* of each tenant */
	struct db *db;               /* owned, as are those below */
	struct seal_key key;
	struct blobs blobs;
	struct sv_engine *engine;
	struct journals *journals;
	struct routes *routes;
	struct build *build;
	struct proofs *proofs;
	/*
	 * What is current changes under this lock, from looking at the database to setting the
	 * route. Taken before the database's.
	 */
	pthread_mutex_t change;
	_Atomic uint64_t settings; /* goes up when settings of any deployment change */
	atomic_uint waiting;       /* requests for logs that wait for a line */
	atomic_bool has_garbage;   /* there may be blobs that nothing refers to any more */
	/* Set once, by platform_stop: calls that wait for something answer with what there is. */
	atomic_bool is_stopping;
};

#endif
