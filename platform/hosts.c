/*
 * hosts.c: see hosts.h.
 */
#include "platform/hosts.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "platform/db.h"

bool hosts_each(struct db *db, int64_t deployment, host_visit visit, void *data,
		struct sv_error *error)
{
	struct sv_error problem = SV_ERROR_INIT;
	db_lock(db);
	struct sqlite3_stmt *rows = db_query(db, &problem,
			"SELECT deployment, name FROM host WHERE ?1 = 0 OR deployment = ?1 "
			"ORDER BY name",
			"i", deployment);
	while (rows && db_next(rows, &problem)) {
		if (!visit(data, db_integer(rows, 0), db_text(rows, 1)))
			break;
	}
	db_done(rows);
	db_unlock(db);
	return problem.code == SV_ERROR_NONE || sv_fail(error, problem.code, "%s", problem.text);
}

bool host_read(const char *text, const char *name, const char *domain,
		char host[static DNS_NAME_MOST + 1], struct sv_error *error)
{
	char own[DNS_NAME_MOST + 1];
	const struct sv_bytes bytes = {(const uint8_t *)text, strlen(text)};
	if (!dns_name_read(bytes, host) || !strchr(host, '.'))
		return sv_fail(error, SV_ERROR_USAGE,
				"\"%.80s\" is no host name: labels of a-z, 0-9 and -, at least two "
				"with a dot between",
				text);
	snprintf(own, sizeof own, "%s.%s", name, domain);
	bool is_within = dns_name_is_within(host, domain);
	bool is_own = strcmp(host, own) != 0 && dns_name_is_within(host, own);
	if (!is_within || is_own)
		return true;
	return sv_fail(error, SV_ERROR_USAGE,
			"\"%.80s\": of the names in %s, a deployment has those below %s only", host,
			domain, own);
}

bool host_add(struct db *db, int64_t deployment, const char *host, bool *is_taken,
		struct sv_error *error)
{
	int64_t owner;
	TRY(db_run(db, error,
			"INSERT OR IGNORE INTO host (name, deployment, created) VALUES (?, ?, ?)",
			"sii", host, deployment, (int64_t)time(NULL)));
	TRY(db_value(db, error, &owner, 0, "SELECT deployment FROM host WHERE name = ?", "s",
			host));
	*is_taken = owner != deployment;
	return true;
}

bool host_remove(struct db *db, int64_t deployment, const char *host, struct sv_error *error)
{
	return db_run(db, error, "DELETE FROM host WHERE name = ? AND deployment = ?", "si", host,
			deployment);
}
