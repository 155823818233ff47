/*
 * deployments.h: the rows of deployments and their versions, and what may become of them. Any
 * thread; for several steps that belong together, between db_begin and db_end.
 */
#ifndef SELVAGE_PLATFORM_DEPLOYMENTS_H
#define SELVAGE_PLATFORM_DEPLOYMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/error.h"
#include "platform/blobs.h"
#include "platform/signature.h"

struct db;

enum version_state {
#define VERSION_STATE(name, text) VERSION_##name,
#include "platform/states.def"
#undef VERSION_STATE
};

/* Before this one a version is a build to be done. */
#define VERSION_FIRST_FINAL VERSION_READY

enum tier {
	TIER_NONE,
	TIER_FAST,    /* compiled without optimising */
	TIER_RELEASE, /* compiled at the default level */
};

const char *version_state_name(enum version_state state);
const char *tier_name(enum tier tier);

struct deployment {
	int64_t id;
	int64_t tenant;
	int64_t current; /* number of the version that is served; 0: none */
	int64_t created, updated;
	int64_t expires; /* 0: never */
	char name[64];
};

struct version {
	int64_t id;
	int64_t deployment;
	int64_t tenant; /* of the deployment */
	int64_t number; /* 1, 2, ... in its deployment */
	int64_t created;
	int64_t size; /* of the module, bytes; of the sources until there is one */
	enum version_state state;
	enum tier tier; /* of the artifact */
	char module[BLOB_NAME_SIZE]; /* "" until its sources are built */
	char source[BLOB_NAME_SIZE]; /* a bundle (bundle.h); "" if there is a module */
	char assets[BLOB_NAME_SIZE]; /* its static files, a bundle; "" if it has none */
	int64_t assets_size;
	char language[16];           /* what it was sent in; "" if that was a module alone */
	char artifact[BLOB_NAME_SIZE]; /* "" until there is one */
	char signature[SIGNATURE_SIZE]; /* of what was sent compiled, which `module` is; else "" */
	char file[128];                /* name of the module, for messages */
	char probe[256];               /* path that is asked before it goes live */
	char message[512];             /* what is being done, or why it failed */
};

/* Called for each row, under the lock; false ends the walk. */
typedef bool (*deployment_visit)(void *data, const struct deployment *deployment);
typedef bool (*version_visit)(void *data, const struct version *version);

/* ---- deployments ---- */

/* All of a tenant, by name; `tenant` 0: all there are. */
SV_MUST_USE bool deployments_each(struct db *db, int64_t tenant, deployment_visit visit, void *data,
		struct sv_error *error);

/* How many of them, all or of a tenant, are served from the fast tier. */
SV_MUST_USE bool deployments_fast(struct db *db, int64_t tenant, int64_t *count,
		struct sv_error *error);

/* The one of a tenant with this name; `found` false if there is none, or it is another's. */
SV_MUST_USE bool deployment_find(struct db *db, int64_t tenant, const char *name,
		struct deployment *deployment, bool *found, struct sv_error *error);

/* The same, by id. */
SV_MUST_USE bool deployment_get(struct db *db, int64_t id, struct deployment *deployment,
		bool *found, struct sv_error *error);

/*
 * Find it or make it; `is_taken` if the name is another tenant's. `expires` replaces what it had.
 */
SV_MUST_USE bool deployment_make(struct db *db, int64_t tenant, const char *name, int64_t expires,
		struct deployment *deployment, bool *is_taken, struct sv_error *error);

SV_MUST_USE bool deployment_set_current(struct db *db, int64_t id, int64_t number,
		struct sv_error *error);

/*
 * `removed` false if there is none with that id. `expired_by` not 0: only if its time to live ended
 * by then, since it may have been given more meanwhile.
 */
SV_MUST_USE bool deployment_remove(struct db *db, int64_t id, int64_t expired_by, bool *removed,
		struct sv_error *error);

/* One whose time is over; `found` false if there is none. */
SV_MUST_USE bool deployment_expired(struct db *db, int64_t now, struct deployment *deployment,
		bool *found, struct sv_error *error);

/* ---- versions ---- */

/* Those of a deployment, the newest first. */
SV_MUST_USE bool versions_each(struct db *db, int64_t deployment, version_visit visit, void *data,
		struct sv_error *error);

/* Add a build to be done: fills in id, number, created and state of `version`. */
SV_MUST_USE bool version_add(struct db *db, struct version *version, struct sv_error *error);

/*
 * Forget all but the newest `kept`, but none that is to be built, is current, or is the one a
 * rollback goes to. `*count` is how many went.
 */
SV_MUST_USE bool versions_forget(struct db *db, int64_t deployment, int64_t kept, int64_t *count,
		struct sv_error *error);

SV_MUST_USE bool version_get(struct db *db, int64_t id, struct version *version, bool *found,
		struct sv_error *error);
SV_MUST_USE bool version_find(struct db *db, int64_t deployment, int64_t number,
		struct version *version, bool *found, struct sv_error *error);

/* The newest that is ready and older than `number`. */
SV_MUST_USE bool version_before(struct db *db, int64_t deployment, int64_t number,
		struct version *version, bool *found, struct sv_error *error);

/* Whose turn it is to have something built. */
struct turn {
	int64_t last; /* tenant whose turn was the last one */
	int64_t busy; /* tenant that has a build under way, and no turn; 0: none */
};

/*
 * What to build next for a tier: the oldest of the tenant behind `last`. TIER_FAST: builds to be
 * done. TIER_RELEASE: a current version in the fast tier, unless it has a message: then its release
 * tier failed.
 */
SV_MUST_USE bool version_next(struct db *db, enum tier tier, const struct turn *turn,
		struct version *version, bool *found, struct sv_error *error);

/* Its sources became this module, and are not needed any more. */
SV_MUST_USE bool version_set_module(struct db *db, const struct version *version,
		struct sv_error *error);

SV_MUST_USE bool version_set_state(struct db *db, int64_t id, enum version_state state,
		const char *message, struct sv_error *error);
/* What failed for the release tier of versions is to be tried again. */
SV_MUST_USE bool versions_retry(struct db *db, struct sv_error *error);
/* INTERNAL if the version is not there any more. */
SV_MUST_USE bool version_set_artifact(struct db *db, int64_t id, const char *artifact,
		enum tier tier, struct sv_error *error);

/*
 * What was compiled for a version cannot be used any more: it is a build to be done, of which
 * `message` says why, and what was compiled is forgotten.
 */
SV_MUST_USE bool version_build_again(struct db *db, const struct version *version,
		const char *message, struct sv_error *error);

/* ---- artifacts that were compiled before ---- */

/*
 * Into `artifact` what the module of `version` was compiled to for its tenant, in a tier and by
 * this compiler; "" if there is none. What other tenants had compiled is nobody else's to know.
 */
SV_MUST_USE bool compiled_find(struct db *db, const struct version *version, enum tier tier,
		const char *compiler, char artifact[static BLOB_NAME_SIZE], struct sv_error *error);
/* `size` of the artifact in bytes. */
SV_MUST_USE bool compiled_add(struct db *db, const struct version *version, const char *compiler,
		size_t size, struct sv_error *error);

/* Fill in sizes that are not known, which a database of an earlier version has. */
SV_MUST_USE bool compiled_measure(struct db *db, const struct blobs *blobs, struct sv_error *error);

/* Forget compilations of modules that no version of their tenant refers to. */
SV_MUST_USE bool compiled_forget(struct db *db, struct sv_error *error);

/* True if a version or a compilation refers to this blob. */
SV_MUST_USE bool blob_is_used(struct db *db, const char *name, bool *is_used,
		struct sv_error *error);

#endif
