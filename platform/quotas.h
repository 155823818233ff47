/*
 * quotas.h: what a tenant may have, so that none can take all there is. Any thread.
 */
#ifndef SELVAGE_PLATFORM_QUOTAS_H
#define SELVAGE_PLATFORM_QUOTAS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/error.h"

struct db;

struct quotas {
#define QUOTA(field, option, unit, initial, least, most, status, sql, help) uint64_t field;
#include "platform/quotas.def"
#undef QUOTA
};

enum quota {
#define QUOTA(field, option, unit, initial, least, most, status, sql, help) QUOTA_##field,
#include "platform/quotas.def"
#undef QUOTA
};


/*
 * True if what the tenant has, and `adding` to it, is within the quota. False with LIMIT, and the
 * status of the refusal in `*status`, if it is not. In a transaction: with what that has changed.
 */
SV_MUST_USE bool quota_check(struct db *db, const struct quotas *quotas, enum quota which,
		int64_t tenant, uint64_t adding, int *status, struct sv_error *error);

#endif
