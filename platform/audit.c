/*
 * audit.c: see audit.h.
 */
#include "platform/audit.h"

#include <time.h>

#include "platform/accounts.h"
#include "platform/db.h"

static const int64_t entries_most = 10000;

bool audit_add(struct db *db, const struct account *account, const char *action,
		const char *subject, const char *result, struct sv_error *error)
{
	return db_run(db, error,
			       "INSERT INTO audit (time, tenant, token, action, subject, result) "
			       "VALUES (?, ?, ?, ?, ?, ?)",
			       "isisss", (int64_t)time(NULL), account->tenant_name, account->token,
			       action, subject, result) &&
			db_run(db, error,
					"DELETE FROM audit WHERE tenant = ?1 AND id <= (SELECT id "
	                                "FROM "
					"audit WHERE tenant = ?1 ORDER BY id DESC LIMIT 1 OFFSET "
	                                "?2)",
					"si", account->tenant_name, entries_most);
}

bool audit_each(struct db *db, const char *tenant, int64_t most, audit_visit visit, void *data,
		struct sv_error *error)
{
	struct sv_error problem = SV_ERROR_INIT;
	db_lock(db);
	struct sqlite3_stmt *rows = db_query(db, &problem,
			"SELECT time, token, tenant, action, subject, result FROM audit "
			"WHERE tenant = ? ORDER BY id DESC LIMIT ?",
			"si", tenant, most);
	while (rows && db_next(rows, &problem)) {
		const struct audit_entry entry = {db_integer(rows, 0), db_integer(rows, 1),
				db_text(rows, 2), db_text(rows, 3), db_text(rows, 4),
				db_text(rows, 5)};
		if (!visit(data, &entry))
			break;
	}
	db_done(rows);
	db_unlock(db);
	return problem.code == SV_ERROR_NONE || sv_fail(error, problem.code, "%s", problem.text);
}
