/*
 * audit.h: who changed what, and how it ended. Kept in the database, the newest 10,000 of
 * each tenant, so that none can push out what others did. Any thread.
 */
#ifndef SELVAGE_PLATFORM_AUDIT_H
#define SELVAGE_PLATFORM_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/error.h"

struct account;
struct db;

struct audit_entry {
	int64_t time;
	int64_t token;
	const char *tenant, *action, *subject, *result;
};

/* Add an entry, in the transaction that is under way if there is one. */
SV_MUST_USE bool audit_add(struct db *db, const struct account *account, const char *action,
		const char *subject, const char *result, struct sv_error *error);

/* The newest `most` of a tenant, the newest first. */
typedef bool (*audit_visit)(void *data, const struct audit_entry *entry);
SV_MUST_USE bool audit_each(struct db *db, const char *tenant, int64_t most, audit_visit visit,
		void *data, struct sv_error *error);

#endif
