/*
 * settings.h: environment and secrets of a deployment. Both reach the guest in the same way;
 * secrets are sealed at rest and shown to nobody again. Any thread.
 */
#ifndef SELVAGE_PLATFORM_SETTINGS_H
#define SELVAGE_PLATFORM_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

struct db;
struct seal_key;

/* Most settings of a deployment, and bytes of a value. */
#define SETTINGS_MOST 128
#define SETTING_VALUE_MOST 65536

/* A name: a letter or '_', then letters, digits and '_', at most 128 in all. */
bool setting_name_is_valid(const char *name);

/* Set one, or remove it if `value` is NULL. LIMIT if there are too many. */
SV_MUST_USE bool setting_set(struct db *db, const struct seal_key *key, int64_t deployment,
		const char *name, bool is_secret, const char *value, struct sv_error *error);

/* Secrets that are kept, of all deployments. */
SV_MUST_USE bool secrets_count(struct db *db, int64_t *count, struct sv_error *error);

/* False if there are secrets and the key does not open the first of them. */
SV_MUST_USE bool secrets_check(struct db *db, const struct seal_key *key, struct sv_error *error);

/* Called under the lock; `value` is "" for secrets. */
typedef bool (*setting_visit)(void *data, const char *name, bool is_secret, const char *value);
SV_MUST_USE bool settings_each(struct db *db, int64_t deployment, setting_visit visit, void *data,
		struct sv_error *error);

/* All of them as "NAME=VALUE", opened. Released with environment_finish. */
struct environment {
	char **items;    /* owned, as are the texts */
	bool *is_secret; /* owned; of each */
	size_t count;
};

SV_MUST_USE bool environment_load(struct environment *environment, struct db *db,
		const struct seal_key *key, int64_t deployment, struct sv_error *error);
void environment_finish(struct environment *environment);

#endif
