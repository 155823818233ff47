/*
 * deployments.c: see deployments.h.
 */
#include "platform/deployments.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "platform/db.h"

#define DEPLOYMENT_COLUMNS "id, tenant, name, current, created, updated, expires"
#define VERSION_COLUMNS \
	"version.id, deployment, number, state, tier, module, artifact, file, probe, message, " \
	"version.created, size, source, language, assets, " \
	"assets_size, signature, " \
	"(SELECT tenant FROM deployment WHERE deployment.id = version.deployment)"

static const char *const state_names[] = {
#define VERSION_STATE(name, text) text,
#include "platform/states.def"
#undef VERSION_STATE
};

static const char *const tier_names[] = {"none", "fast", "release"};

const char *version_state_name(enum version_state state)
{
	return state_names[state];
}

const char *tier_name(enum tier tier)
{
	return tier_names[tier];
}

/* ---- rows ---- */

static void deployment_read(void *row, struct sqlite3_stmt *rows)
{
	struct deployment *deployment = row;
	*deployment = (struct deployment){
			.id = db_integer(rows, 0),
			.tenant = db_integer(rows, 1),
			.current = db_integer(rows, 3),
			.created = db_integer(rows, 4),
			.updated = db_integer(rows, 5),
			.expires = db_integer(rows, 6),
	};
	snprintf(deployment->name, sizeof deployment->name, "%s", db_text(rows, 2));
}

static void version_read(void *row, struct sqlite3_stmt *rows)
{
	struct version *version = row;
	*version = (struct version){
			.id = db_integer(rows, 0),
			.deployment = db_integer(rows, 1),
			.number = db_integer(rows, 2),
			.state = (enum version_state)db_integer(rows, 3),
			.tier = (enum tier)db_integer(rows, 4),
			.created = db_integer(rows, 10),
			.size = db_integer(rows, 11),
			.tenant = db_integer(rows, 17),
			.assets_size = db_integer(rows, 15),
	};
	snprintf(version->module, sizeof version->module, "%s", db_text(rows, 5));
	snprintf(version->artifact, sizeof version->artifact, "%s", db_text(rows, 6));
	snprintf(version->file, sizeof version->file, "%s", db_text(rows, 7));
	snprintf(version->probe, sizeof version->probe, "%s", db_text(rows, 8));
	snprintf(version->message, sizeof version->message, "%s", db_text(rows, 9));
	snprintf(version->source, sizeof version->source, "%s", db_text(rows, 12));
	snprintf(version->language, sizeof version->language, "%s", db_text(rows, 13));
	snprintf(version->assets, sizeof version->assets, "%s", db_text(rows, 14));
	snprintf(version->signature, sizeof version->signature, "%s", db_text(rows, 16));
}

static bool rows_end(struct db *db, struct sqlite3_stmt *rows, const struct sv_error *problem,
		struct sv_error *error)
{
	db_done(rows);
	db_unlock(db);
	return problem->code == SV_ERROR_NONE || sv_fail(error, problem->code, "%s", problem->text);
}

/* Where the first row of a query goes. */
struct first {
	void (*read)(void *row, struct sqlite3_stmt *rows);
	void *row;
	bool *found;
};

static bool first_find(struct db *db, struct first first, struct sv_error *error, const char *sql,
		const char *format, ...)
{
	struct sv_error problem = SV_ERROR_INIT;
	va_list values;
	va_start(values, format);
	db_lock(db);
	struct sqlite3_stmt *rows = db_query_list(db, &problem, sql, format, &values);
	va_end(values);
	*first.found = rows && db_next(rows, &problem);
	if (*first.found)
		first.read(first.row, rows);
	return rows_end(db, rows, &problem, error);
}

/* ---- deployments ---- */

bool deployments_each(struct db *db, int64_t tenant, deployment_visit visit, void *data,
		struct sv_error *error)
{
	struct sv_error problem = SV_ERROR_INIT;
	struct deployment deployment;
	db_lock(db);
	struct sqlite3_stmt *rows = db_query(db, &problem,
			"SELECT " DEPLOYMENT_COLUMNS
			" FROM deployment WHERE ?1 = 0 OR tenant = ?1 ORDER BY name",
			"i", tenant);
	while (rows && db_next(rows, &problem)) {
		deployment_read(&deployment, rows);
		if (!visit(data, &deployment))
			break;
	}
	return rows_end(db, rows, &problem, error);
}

bool deployments_fast(struct db *db, int64_t tenant, int64_t *count, struct sv_error *error)
{
	return db_value(db, error, count, 0,
			"SELECT count(*) FROM deployment JOIN version ON "
			"version.deployment = deployment.id AND number = current "
			"WHERE tier = ?1 AND (?2 = 0 OR tenant = ?2)",
			"ii", (int64_t)TIER_FAST, tenant);
}

bool deployment_find(struct db *db, int64_t tenant, const char *name, struct deployment *deployment,
		bool *found, struct sv_error *error)
{
	return first_find(db, (struct first){deployment_read, deployment, found}, error,
			"SELECT " DEPLOYMENT_COLUMNS
			" FROM deployment WHERE tenant = ? AND name = ?",
			"is", tenant, name);
}

bool deployment_get(struct db *db, int64_t id, struct deployment *deployment, bool *found,
		struct sv_error *error)
{
	return first_find(db, (struct first){deployment_read, deployment, found}, error,
			"SELECT " DEPLOYMENT_COLUMNS " FROM deployment WHERE id = ?", "i", id);
}

bool deployment_expired(struct db *db, int64_t now, struct deployment *deployment, bool *found,
		struct sv_error *error)
{
	return first_find(db, (struct first){deployment_read, deployment, found}, error,
			"SELECT " DEPLOYMENT_COLUMNS
			" FROM deployment WHERE expires > 0 AND expires <= ? LIMIT 1",
			"i", now);
}

bool deployment_make(struct db *db, int64_t tenant, const char *name, int64_t expires,
		struct deployment *deployment, bool *is_taken, struct sv_error *error)
{
	bool found;
	int64_t now = time(NULL);
	TRY(db_run(db, error,
			"INSERT OR IGNORE INTO deployment (tenant, name, created, updated) "
			"VALUES (?, ?, ?, ?)",
			"isii", tenant, name, now, now));
	TRY(db_run(db, error, "UPDATE deployment SET expires = ? WHERE tenant = ? AND name = ?",
			"iis", expires, tenant, name));
	TRY(deployment_find(db, tenant, name, deployment, &found, error));
	*is_taken = !found;
	return true;
}

bool deployment_set_current(struct db *db, int64_t id, int64_t number, struct sv_error *error)
{
	return db_run(db, error, "UPDATE deployment SET current = ?, updated = ? WHERE id = ?",
			"iii", number, (int64_t)time(NULL), id);
}

bool deployment_remove(struct db *db, int64_t id, int64_t expired_by, bool *removed,
		struct sv_error *error)
{
	db_lock(db);
	bool done = db_run(db, error,
			"DELETE FROM deployment WHERE id = ?1 AND (?2 = 0 OR (expires > 0 AND "
			"expires <= "
			"?2))",
			"ii", id, expired_by);
	*removed = done && db_changes(db) > 0;
	db_unlock(db);
	return done;
}

/* ---- versions ---- */

bool versions_each(struct db *db, int64_t deployment, version_visit visit, void *data,
		struct sv_error *error)
{
	struct sv_error problem = SV_ERROR_INIT;
	struct version version;
	db_lock(db);
	struct sqlite3_stmt *rows = db_query(db, &problem,
			"SELECT " VERSION_COLUMNS
			" FROM version WHERE deployment = ? ORDER BY number DESC",
			"i", deployment);
	while (rows && db_next(rows, &problem)) {
		version_read(&version, rows);
		if (!visit(data, &version))
			break;
	}
	return rows_end(db, rows, &problem, error);
}

bool version_add(struct db *db, struct version *version, struct sv_error *error)
{
	int64_t last;
	TRY(db_value(db, error, &last, 0, "SELECT max(number) FROM version WHERE deployment = ?",
			"i", version->deployment));
	version->number = last + 1;
	version->created = time(NULL);
	version->state = VERSION_QUEUED;
	TRY(db_run(db, error,
			"INSERT INTO version (deployment, number, state, module, size, file, "
			"probe, created, source, language, assets, assets_size, signature) "
			"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			"iiisississsis", version->deployment, version->number,
			(int64_t)version->state, version->module, version->size, version->file,
			version->probe, version->created, version->source, version->language,
			version->assets, version->assets_size, version->signature));
	version->id = db_last_id(db);
	return true;
}

bool versions_forget(struct db *db, int64_t deployment, int64_t kept, int64_t *count,
		struct sv_error *error)
{
	db_lock(db);
	bool done = db_run(db, error,
			"DELETE FROM version WHERE deployment = ?1 AND state >= ?3 AND number <= "
			"(SELECT max(number) FROM version WHERE deployment = ?1) - ?2 AND "
			"number <> (SELECT current FROM deployment WHERE id = ?1) AND number <> "
			"coalesce((SELECT max(number) FROM version WHERE deployment = ?1 AND "
			"state = ?4 AND number < "
			"(SELECT current FROM deployment WHERE id = ?1)), 0)",
			"iiii", deployment, kept, (int64_t)VERSION_FIRST_FINAL,
			(int64_t)VERSION_READY);
	*count = done ? db_changes(db) : 0;
	db_unlock(db);
	return done;
}

bool version_get(struct db *db, int64_t id, struct version *version, bool *found,
		struct sv_error *error)
{
	return first_find(db, (struct first){version_read, version, found}, error,
			"SELECT " VERSION_COLUMNS " FROM version WHERE id = ?", "i", id);
}

bool version_find(struct db *db, int64_t deployment, int64_t number, struct version *version,
		bool *found, struct sv_error *error)
{
	return first_find(db, (struct first){version_read, version, found}, error,
			"SELECT " VERSION_COLUMNS
			" FROM version WHERE deployment = ? AND number = ?",
			"ii", deployment, number);
}

bool version_before(struct db *db, int64_t deployment, int64_t number, struct version *version,
		bool *found, struct sv_error *error)
{
	return first_find(db, (struct first){version_read, version, found}, error,
			"SELECT " VERSION_COLUMNS
			" FROM version WHERE deployment = ? AND number < ? "
			"AND state = ? ORDER BY number DESC LIMIT 1",
			"iii", deployment, number, (int64_t)VERSION_READY);
}

#define VERSION_NEXT(condition) \
	"SELECT " VERSION_COLUMNS \
	" FROM version JOIN deployment ON deployment.id = version.deployment WHERE " condition \
	" AND tenant <> ?3 ORDER BY tenant <= ?2, tenant, version.id LIMIT 1"

bool version_next(struct db *db, enum tier tier, const struct turn *turn, struct version *version,
		bool *found, struct sv_error *error)
{
	static const char first[] = VERSION_NEXT("state < ?1");
	static const char again[] = VERSION_NEXT(
			"state = ?1 AND tier = 1 AND number = current AND message = ''");
	static_assert(TIER_FAST == 1, "the number is in the statement");
	return first_find(db, (struct first){version_read, version, found}, error,
			tier == TIER_FAST ? first : again, "iii", (int64_t)VERSION_FIRST_FINAL,
			turn->last, turn->busy);
}

/* Messages hold names from modules: what is not printable ASCII is shown as '?'. */
static void text_clean(char *clean, size_t size, const char *text)
{
	size_t length = 0;
	for (; text[length] && length < size - 1; length++) {
		unsigned char c = (unsigned char)text[length];
		clean[length] = c < 0x20 || c >= 0x7f ? '?' : (char)c;
	}
	clean[length] = '\0';
}

bool version_set_state(struct db *db, int64_t id, enum version_state state, const char *message,
		struct sv_error *error)
{
	char clean[512];
	text_clean(clean, sizeof clean, message);
	return db_run(db, error, "UPDATE version SET state = ?, message = ? WHERE id = ?", "isi",
			(int64_t)state, clean, id);
}

bool versions_retry(struct db *db, struct sv_error *error)
{
	return db_run(db, error, "UPDATE version SET message = '' WHERE state = ? AND tier = ?",
			"ii", (int64_t)VERSION_READY, (int64_t)TIER_FAST);
}

bool version_set_module(struct db *db, const struct version *version, struct sv_error *error)
{
	return db_run(db, error,
			"UPDATE version SET module = ?, size = ?, source = '' WHERE id = ?", "sii",
			version->module, version->size, version->id);
}

bool version_set_artifact(struct db *db, int64_t id, const char *artifact, enum tier tier,
		struct sv_error *error)
{
	db_lock(db);
	bool done = db_run(db, error, "UPDATE version SET artifact = ?, tier = ? WHERE id = ?",
			"sii", artifact, (int64_t)tier, id);
	if (done && db_changes(db) != 1)
		done = sv_fail(error, SV_ERROR_INTERNAL, "the version is not there any more");
	db_unlock(db);
	return done;
}

bool version_build_again(struct db *db, const struct version *version, const char *message,
		struct sv_error *error)
{
	char clean[512];
	text_clean(clean, sizeof clean, message);
	TRY(db_begin(db, error));
	bool done = db_run(db, error, "DELETE FROM compiled WHERE artifact = ?", "s",
				    version->artifact) &&
			db_run(db, error,
					"UPDATE version SET state = ?, message = ? WHERE id = ? "
					"AND state = ?",
					"isii", (int64_t)VERSION_QUEUED, clean, version->id,
					(int64_t)VERSION_READY);
	return db_end(db, done, error) && done;
}

/* ---- compiled ---- */

bool compiled_find(struct db *db, const struct version *version, enum tier tier,
		const char *compiler, char artifact[static BLOB_NAME_SIZE], struct sv_error *error)
{
	struct sv_error problem = SV_ERROR_INIT;
	db_lock(db);
	struct sqlite3_stmt *rows = db_query(db, &problem,
			"SELECT artifact FROM compiled WHERE tenant = ? AND module = ? AND "
			"tier = ? AND compiler = ?",
			"isis", version->tenant, version->module, (int64_t)tier, compiler);
	artifact[0] = '\0';
	if (rows && db_next(rows, &problem))
		snprintf(artifact, BLOB_NAME_SIZE, "%s", db_text(rows, 0));
	return rows_end(db, rows, &problem, error);
}

bool compiled_add(struct db *db, const struct version *version, const char *compiler, size_t size,
		struct sv_error *error)
{
	return db_run(db, error,
			"INSERT OR REPLACE INTO compiled (tenant, module, tier, compiler, "
			"artifact, size) VALUES (?, ?, ?, ?, ?, ?)",
			"isissi", version->tenant, version->module, (int64_t)version->tier,
			compiler, version->artifact, (int64_t)size);
}

/* An artifact whose size is not known. */
static void artifact_read(void *row, struct sqlite3_stmt *rows)
{
	snprintf(row, BLOB_NAME_SIZE, "%s", db_text(rows, 0));
}

bool compiled_measure(struct db *db, const struct blobs *blobs, struct sv_error *error)
{
	char name[BLOB_NAME_SIZE], path[4096];
	struct stat status;
	bool found = true;
	while (found) {
		TRY(first_find(db, (struct first){artifact_read, name, &found}, error,
				"SELECT artifact FROM compiled WHERE size = 0 LIMIT 1", ""));
		if (!found)
			return true;
		TRY(blobs_path(blobs, name, path, sizeof path, error));
		if (stat(path, &status) == 0 && status.st_size > 0)
			TRY(db_run(db, error, "UPDATE compiled SET size = ? WHERE artifact = ?",
					"is", (int64_t)status.st_size, name));
		else /* it is lost: to be compiled again */
			TRY(db_run(db, error, "DELETE FROM compiled WHERE artifact = ?", "s",
					name));
	}
	return true;
}

bool compiled_forget(struct db *db, struct sv_error *error)
{
	return db_run(db, error,
			"DELETE FROM compiled WHERE NOT EXISTS (SELECT 1 FROM version JOIN "
			"deployment ON deployment.id = version.deployment WHERE "
			"version.module = compiled.module AND "
			"deployment.tenant = compiled.tenant)",
			"");
}

bool blob_is_used(struct db *db, const char *name, bool *is_used, struct sv_error *error)
{
	int64_t count;
	TRY(db_value(db, error, &count, 0,
			"SELECT EXISTS (SELECT 1 FROM version WHERE module = ?1 OR artifact = ?1 "
			"OR source = ?1 OR assets = ?1) "
			"OR "
			"EXISTS (SELECT 1 FROM compiled WHERE artifact = ?1) "
			"OR "
			"EXISTS (SELECT 1 FROM pieces WHERE blob = ?1)",
			"s", name));
	*is_used = count != 0;
	return true;
}
