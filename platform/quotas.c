/*
 * quotas.c: see quotas.h.
 */
#include "platform/quotas.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>

#include "platform/db.h"
#include "platform/deployments.h"

static const struct quota_row {
	size_t offset;
	int status;
	const char *option, *sql, *help;
} rows[] = {
#define QUOTA(field, option, unit, initial, least, most, status, sql, help) \
	{offsetof(struct quotas, field), status, option, sql, help},
#include "platform/quotas.def"
#undef QUOTA
};

static_assert(VERSION_FIRST_FINAL == 3, "the number is in the statement");

bool quota_check(struct db *db, const struct quotas *quotas, enum quota which, int64_t tenant,
		uint64_t adding, int *status, struct sv_error *error)
{
	const struct quota_row *row = &rows[which];
	uint64_t most = *(const uint64_t *)((const char *)quotas + row->offset);
	int64_t has;
	*status = 0;
	TRY(db_value(db, error, &has, 0, row->sql, "i", tenant));
	if ((uint64_t)has + adding <= most)
		return true;
	*status = row->status;
	return sv_fail(error, SV_ERROR_LIMIT, "quota: more than %" PRIu64 " %s (%s)", most,
			row->help, row->option);
}
